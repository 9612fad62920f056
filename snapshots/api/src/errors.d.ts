/**
 * What goes wrong because of what somebody handed in: a missing file, a flag that is no address, a
 * tape of another format. It is neither a refusal, which is an answer vmm(4) really gives, nor a
 * `Defect`, which is a mistake of the model.
 */
/** How the command line ends: 0 all is well, 1 there is a finding, 2 it was asked wrongly. */
export type ExitCode = 0 | 1 | 2;
/**
 * Bad input. The message is one full sentence that names what was wanted, what was found and
 * where; a person reads it as it stands, without a stack trace.
 */
export declare class UserError extends Error {
    readonly name = "UserError";
    readonly exitCode: ExitCode;
    /**
     * @param message one sentence, without a leading program name.
     * @param exitCode 2 unless told: the request was wrong. 1 says that the request was right and
     *   what it looked at is not.
     */
    constructor(message: string, exitCode?: ExitCode);
}
