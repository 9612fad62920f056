import type { Design } from './design.ts';
/** The patch as committed in May 2025. */
export declare const aobj: Design;
/** vmm.c 1.8 of December 2025. */
export declare const aobjDying: Design;
