/** The files of a job, and what becomes of the others when one of them cannot be had. */
import { PermanentError, TransientError } from '../shared/errors.ts';
import type { ReadyFile } from './store-resource.ts';
import type { Storing } from './storing.ts';

/** What Gemini says about a file that it does not give. */
const REFUSALS: readonly string[] = ['ERR_OUTPUT_NOT_READY', 'ERR_GEMINI_REFUSED'];

interface Waits {
  readonly isLast: boolean;
  /** Whether a file that the job can do without may still come. */
  readonly isWaitedFor: boolean;
}

/**
 * What can land does, and what cannot is a note: Gemini could not make a file, has deleted it, or does not give one that the
 * job can do without.
 *
 * @throws PermanentError when there is nothing else to land, or a larger limit would mend it
 * @throws TransientError what the next attempt may mend
 */
export async function storeFiles(
  files: readonly ReadyFile[],
  storing: Storing,
  { storeOne, ...waits }: Waits & { readonly storeOne: (file: ReadyFile) => Promise<void> },
): Promise<void> {
  let loss: PermanentError | undefined;
  for (const file of files) {
    try {
      await storeOne(file);
    } catch (error) {
      if (!isFinal(error, file, waits)) throw error;
      storing.note(`files/${file.fileId} did not land: ${error.message}`);
      if (!file.isOptional && error instanceof PermanentError) loss ??= error;
    }
  }
  await storing.settle();
  // Beside the job resource there is nothing.
  if (loss !== undefined && storing.objects.length === 1) throw loss;
}

function isFinal(
  error: unknown,
  { isOptional }: ReadyFile,
  { isLast, isWaitedFor }: Waits,
): error is PermanentError | TransientError {
  if (error instanceof PermanentError) return isOptional || error.code !== 'ERR_OUTPUT_TOO_LARGE';
  if (!isOptional || !(error instanceof TransientError)) return false;
  return isLast || (!isWaitedFor && REFUSALS.includes(error.code));
}
