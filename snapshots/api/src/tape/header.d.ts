/** What a header can hold. Wider numbers than 2^53 go in as hex strings, as on screens. */
export type TapeValue = null | boolean | number | string | readonly TapeValue[] | {
    readonly [key: string]: TapeValue;
};
export type TapeHeader = {
    readonly formatVersion: number;
    /** The design that the run was made with; the digest tells two states of one design apart. */
    readonly design: {
        readonly name: string;
        readonly digest: string;
    };
    /** Version of the vocabulary of events and of the world that snapshots hold; upcasting starts here. */
    readonly modelVersion: number;
    /** Boot configuration, as it was given. */
    readonly boot: TapeValue;
    /** Version of the program that wrote the tape. */
    readonly createdBy: string;
};
/** What the caller of a writer gives; the format version is the writer's own. */
export type TapeHeaderInput = Omit<TapeHeader, 'formatVersion'>;
/** @throws TapeError TAPE014 when a value has no place in a header. */
export declare function encodeHeader(input: TapeHeaderInput): Uint8Array;
/** @throws TapeError TAPE006 when the payload is no header. `path` is for the message. */
export declare function decodeHeader(payload: Uint8Array, path: string | undefined): TapeHeader;
