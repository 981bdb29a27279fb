/** The one way to add to a file of the run. */
import { appendFileSync } from 'node:fs';
import { explain } from './local-run-error.ts';

/** Ends the run when it fails: who reads the file afterwards must be able to trust that no line is missing. */
export function append(file: string, text: string): void {
  try {
    appendFileSync(file, text);
  } catch (error) {
    endWith(Object.assign(error as Error, { path: file }));
    throw error;
  }
}

export function endWith(error: unknown): void {
  queueMicrotask(() => {
    throw explain(error);
  });
}
