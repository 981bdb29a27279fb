/** What becomes of a trial's job, step by step, as the ledger and the idempotency records learn it. */
import type { DeliveryRecord } from '../../lambda/events/idempotency-records.client.ts';
import { type CommandContext, elapsedSince } from '../context.ts';
import { deliveryRecordsOf } from '../deliveries.ts';
import { jobRecordsOf } from '../job-listing.ts';
import { type JobRow, toJobRow } from '../job-row.ts';
import type { TrialJob } from './submit.ts';

interface TrialStep {
  readonly step: 'submitted' | 'ended' | 'webhook received' | 'on the bus' | 'fetch began' | 'stored';
  /** Since it was submitted; null while it has not happened. */
  readonly seconds: number | null;
  readonly detail: string;
}

export interface Trial {
  readonly job: TrialJob;
  readonly submittedAt: Date;
  readonly row: JobRow | undefined;
  readonly steps: readonly TrialStep[];
}

/** Often enough to be followed by eye. */
const INTERVAL_MS = 1000;

/** @param seconds after which nobody waits any longer */
export async function followTrial(
  context: CommandContext,
  project: string,
  job: TrialJob,
  seconds: number,
): Promise<Trial> {
  const submittedAt = context.clock();
  const shown = new Set<string>();
  // A record is taken over by whoever publishes the event in the end: that a webhook came stays true.
  let webhook: DeliveryRecord | undefined;
  for (;;) {
    const [row, known] = await read(context, project, job);
    if (known !== undefined && known.scheme !== 'api') webhook = known;
    const delivery = webhook ?? known;
    const steps = stepsOf(job, row, delivery, submittedAt);
    for (const step of steps.filter((one) => one.seconds !== null && !shown.has(one.step))) {
      shown.add(step.step);
      context.terminal.note(lineOf(step));
    }
    const trial = { job, submittedAt, row, steps };
    const isOver = row !== undefined && row.state !== 'waiting';
    const passed = elapsedSince(context, submittedAt);
    if (isOver || passed >= seconds) return trial;
    const next = steps.find((one) => one.seconds === null)?.step ?? '';
    context.terminal.progress(`${passed.toFixed(0).padStart(5)} s  waiting: ${next}`);
    if (!(await context.pause(INTERVAL_MS))) return trial;
  }
}

async function read(
  { deployment, clock }: CommandContext,
  project: string,
  { jobType, jobId }: TrialJob,
): Promise<readonly [JobRow | undefined, DeliveryRecord | undefined]> {
  const [records, deliveries] = await Promise.all([
    jobRecordsOf(deployment).find([project], jobId),
    deliveryRecordsOf(deployment).find({ jobId, projects: [project], also: [] }, clock()),
  ]);
  const record = records.find((one) => one.jobType === jobType);
  const own = deliveries.filter(({ eventType }) => eventType.startsWith(`${jobType}.`));
  return [record && toJobRow(record), own.find(({ scheme }) => scheme !== 'api') ?? own[0]];
}

function stepsOf(
  { jobId }: TrialJob,
  row: JobRow | undefined,
  delivery: DeliveryRecord | undefined,
  submittedAt: Date,
): TrialStep[] {
  const after = (time: string | null | undefined) =>
    time == null ? null : Math.max(0, (Date.parse(time) - submittedAt.getTime()) / 1000);
  const scheme = delivery?.scheme;
  const route = scheme === 'v1' ? 'static route' : 'dynamic route';
  const isWebhook = scheme !== undefined && scheme !== 'api';
  return [
    { step: 'submitted', seconds: 0, detail: jobId },
    { step: 'ended', seconds: after(row?.endedAt), detail: row?.eventType ?? '' },
    {
      step: 'webhook received',
      seconds: isWebhook ? after(delivery?.receivedAt) : null,
      detail: isWebhook ? `${scheme}, ${route}` : scheme === 'api' ? 'none came: the reconciler found its end' : '',
    },
    { step: 'on the bus', seconds: after(row?.publishedAt), detail: row?.eventType ?? '' },
    { step: 'fetch began', seconds: after(row?.fetchStartedAt), detail: '' },
    {
      step: 'stored',
      seconds: after(row?.storedAt),
      // The rest of its key is long, and says what is above already.
      detail: row?.manifestKey?.split('/').slice(-2).join('/') ?? row?.failureCode ?? '',
    },
  ];
}

function lineOf({ seconds, step, detail }: TrialStep): string {
  return `${(seconds ?? 0).toFixed(1).padStart(7)} s  ${step}${detail === '' ? '' : `: ${detail}`}`;
}
