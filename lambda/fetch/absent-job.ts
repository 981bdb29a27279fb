/** What it means that Gemini does not show a job of which an event came. */

import type { FetchableEvent } from '../events/job-event.ts';
import type { JobOnRecord } from '../ledger/ports.ts';
import { PermanentError, TransientError } from '../shared/errors.ts';

/** Some five minutes with the fetchers' backoff: a leaked token stays cheap, and a job that Gemini hides for a moment safe. */
const ATTEMPTS_BEFORE_VERDICT = 7;

export interface Absence {
  readonly event: FetchableEvent;
  /** From 1. */
  readonly attempt: number;
  /** Undefined when the ledger could not be asked. */
  readonly known: JobOnRecord | undefined;
  /** How long Gemini keeps a job of this type. */
  readonly retentionMs: number;
  readonly now: Date;
}

/**
 * Jobs have answered 404 for days and then their results (googleapis/python-genai#2985), so that only the end of their
 * retention ends them, or that they may be a stranger's: Google signs dynamic webhooks of all its customers with the same
 * keys, and nobody here has heard of the job.
 */
export function judgeAbsence(absence: Absence): PermanentError | TransientError {
  const { event, retentionMs, now } = absence;
  if (now.getTime() >= Date.parse(event.occurredAt) + retentionMs) {
    const hours = Math.round(retentionMs / 3600_000);
    return new PermanentError('ERR_OUTPUT_GONE', `Gemini does not have the job; it keeps one for ${hours} hours`);
  }
  if (isStrangers(absence)) {
    return new PermanentError('ERR_JOB_NOT_OURS', 'The API key may not see this job, and nobody here submitted it');
  }
  return new TransientError('ERR_JOB_NOT_FOUND', 'Gemini does not show the job (yet)');
}

function isStrangers({ event, attempt, known }: Absence): boolean {
  if (event.scheme !== 'v1a' && event.scheme !== 'jwt') return false;
  // The attempts before may have failed for another reason: one answer is not a verdict.
  return attempt >= ATTEMPTS_BEFORE_VERDICT && known?.isOurs === false && known.lastCode === 'ERR_JOB_NOT_FOUND';
}
