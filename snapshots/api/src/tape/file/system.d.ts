export type FileKind = 'file' | 'directory' | 'other';
/** Every function throws as node:fs does, with `code` on the error. Offsets and lengths are in bytes. */
export type TapeFileSystem = {
    /** @param flags as open(3) of the C library: 'r', 'r+', 'w+', or 'wx+' to refuse an existing file. */
    open(path: string, flags: 'r' | 'r+' | 'w+' | 'wx+'): number;
    stat(path: string): {
        readonly kind: FileKind;
        readonly size: number;
    };
    size(file: number): number;
    /** May read less than was asked; zero at the end of the file. */
    read(file: number, into: Uint8Array, length: number, position: number): number;
    /** May write less than was asked. */
    write(file: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
    truncate(file: number, length: number): void;
    /** Returns once the content, and the length to read it by, are on the disk: fdatasync(2). */
    sync(file: number): void;
    /** Returns once the name of the file at `path` is on the disk. */
    syncName(path: string): void;
    close(file: number): void;
    rename(from: string, to: string): void;
    remove(path: string): void;
};
export declare const nodeFileSystem: TapeFileSystem;
/** The code of an error of the file system, such as ENOSPC; '' when it has none. */
export declare function codeOf(cause: unknown): string;
