/** What the parts of one run of the reconciler share. */
import { FETCHED_JOB_TYPES, type FetchedJobType } from '../contract.ts';
import { jobKey } from '../events/event-key.ts';
import type { Gemini } from '../gemini/ports.ts';
import type { LedgerJob, SweepCursor, Unended } from '../ledger/facts.ts';
import { describeError, TransientError } from '../shared/errors.ts';
import { MissedJobs, type MissedJobsOptions, type MissedJobsPorts } from './missed-jobs.ts';

export interface ReconcilePorts extends MissedJobsPorts {
  readonly gemini: Gemini;
}

export interface ReconcileOptions extends MissedJobsOptions {
  /** Younger jobs are left to their webhooks. */
  readonly graceMs: number;
  /** Batches that ended before are left alone. */
  readonly horizonMs: number;
  /** How long Gemini keeps what a job has to land. */
  readonly retentionMs: Readonly<Record<FetchedJobType, number>>;
  /** Questions at a time, of each job type: one that hangs does not hold up the others. */
  readonly askedAtOnce: number;
  /** Events of the list of batches that are published in one run: a project full of old jobs must not flood the bus. */
  readonly maxPublished: number;
  /** Aborted before the function's time runs out. */
  readonly signal: AbortSignal;
}

/** How long Gemini wants to be left alone when it does not say. */
const DEFAULT_PAUSE_SECONDS = 60;

export class ReconcileRun {
  readonly ports: ReconcilePorts;
  readonly options: ReconcileOptions;
  readonly now: Date;
  readonly missed: MissedJobs;
  cursor: SweepCursor;
  /** Answers of Gemini's: jobs, those of lists included. */
  checked = 0;
  /** Whether Gemini was heard at all. */
  wasAnswered = false;
  #isRefused = false;
  readonly #asked = new Set<string>();
  readonly #unended: { [Type in FetchedJobType]?: Unended } = {};

  constructor(ports: ReconcilePorts, options: ReconcileOptions, cursor: SweepCursor | undefined) {
    this.ports = ports;
    this.options = options;
    this.now = ports.clock();
    this.missed = new MissedJobs(ports, options, this.now);
    this.cursor = cursor ?? { firstRunAt: this.now.toISOString(), isFull: true };
  }

  get isTimeUp(): boolean {
    return this.options.signal.aborted;
  }

  ago(milliseconds: number): Date {
    return new Date(this.now.getTime() - milliseconds);
  }

  /** When Gemini may be asked again. */
  after({ retryAfterSeconds = DEFAULT_PAUSE_SECONDS }: { readonly retryAfterSeconds?: number | undefined }): string {
    return new Date(this.now.getTime() + 1000 * retryAfterSeconds).toISOString();
  }

  isBefore(time: string | undefined): boolean {
    return time !== undefined && Date.parse(time) > this.now.getTime();
  }

  /** It is about whoever asks, and not about what was asked for. Counted once for each run. */
  refused(what: string, error: unknown): void {
    const { log, metrics } = this.ports;
    const { project } = this.options;
    if (!this.#isRefused) metrics.count('LookupsRefused', { project });
    this.#isRefused = true;
    log.error('Gemini refused the reconciler', { project, what, ...describeError(error) });
  }

  /** One job's trouble is not that of the others. */
  async each(job: LedgerJob, handle: () => Promise<void>): Promise<boolean> {
    try {
      await handle();
      return true;
    } catch (error) {
      const { project, jobType, jobId } = job;
      this.ports.log.error('A job could not be looked after', { project, jobType, jobId, ...describeError(error) });
      return false;
    }
  }

  /** What Gemini answered of a job. @param since undefined when it has ended */
  saw(job: LedgerJob, since: Date | undefined): void {
    this.#asked.add(jobKey(job));
    if (since === undefined) return;
    const oldest = this.#unended[job.jobType];
    if (oldest !== undefined && oldest.since <= since.toISOString()) return;
    this.#unended[job.jobType] = { jobId: job.jobId, since: since.toISOString() };
  }

  /**
   * The oldest without an end, by type. Not every run asks for every job: what the run before saw stands until it is asked
   * again, or until its end is known.
   */
  async measureUnended(): Promise<void> {
    const { ledger, metrics } = this.ports;
    const { project } = this.options;
    const before = FETCHED_JOB_TYPES.flatMap((jobType) => {
      const unended = this.cursor.unended?.[jobType];
      return unended === undefined ? [] : [{ project, jobType, ...unended }];
    }).filter((job) => !this.#asked.has(jobKey(job)));
    const known = await ledger.find(before);
    for (const job of before) {
      if (known.get(jobKey(job))?.state === 'awaited') this.saw(job, new Date(job.since));
    }
    this.cursor = { ...this.cursor, unended: this.#unended };
    for (const jobType of FETCHED_JOB_TYPES) {
      const { since } = this.#unended[jobType] ?? {};
      const age = since === undefined ? 0 : (this.now.getTime() - Date.parse(since)) / 1000;
      metrics.seconds('OldestUnended', age, { project, jobType });
    }
  }
}

/** The run's own, and nobody's fault. */
export function isTimeOut(error: unknown): boolean {
  return error instanceof TransientError && error.code === 'ERR_FETCH_TIMED_OUT';
}
