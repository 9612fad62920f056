/**
 * The version of this build. It stands here and not only in package.json because a tape's header
 * names it, and the core reads no files; a test holds the two equal.
 */
export declare const VERSION = "0.1.0";
