/**
 * Where the bytes of a tape come from: memory, or a file read in pieces.
 */
/** Random access to bytes that do not change while they are read. */
export type TapeSource = {
    /** For messages; none for bytes in memory. */
    readonly path: string | undefined;
    /** In bytes. */
    readonly size: number;
    /**
     * The bytes from `offset` on, `length` of them; both lie within `size`. What is returned stays valid
     * and is not written to.
     */
    read(offset: number, length: number): Uint8Array;
    close(): void;
};
/** Bytes in memory as a source; `path` is for messages. The bytes are not copied. */
export declare function sourceOf(bytes: Uint8Array, path?: string): TapeSource;
