/** What went wrong with the local run, in words for the person who started it: the message says what to do. */
export class LocalRunError extends Error {}

const DISK_FULL = /\b(?:EDQUOT|ENOSPC)\b/;

/** A full disk as a sentence, and anything else as it is. */
export function explain(error: unknown): unknown {
  const { code = '', path } = (error ?? {}) as NodeJS.ErrnoException;
  return DISK_FULL.test(code) ? diskFull(path, error) : error;
}

/** The same of a program that has said what went wrong with it. */
export function explainOutput(text: string, path: string): LocalRunError | undefined {
  return DISK_FULL.test(text) ? diskFull(path, text) : undefined;
}

function diskFull(path = 'the state folder', cause: unknown): LocalRunError {
  return new LocalRunError(
    `The disk is full: ${path} cannot be written. Free some space, or give a folder on another disk with --state-dir, and start again.`,
    { cause },
  );
}
