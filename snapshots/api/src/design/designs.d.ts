import type { Design } from './design.ts';
export declare const DESIGNS: readonly Design[];
/** Those that recordings of the real kernel exist of. */
export declare const RECORDED: readonly Design[];
export declare const DEFAULT_DESIGN: Design;
/** @throws UserError naming the designs that there are. */
export declare function designNamed(name: string): Design;
