/**
 * What webhooks leave out: jobs that ended without one, jobs that will not land any more. Everything goes through the claims
 * of the verifier, so that a webhook that comes late is a duplicate; a run that dies is repeated by the next one.
 */
import { FETCHED_JOB_TYPES, type FetchedJobType } from '../contract.ts';
import { askAwaited } from './ask-awaited.ts';
import { type ReconcileOptions, type ReconcilePorts, ReconcileRun } from './reconcile-run.ts';
import { sweepBatches } from './sweep-batches.ts';

const READ_AT_ONCE = 100;

export interface ReconcileReport {
  readonly checked: number;
  readonly published: number;
  /** `paused`: the next run goes on where this one was. */
  readonly outcome: 'done' | 'paused';
}

/** @throws TransientError when the ledger is away; the next run goes on where this one was */
export async function reconcile(ports: ReconcilePorts, options: ReconcileOptions): Promise<ReconcileReport> {
  const { ledger, metrics, log } = ports;
  const { project } = options;
  const run = new ReconcileRun(ports, options, await ledger.readCursor(project));
  for (const jobType of FETCHED_JOB_TYPES) await lookAfterUnstored(run, jobType);
  // Side by side: neither waits for the other, and whatever becomes of one, the other comes to its end.
  const [asked, swept] = await Promise.allSettled([askAwaited(run), sweepBatches(run)]);
  await run.measureUnended();
  await ledger.writeCursor(project, run.cursor);
  // Silence has an alarm: a run that could not look at anything is silent.
  if (run.wasAnswered) metrics.count('JobsChecked', { project }, run.checked);
  if (asked.status === 'rejected') throw asked.reason;
  if (swept.status === 'rejected') throw swept.reason;
  const outcome = swept.value ? 'done' : 'paused';
  const report = { checked: run.checked, published: run.missed.published, outcome } as const;
  log.info('Reconciled', { project, ...report });
  return report;
}

/** Measures the oldest, and gives up what has not been stored by now and never will: Gemini has deleted it. */
async function lookAfterUnstored(run: ReconcileRun, jobType: FetchedJobType): Promise<void> {
  const { ledger, metrics } = run.ports;
  const { project, retentionMs } = run.options;
  const hours = Math.round(retentionMs[jobType] / 3600_000);
  const queue = { state: 'unstored', project, jobType, until: run.now, limit: READ_AT_ONCE } as const;
  let cursor: string | undefined;
  do {
    const { jobs, next } = await ledger.list({ ...queue, cursor });
    if (cursor === undefined) {
      const since = jobs[0]?.due ?? run.now;
      metrics.seconds('OldestUnstored', (run.now.getTime() - since.getTime()) / 1000, { project, jobType });
    }
    const overdue = jobs.filter(({ due }) => due !== undefined && due <= run.ago(retentionMs[jobType]));
    for (const job of overdue) {
      if (run.isTimeUp) return;
      const message = `Nothing stored in the ${hours} hours for which Gemini keeps it`;
      await run.each(job, () => run.missed.giveUp(job, 'ERR_OUTPUT_GONE', message));
    }
    cursor = overdue.length === jobs.length ? next : undefined;
  } while (cursor !== undefined);
}
