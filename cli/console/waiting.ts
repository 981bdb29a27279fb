/** Why a job is not done, as far as anybody knows. */
import type { JobRow } from '../job-row.ts';

const REASONS: Readonly<Record<string, string>> = {
  ERR_API_KEY_REFUSED: 'Gemini refuses the API key',
  ERR_FETCH_TIMED_OUT: 'the last fetch ran out of time',
  ERR_GEMINI_UNAVAILABLE: 'Gemini does not answer',
  ERR_INTERNAL: 'the fetcher failed; its log says how',
  ERR_JOB_NOT_OURS: 'Gemini does not show this project such a job',
  ERR_KEYS_UNAVAILABLE: 'the keys could not be read',
  ERR_OUTPUT_GONE: 'Gemini has the output no more',
  ERR_OUTPUT_INVALID: 'the output cannot be read',
  ERR_OUTPUT_NOT_READY: 'Gemini does not show the output yet',
  ERR_OUTPUT_TOO_LARGE: 'the output is larger than allowed',
  ERR_OUTPUT_TRUNCATED: 'a download broke off',
  ERR_PUBLISH_FAILED: 'the event bus did not take the announcement',
  ERR_RATE_LIMITED: 'Gemini limits the rate of calls',
  ERR_STORE_UNAVAILABLE: 'S3 or DynamoDB does not answer',
};

export function reasonOf(code: string): string {
  const words = REASONS[code];
  return words === undefined ? code : `${words} (${code})`;
}

export interface Waiting {
  readonly because: string;
  /** When something is tried next; null when that is not known. */
  readonly nextAt: string | null;
}

/** Undefined for a job that is done. */
export function waitingOf(row: JobRow): Waiting | undefined {
  if (row.state === 'stored') return undefined;
  const { lastCode, failureCode, nextAttemptAt: nextAt } = row;
  if (row.state === 'failed') return { because: reasonOf(failureCode ?? lastCode ?? 'unknown'), nextAt: null };
  if (row.publishedAt === null) return { because: 'Gemini has not said that it ended', nextAt };
  // A fetch that was given up leaves its code; a redrive tries again.
  if (failureCode !== null) return { because: `the fetch was given up: ${reasonOf(failureCode)}`, nextAt: null };
  if (lastCode !== null) return { because: reasonOf(lastCode), nextAt };
  if (row.attempts > 0 || row.fetchStartedAt !== null) return { because: 'its outputs are being fetched', nextAt };
  return { because: 'its event is in the queue of the fetcher', nextAt };
}
