/** Asks Gemini for each job that was submitted, or listed long ago, and of whose end nobody has heard. */
import type { FetchedJobType } from '../contract.ts';
import { FETCHED_JOB_TYPES, JOB_TYPE } from '../contract.ts';
import { jobKey } from '../events/event-key.ts';
import { JOB_KINDS } from '../gemini/jobs/index.ts';
import { type JobAtGemini, readJob } from '../gemini/jobs/read-jobs.ts';
import { knownSince, type LedgerEntry } from '../ledger/facts.ts';
import { pauseMs } from '../ledger/next-question.ts';
import { describeError, TransientError } from '../shared/errors.ts';
import { isTimeOut, type ReconcileRun } from './reconcile-run.ts';

const READ_AT_ONCE = 100;
/** Then it is not the jobs. What was not asked for is asked for by the next run. */
const MAX_UNANSWERED_IN_A_ROW = 5;
/** Then an alarm is raised. */
const UNANSWERED_MS = 3600_000;

/** @throws TransientError `ERR_STORE_UNAVAILABLE` when the ledger cannot be listed; nothing that concerns one job */
export async function askAwaited(run: ReconcileRun): Promise<void> {
  if (run.isBefore(run.cursor.askNotBefore)) return;
  const questions = new Questions(run);
  const done = await Promise.allSettled(FETCHED_JOB_TYPES.map((jobType) => questions.ask(jobType)));
  for (const result of done) if (result.status === 'rejected') throw result.reason;
}

interface EndedJob {
  readonly job: LedgerEntry;
  readonly found: JobAtGemini;
}

class Questions {
  readonly #run: ReconcileRun;
  #unansweredInARow = 0;
  #isOver = false;

  constructor(run: ReconcileRun) {
    this.#run = run;
  }

  async ask(jobType: FetchedJobType): Promise<void> {
    const { ports, options } = this.#run;
    const { project, graceMs, askedAtOnce } = options;
    const queue = { state: 'awaited', project, jobType, until: this.#run.ago(graceMs), limit: READ_AT_ONCE } as const;
    let cursor: string | undefined;
    do {
      const page = await ports.ledger.list({ ...queue, cursor });
      for (let at = 0; at < page.jobs.length; at += askedAtOnce) {
        if (this.#run.isTimeUp || this.#isOver) return;
        await this.#askFor(page.jobs.slice(at, at + askedAtOnce));
      }
      cursor = page.next;
    } while (cursor !== undefined);
  }

  async #askFor(jobs: readonly LedgerEntry[]): Promise<void> {
    const { ports, cursor, missed } = this.#run;
    const ended: EndedJob[] = [];
    await Promise.all(
      jobs.map((job) =>
        this.#run.each(job, async () => {
          const found = await this.#question(job);
          if (found !== undefined) ended.push({ job, found });
        }),
      ),
    );
    // The index may be a moment behind.
    const known = await ports.ledger.find(ended.map(({ job }) => job));
    await Promise.all(
      ended.map(({ job, found }) =>
        this.#run.each(job, () =>
          missed.announce(job.jobType, found, known.get(jobKey(job)) ?? job, cursor.firstRunAt),
        ),
      ),
    );
  }

  /** @returns the job when it has ended, and its webhook had time to come */
  async #question(job: LedgerEntry): Promise<JobAtGemini | undefined> {
    const { gemini } = this.#run.ports;
    const { graceMs, signal } = this.#run.options;
    let found: JobAtGemini | undefined;
    try {
      found = await readJob(gemini, JOB_KINDS[job.jobType], job.jobId, signal);
    } catch (error) {
      if (isTimeOut(error)) return undefined;
      await this.#unanswered(job, error);
      return undefined;
    }
    this.#run.wasAnswered = true;
    this.#unansweredInARow = 0;
    if (found === undefined) return this.#absent(job);
    this.#run.checked += 1;
    const { endedAt } = found;
    this.#run.saw(job, found.hasEnded ? undefined : this.#since(job));
    if (!found.hasEnded) {
      await this.#runsStill(job);
      return undefined;
    }
    const isYoung = endedAt !== undefined && endedAt > this.#run.ago(graceMs);
    // Whatever comes of it, it is not asked for again in this run; what is announced leaves the queue by itself.
    await this.#postpone(job, isYoung ? endedAt : undefined);
    return isYoung ? undefined : found;
  }

  async #unanswered(job: LedgerEntry, error: unknown): Promise<void> {
    const { ports, options, now } = this.#run;
    if (isCallerRefused(error)) {
      this.#stop(error);
      return;
    }
    const { project, jobType, jobId, failingSince = now } = job;
    const retryAfterSeconds = error instanceof TransientError ? error.retryAfterSeconds : undefined;
    const failed = { ...describeError(error), retryAfterSeconds, failingSince: failingSince.toISOString() };
    ports.log.warn('Gemini gave no answer about a job', { project, jobType, jobId, ...failed });
    if (now.getTime() - failingSince.getTime() >= UNANSWERED_MS) ports.metrics.count('JobsUnanswered', { project });
    this.#unansweredInARow += 1;
    if (this.#unansweredInARow >= MAX_UNANSWERED_IN_A_ROW) this.#stop(error);
    this.#run.saw(job, this.#since(job));
    if (this.#isTooOld(job)) {
      const hours = hoursOf(options.retentionMs[jobType]);
      const message = `Gemini has not said in ${hours} hours that the job ended; its last answer was ${failed.code}`;
      await this.#run.missed.giveUp(job, 'ERR_JOB_NEVER_ENDED', message);
      return;
    }
    await this.#postpone(job, undefined, { failingSince, retryAfterSeconds });
  }

  /** A job that Gemini does not show may be shown later (googleapis/python-genai#2985). */
  async #absent(job: LedgerEntry): Promise<undefined> {
    const { ports, missed, now } = this.#run;
    const { project, jobType, jobId } = job;
    this.#run.saw(job, this.#since(job));
    if (!this.#isTooOld(job)) {
      if (job.failingSince === undefined) ports.log.warn('Gemini does not show a job', { project, jobType, jobId });
      await this.#postpone(job, undefined, { failingSince: job.failingSince ?? now });
    } else if (job.listedAt === undefined) {
      await missed.giveUp(job, 'ERR_JOB_NOT_OURS', 'The API key has never seen the job that was submitted');
    } else {
      await missed.giveUp(job, 'ERR_OUTPUT_GONE', 'The job was deleted before it ended');
    }
    return undefined;
  }

  async #runsStill(job: LedgerEntry): Promise<void> {
    const { missed, options } = this.#run;
    if (!this.#isTooOld(job)) return this.#postpone(job);
    const hours = hoursOf(limitMs(job.jobType, options.retentionMs));
    await missed.giveUp(
      job,
      'ERR_JOB_NEVER_ENDED',
      `The job has run for ${hours} hours and more; it is asked for no more`,
    );
  }

  /** @param due undefined for as soon as its pause allows */
  async #postpone(
    job: LedgerEntry,
    due?: Date,
    failed: { readonly failingSince?: Date; readonly retryAfterSeconds?: number | undefined } = {},
  ): Promise<void> {
    const { ports, options, now } = this.#run;
    const { failingSince, retryAfterSeconds } = failed;
    const pause = pauseMs({ since: this.#since(job), failingSince, retryAfterSeconds }, now);
    // It is asked for when the grace period after `due` is over, and not twice in one run.
    const next = new Date(now.getTime() - options.graceMs + Math.max(1, pause));
    await ports.ledger.postpone(job, due ?? next, failingSince);
  }

  /** What is left is for another run. */
  #stop(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (error instanceof TransientError && error.code === 'ERR_RATE_LIMITED') {
      const askNotBefore = this.#run.after(error);
      this.#run.cursor = { ...this.#run.cursor, askNotBefore };
      this.#run.ports.log.warn('Gemini asked to be left alone', { project: this.#run.options.project, askNotBefore });
    } else {
      this.#run.refused('questions about jobs', error);
    }
  }

  #since(job: LedgerEntry): Date {
    return knownSince(job) ?? this.#run.now;
  }

  #isTooOld(job: LedgerEntry): boolean {
    return this.#since(job) <= this.#run.ago(limitMs(job.jobType, this.#run.options.retentionMs));
  }
}

/** After so long a job cannot end any more, or nothing of it would be there. */
function limitMs(jobType: FetchedJobType, retentionMs: Readonly<Record<FetchedJobType, number>>): number {
  // Only when Gemini has ended it, it is sure that it will not say so itself.
  return retentionMs[jobType] + JOB_TYPE[jobType].expiresAfterHours * 3600_000;
}

function hoursOf(milliseconds: number): number {
  return Math.round(milliseconds / 3600_000);
}

/** It would be the answer to every question. */
function isCallerRefused(error: unknown): boolean {
  return error instanceof TransientError && ['ERR_API_KEY_REFUSED', 'ERR_KEYS_UNAVAILABLE'].includes(error.code);
}
