/** What went wrong with the local run, in words for the person who started it: the message says what to do. */
export class LocalRunError extends Error {}

const DISK_FULL = ['EDQUOT', 'ENOSPC'];

/** A full disk as a sentence, and anything else as it is. */
export function explain(error: unknown): unknown {
  const { code = '', path } = (error ?? {}) as NodeJS.ErrnoException;
  if (!DISK_FULL.includes(code)) return error;
  return new LocalRunError(
    `The disk is full: ${path ?? 'the state folder'} cannot be written. Free some space, or give a folder on another disk with --state-dir, and start again.`,
    { cause: error },
  );
}
