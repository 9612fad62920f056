/**
 * A design: which routines answer the commands, and which kernel functions their steps call. It is a value that is
 * chosen when a run begins; nothing inside a routine asks which design it belongs to.
 */
import type { AnyStateMachine } from 'xstate';
import type { CallCommand } from '../../events/command.ts';
import type { Primitive } from '../kernel/kernel.ts';
export type Design = {
    readonly name: string;
    /** One sentence: which code it stands for. */
    readonly about: string;
    /** Whose a guest's memory is: vmm(4) makes it, or its creator maps it before it asks for the VM. */
    readonly memoryFrom: 'vmm' | 'creator';
    /** Which recordings of the real kernel it is held to: of May 2025, of December 2025; null where there are none. */
    readonly recorded: 'v7' | 'newest' | null;
    readonly routines: Readonly<Record<CallCommand['type'], AnyStateMachine>>;
    readonly primitives: Readonly<Record<string, Primitive>>;
};
