import type { Design } from './design.ts';
export declare const vmspace: Design;
