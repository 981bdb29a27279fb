/** Goes through Gemini's list of batches, page by page: which have ended, and are not known here? */

import { jobKey } from '../events/event-key.ts';
import { batchJob } from '../gemini/jobs/batch.ts';
import { type JobAtGemini, type JobPage, listBatches } from '../gemini/jobs/read-jobs.ts';
import type { LedgerEntry, LedgerJob, SweepCursor } from '../ledger/facts.ts';
import { TransientError } from '../shared/errors.ts';
import { isTimeOut, type ReconcileRun } from './reconcile-run.ts';

/** A pass ends early after so many pages of old jobs, should Gemini list the newest first; it does not say so. */
const OLD_PAGES = 3;
/** So often a pass goes to the end of the list whatever its order. */
const FULL_PASS_MS = 6 * 3600_000;
/** Published in one call. */
const ANNOUNCED_AT_ONCE = 10;
/** Then it is not the jobs: the page is read again by the next run. */
const MAX_FAILED = 20;

/**
 * @returns whether the pass came to its end; the next run goes on where this one was
 * @throws TransientError `ERR_STORE_UNAVAILABLE`
 */
export async function sweepBatches(run: ReconcileRun): Promise<boolean> {
  if (run.isBefore(run.cursor.notBefore)) return false;
  return new Sweep(run).pass();
}

class Sweep {
  readonly #run: ReconcileRun;
  #failed = 0;

  constructor(run: ReconcileRun) {
    this.#run = run;
  }

  async pass(): Promise<boolean> {
    const { ports, options, now } = this.#run;
    if (this.#run.cursor.pageToken === undefined) this.#startPass();
    let isFirst = true;
    for (let oldPages = 0; ; isFirst = false) {
      if (this.#run.isTimeUp) return false;
      const page = await this.#readPage(isFirst);
      if (page === undefined) return false;
      if (page.unreadable > 0)
        ports.log.warn('Some entries of the list are no batches', {
          project: options.project,
          entries: page.unreadable,
        });
      if (!(await this.#look(page.jobs))) return false;
      oldPages += Number(page.jobs.every((job) => (job.endedAt ?? job.createdAt ?? now) < this.#horizon));
      const { pageToken: _, ...rest } = this.#run.cursor;
      const isOver = page.nextPageToken === undefined || (!rest.isFull && oldPages >= OLD_PAGES);
      this.#run.cursor = isOver
        ? { ...rest, lastFullAt: rest.isFull ? now.toISOString() : rest.lastFullAt }
        : { ...rest, pageToken: page.nextPageToken };
      await ports.ledger.writeCursor(options.project, this.#run.cursor);
      if (isOver) return true;
    }
  }

  #startPass(): void {
    const { lastFullAt } = this.#run.cursor;
    const isFull = lastFullAt === undefined || Date.parse(lastFullAt) <= this.#run.ago(FULL_PASS_MS).getTime();
    this.#run.cursor = { ...this.#run.cursor, isFull };
  }

  /** Undefined when Gemini did not show it: that is logged and counted, and never an empty list. */
  async #readPage(isFirst: boolean): Promise<JobPage | undefined> {
    const { ports, options, cursor } = this.#run;
    try {
      const page = await listBatches(ports.gemini, cursor.pageToken, options.signal);
      this.#run.wasAnswered = true;
      return page;
    } catch (error) {
      if (isTimeOut(error)) return undefined;
      if (error instanceof TransientError && error.code === 'ERR_RATE_LIMITED') {
        const notBefore = this.#run.after(error);
        this.#run.cursor = { ...this.#run.cursor, notBefore };
        ports.log.warn('Gemini asked for no more lists', { project: options.project, notBefore });
      }
      // Page tokens may expire: should this one be why, the next run begins at the beginning.
      else if (isFirst) this.#run.cursor = withoutPage(this.#run.cursor);
      this.#run.refused('the list of batches', error);
      return undefined;
    }
  }

  /** @returns false when the run must pause within the page, which is then read again */
  async #look(jobs: readonly JobAtGemini[]): Promise<boolean> {
    const { ports, options, now } = this.#run;
    this.#run.checked += jobs.length;
    const known = await ports.ledger.find(jobs.map((job) => this.#identify(job)));
    const entryOf = (job: JobAtGemini) => known.get(jobKey(this.#identify(job)));
    for (const job of jobs) this.#run.saw(this.#identify(job), job.hasEnded ? undefined : (job.createdAt ?? now));
    await Promise.all(jobs.filter((job) => entryOf(job)?.listedAt === undefined).map((job) => this.#list(job)));
    const ended = jobs.filter(({ hasEnded, endedAt = this.#horizon }) => {
      return hasEnded && endedAt >= this.#horizon && endedAt <= this.#run.ago(options.graceMs);
    });
    for (let at = 0; at < ended.length; at += ANNOUNCED_AT_ONCE) {
      const { published } = this.#run.missed;
      if (this.#run.isTimeUp || published >= options.maxPublished || this.#failed >= MAX_FAILED) return false;
      const next = ended.slice(at, at + ANNOUNCED_AT_ONCE);
      await Promise.all(next.map((job) => this.#announce(job, entryOf(job))));
    }
    return true;
  }

  async #announce(job: JobAtGemini, entry: LedgerEntry | undefined): Promise<void> {
    const { missed, cursor } = this.#run;
    const announce = () => missed.announce(batchJob.jobType, job, entry, cursor.firstRunAt);
    if (!(await this.#run.each(this.#identify(job), announce))) this.#failed += 1;
  }

  /** The project's own, whatever comes of it; and one that does not end is asked for by itself in time. */
  async #list(job: JobAtGemini): Promise<void> {
    const { createdAt, hasEnded } = job;
    const fact = { ...this.#identify(job), kind: 'listed', listedAt: this.#run.now, createdAt, hasEnded } as const;
    await this.#run.each(fact, () => this.#run.ports.ledger.record(fact));
  }

  #identify({ jobName }: JobAtGemini): LedgerJob {
    return { project: this.#run.options.project, jobType: batchJob.jobType, jobId: jobName };
  }

  get #horizon(): Date {
    return this.#run.ago(this.#run.options.horizonMs);
  }
}

function withoutPage({ pageToken: _, ...rest }: SweepCursor): SweepCursor {
  return rest;
}
