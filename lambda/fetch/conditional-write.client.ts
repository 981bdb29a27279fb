/**
 * Writes with `If-None-Match: *`: an object that is there is left as it is.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
import { S3ServiceException } from '@aws-sdk/client-s3';
import type { Wait } from '../shared/ports.ts';

const FIRST_PAUSE_MS = 100;
/** Some three seconds altogether. */
const MAX_ATTEMPTS = 6;

/**
 * S3 answers 409 while another write of the same key is under way, and the SDK does not repeat that.
 *
 * @returns undefined when the key has an object, or had one when the upload was completed
 */
export async function writeOnce<Output>(write: () => Promise<Output>, wait: Wait): Promise<Output | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (cause) {
      if (!(cause instanceof S3ServiceException)) throw cause;
      const status = cause.$metadata.httpStatusCode;
      // An upload that S3 does not know any more was completed, and its answer lost; or it was aborted.
      if (status === 412 || cause.name === 'NoSuchUpload') return undefined;
      if (status !== 409 || attempt === MAX_ATTEMPTS) throw cause;
      await wait(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}
