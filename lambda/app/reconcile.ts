/**
 * What webhooks leave out: jobs that ended without one, jobs that will not land any more. Everything goes through the claims
 * of the verifier, so that a webhook that comes late is a duplicate; a run that dies is repeated by the next one.
 */
import { FETCHED_JOB_TYPES, type FetchedJobType, METRIC } from '../contract.ts';
import { PermanentError, TransientError } from '../domain/errors.ts';
import { jobKey } from '../domain/job-identity.ts';
import type { OpenJob, SweepCursor } from '../domain/job-ledger.ts';
import { batchJob } from './fetch-batch.ts';
import { interactionJob } from './fetch-interaction.ts';
import { videoJob } from './fetch-video.ts';
import { MissedJobs, type MissedJobsOptions, type MissedJobsPorts } from './missed-jobs.ts';
import type { Gemini } from './ports.ts';
import { type JobAtGemini, listBatches, readJob } from './read-jobs.ts';

const KINDS = { batch: batchJob, interaction: interactionJob, video: videoJob } as const;

/** Of one run. What is over is for the next: a project full of old jobs must not flood the bus. */
const MAX_PUBLISHED = 500;
/** Of each job type and run: the sweep of the batches has its turn, too. */
const MAX_ASKED = 500;
const READ_AT_ONCE = 100;
/** A pass ends early after so many pages of old jobs, should Gemini list the newest first; it does not say so. */
const OLD_PAGES = 3;
/** So often a pass goes to the end of the list whatever its order. */
const FULL_PASS_MS = 6 * 3600_000;
const DEFAULT_PAUSE_SECONDS = 60;

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
  /** Aborted before the function's time runs out. */
  readonly signal: AbortSignal;
}

export interface ReconcileReport {
  readonly checked: number;
  readonly published: number;
  /** `paused`: the next run goes on where this one was. */
  readonly outcome: 'done' | 'paused';
}

/** @throws TransientError when Gemini, the ledger or the bus is away; the next run goes on where this one was */
export async function reconcile(ports: ReconcilePorts, options: ReconcileOptions): Promise<ReconcileReport> {
  return new Reconciliation(ports, options).run();
}

class Reconciliation {
  readonly #ports: ReconcilePorts;
  readonly #options: ReconcileOptions;
  readonly #now: Date;
  #cursor: SweepCursor;
  readonly #missed: MissedJobs;
  #checked = 0;

  constructor(ports: ReconcilePorts, options: ReconcileOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#now = ports.clock();
    this.#missed = new MissedJobs(ports, options, this.#now);
    this.#cursor = { firstRunAt: this.#now.toISOString(), isFull: true };
  }

  async run(): Promise<ReconcileReport> {
    const { ledger, metrics, log } = this.#ports;
    const { source } = this.#options;
    const outcome = await this.#work();
    // Silence has an alarm: a run that could not look at anything because Gemini wants to be left alone is silent.
    if (outcome !== 'refused' || this.#checked > 0) metrics.count(METRIC.jobsChecked, { source }, this.#checked);
    const report = {
      checked: this.#checked,
      published: this.#missed.published,
      outcome: outcome === 'done' ? ('done' as const) : ('paused' as const),
    };
    log.info('Reconciled', { source, ...report });
    // The first run writes when it was even if it paused before its first page.
    if (outcome === 'paused') await ledger.writeCursor(source, this.#cursor);
    return report;
  }

  async #work(): Promise<'done' | 'paused' | 'refused'> {
    const { ledger } = this.#ports;
    const { source } = this.#options;
    this.#cursor = (await ledger.readCursor(source)) ?? this.#cursor;
    await this.#measureOldest();
    for (const jobType of FETCHED_JOB_TYPES) await this.#giveUpOverdue(jobType);
    if (this.#cursor.notBefore !== undefined && Date.parse(this.#cursor.notBefore) > this.#now.getTime())
      return 'refused';
    try {
      for (const jobType of FETCHED_JOB_TYPES) await this.#askForAwaited(jobType);
      return (await this.#sweepBatches()) ? 'done' : 'paused';
    } catch (error) {
      if (error instanceof TransientError && error.code === 'ERR_FETCH_TIMED_OUT') return 'paused';
      if (!(error instanceof TransientError && error.code === 'ERR_RATE_LIMITED')) throw error;
      const pause = 1000 * (error.retryAfterSeconds ?? DEFAULT_PAUSE_SECONDS);
      const notBefore = new Date(this.#now.getTime() + pause).toISOString();
      this.#cursor = { ...this.#cursor, notBefore };
      await ledger.writeCursor(source, this.#cursor);
      this.#ports.log.warn('Gemini asked to be left alone', { source, notBefore });
      return 'refused';
    }
  }

  async #measureOldest(): Promise<void> {
    const { ledger, metrics } = this.#ports;
    const { source } = this.#options;
    for (const jobType of FETCHED_JOB_TYPES) {
      const [oldest] = await ledger.listOpen({ state: 'unlanded', source, jobType }, this.#now, 1);
      const age = oldest === undefined ? 0 : (this.#now.getTime() - oldest.due.getTime()) / 1000;
      metrics.seconds(METRIC.oldestUnlanded, age, { source, jobType });
    }
  }

  /** What has not landed by now never will: Gemini has deleted it. */
  async #giveUpOverdue(jobType: FetchedJobType): Promise<void> {
    const { source, retentionMs } = this.#options;
    const hours = Math.round(retentionMs[jobType] / 3600_000);
    const queue = { state: 'unlanded', source, jobType } as const;
    for (const job of await this.#ports.ledger.listOpen(queue, this.#ago(retentionMs[jobType]), READ_AT_ONCE)) {
      if (this.#isTimeUp()) return;
      await this.#missed.giveUp(
        job,
        'ERR_OUTPUT_GONE',
        `Nothing landed in the ${hours} hours for which Gemini keeps it`,
      );
    }
  }

  async #askForAwaited(jobType: FetchedJobType): Promise<void> {
    const { source, graceMs } = this.#options;
    const queue = { state: 'awaited', source, jobType } as const;
    for (let asked = 0; asked < MAX_ASKED; ) {
      const due = await this.#ports.ledger.listOpen(queue, this.#ago(graceMs), READ_AT_ONCE);
      for (const job of due) {
        if (this.#isTimeUp()) return;
        await this.#askFor(job);
      }
      asked += due.length;
      if (due.length < READ_AT_ONCE) return;
    }
  }

  async #askFor(job: OpenJob): Promise<void> {
    const { gemini, ledger, log } = this.#ports;
    const { graceMs, retentionMs, signal } = this.#options;
    const { source, jobType, jobId } = job;
    let found: JobAtGemini | undefined;
    try {
      found = await readJob(gemini, KINDS[jobType], jobId, signal);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      log.warn('Gemini’s answer about a job makes no sense', { source, jobType, jobId, code: error.code });
      await ledger.postpone(job, this.#now);
      return;
    }
    this.#checked += 1;
    // Whatever comes of it, it is not asked for again in this run; what is announced leaves the index by itself.
    const isYoung = found?.endedAt !== undefined && found.endedAt > this.#ago(graceMs);
    await ledger.postpone(job, isYoung ? (found?.endedAt ?? this.#now) : this.#now);
    if (found === undefined) {
      const since = job.submittedAt ?? this.#now;
      if (since > this.#ago(retentionMs[jobType])) return;
      await this.#missed.giveUp(job, 'ERR_JOB_NOT_OURS', 'The API key has never seen the job that was submitted');
    } else if (found.hasEnded && !isYoung) {
      await this.#missed.announce(jobType, found, { ...job, origin: undefined }, this.#cursor.firstRunAt);
    }
  }

  /** @returns whether the pass came to its end */
  async #sweepBatches(): Promise<boolean> {
    const { gemini, ledger, log } = this.#ports;
    const { source, signal } = this.#options;
    if (this.#cursor.pageToken === undefined) this.#cursor = this.#startPass();
    let isFirst = true;
    for (let oldPages = 0; ; isFirst = false) {
      if (this.#isTimeUp()) return false;
      const page = await listBatches(gemini, this.#cursor.pageToken, signal).catch(async (error: unknown) => {
        if (error instanceof TransientError && error.code === 'ERR_GEMINI_UNAVAILABLE' && isFirst)
          await this.#forgetPage();
        throw error;
      });
      if (page.unreadable > 0)
        log.warn('Some entries of the list are no batches', { source, entries: page.unreadable });
      if (!(await this.#publishMissed(page.jobs))) return false;
      oldPages += Number(page.jobs.every((job) => (job.endedAt ?? job.createdAt ?? this.#now) < this.#horizon));
      const isOver = page.nextPageToken === undefined || (!this.#cursor.isFull && oldPages >= OLD_PAGES);
      const { firstRunAt, isFull, lastFullAt } = this.#cursor;
      this.#cursor = isOver
        ? { firstRunAt, isFull: false, lastFullAt: isFull ? this.#now.toISOString() : lastFullAt }
        : { firstRunAt, isFull, lastFullAt, pageToken: page.nextPageToken };
      await ledger.writeCursor(source, this.#cursor);
      if (isOver) return true;
    }
  }

  #startPass(): SweepCursor {
    const { lastFullAt } = this.#cursor;
    return {
      ...this.#cursor,
      isFull: lastFullAt === undefined || Date.parse(lastFullAt) <= this.#now.getTime() - FULL_PASS_MS,
    };
  }

  /** Page tokens may expire: should this one be why Gemini refuses, the next run begins at the beginning. */
  async #forgetPage(): Promise<void> {
    const { pageToken: _, ...rest } = this.#cursor;
    await this.#ports.ledger.writeCursor(this.#options.source, rest);
  }

  /** @returns false when the run must pause within the page, which is then read again */
  async #publishMissed(jobs: readonly JobAtGemini[]): Promise<boolean> {
    const { source, graceMs } = this.#options;
    this.#checked += jobs.length;
    const ended = jobs.filter(({ hasEnded, endedAt = this.#horizon }) => {
      return hasEnded && endedAt >= this.#horizon && endedAt <= this.#ago(graceMs);
    });
    const identityOf = ({ jobName }: JobAtGemini) => ({ source, jobType: 'batch', jobId: jobName }) as const;
    const known = await this.#ports.ledger.find(ended.map(identityOf));
    for (const job of ended) {
      const entry = known.get(jobKey(identityOf(job)));
      // What a run of ours announced is claimed once more: should that run have died, its record is completed now.
      if (entry?.eventType !== undefined && entry.origin !== 'reconciler') continue;
      if (this.#isTimeUp() || this.#missed.published >= MAX_PUBLISHED) return false;
      await this.#missed.announce('batch', job, entry, this.#cursor.firstRunAt);
    }
    return true;
  }

  get #horizon(): Date {
    return this.#ago(this.#options.horizonMs);
  }

  #ago(milliseconds: number): Date {
    return new Date(this.#now.getTime() - milliseconds);
  }

  #isTimeUp(): boolean {
    return this.#options.signal.aborted;
  }
}
