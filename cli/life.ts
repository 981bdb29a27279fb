/** One job's life as steps: what happened to it, in the order of time. */
import type { DeliveryRecord } from '../lambda/events/idempotency-records.client.ts';
import type { JobRow } from './job-row.ts';
import type { FoundManifest } from './objects.ts';
import { counted, formatBytes } from './table.ts';

export interface Life {
  readonly project: string;
  readonly jobId: string;
  /** Undefined for what the ledger does not know. */
  readonly job: JobRow | undefined;
  readonly deliveries: readonly DeliveryRecord[];
  readonly manifests: readonly FoundManifest[];
}

export interface Step {
  readonly time: string;
  readonly what: string;
  readonly detail: string;
}
type Draft = readonly [time: string | null | undefined, what: string, detail: string];

/** Of what has the same time. */
const STEPS = [
  ...['submitted', 'created', 'ended', 'found', 'received', 'claimed', 'on the bus', 'fetch began'],
  ...['object', 'stored', 'failed', 'manifest', 'next attempt'],
];

export function stepsOf(life: Life): readonly Step[] {
  const drafts = [
    ...stepsOfJob(life),
    ...life.deliveries.flatMap(stepsOfDelivery),
    ...life.manifests.flatMap(stepsOfManifest),
  ];
  // What two of them know is shown once, by the one that knows more.
  const shown = new Map<string, Step>();
  for (const [time, what, detail] of drafts) {
    if (!time) continue;
    const key = what === 'object' ? `${time},${what},${detail}` : `${time},${what}`;
    if ((shown.get(key)?.detail.length ?? -1) < detail.length) shown.set(key, { time, what, detail });
  }
  return [...shown.values()].toSorted(
    (a, b) => a.time.localeCompare(b.time) || STEPS.indexOf(a.what) - STEPS.indexOf(b.what),
  );
}

function stepsOfJob({ job, manifests }: Life): Draft[] {
  if (job === undefined) return [];
  const { jobType, attempts, lastCode, state } = job;
  const [eventType, webhookId] = [job.eventType ?? '', job.webhookId ?? ''];
  // The job's own word is exact; the ledger has that of the event, some milliseconds apart.
  const hasEnd = manifests.some(({ manifest }) => manifest.job.endedAt !== null);
  const hasFailed = manifests.some(({ manifest }) => manifest.outcome !== 'stored');
  return [
    [job.submittedAt, 'submitted', `${jobType}, by an application`],
    [job.createdAt, 'created', 'at Gemini'],
    [hasEnd ? null : job.endedAt, 'ended', 'at Gemini'],
    [job.deliveredAt, job.origin === 'reconciler' ? 'found' : 'received', `${eventType}, ${webhookId}`],
    [job.publishedAt, 'on the bus', eventType],
    [job.fetchStartedAt, 'fetch began', attempts > 1 ? `attempt ${attempts}` : ''],
    [hasFailed ? null : job.failedAt, 'failed', job.failureCode ?? ''],
    [job.storedAt, 'stored', nameOf(job.manifestKey ?? '')],
    [
      state === 'waiting' ? job.nextAttemptAt : null,
      'next attempt',
      `number ${attempts + 1}${lastCode === null ? '' : `, after ${lastCode}`}`,
    ],
  ];
}

function stepsOfDelivery({ receivedAt, eventType, webhookId, scheme, attempts, status }: DeliveryRecord): Draft[] {
  const detail = `${eventType}, ${webhookId}, ${scheme}, ${counted(attempts, 'attempt')}`;
  return [
    [receivedAt, scheme === 'api' ? 'found' : 'received', detail],
    [status === 'COMPLETED' ? null : receivedAt, 'claimed', 'not completed: nobody knows yet whether it is on the bus'],
  ];
}

/** Without the folder, which is the same for all of them. */
const nameOf = (key: string) => key.split('/').slice(-2).join('/');

function stepsOfManifest({ key, manifest }: FoundManifest): Draft[] {
  const { job, timings, objects, outcome, error } = manifest;
  return [
    [job.createdAt, 'created', 'at Gemini'],
    [job.endedAt, 'ended', `at Gemini, ${job.status}`],
    [timings.startedAt, 'fetch began', ''],
    ...objects.map(
      (object): Draft => [timings.finishedAt, 'object', `${nameOf(object.key)} (${formatBytes(object.bytes)})`],
    ),
    ...(outcome === 'stored'
      ? [[timings.finishedAt, 'stored', nameOf(key)] as const]
      : [
          [timings.finishedAt, 'failed', error ? `${error.code}: ${error.message}` : ''] as const,
          [timings.finishedAt, 'manifest', nameOf(key)] as const,
        ]),
  ];
}

/** How it stands, and what to do. */
export function summaryOf({ job, jobId }: Life): string {
  if (job === undefined) return 'The ledger does not know it: it is no job that is fetched, or was not recorded yet.';
  const { state, jobType, attempts, lastCode, nextAttemptAt, failureCode, waitingBecause } = job;
  if (state === 'stored') return 'Its outputs are stored.';
  if (state === 'failed') {
    return `Its fetch was given up with ${failureCode}, which docs/events.md explains. If it can be tried again, it is in "gemini-webhooks redrive ${jobType} --preview".`;
  }
  const tries =
    attempts === 0
      ? ''
      : ` Attempts: ${attempts}, last code: ${lastCode ?? 'none'}, next try: ${nextAttemptAt ?? 'now'}.`;
  return `It is waiting: ${waitingBecause}.${tries}${job.publishedAt === null ? '' : ` "gemini-webhooks logs ${jobId}" shows what its functions wrote; "gemini-webhooks refetch ${jobId}" has it fetched once more.`}`;
}
