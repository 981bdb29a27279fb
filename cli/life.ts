/** One job's life as rows of a table: what happened to it, in the order of time. */
import type { Delivery } from './deliveries.ts';
import type { LedgerEntry } from './ledger.ts';
import type { FoundManifest } from './objects.ts';
import { formatBytes } from './table.ts';

export interface Life {
  readonly source: string;
  readonly jobId: string;
  /** Undefined for what the ledger does not know. */
  readonly entry: LedgerEntry | undefined;
  readonly deliveries: readonly Delivery[];
  readonly manifests: readonly FoundManifest[];
}

export type Row = readonly [time: string, what: string, detail: string];
type Draft = readonly [time: string | null | undefined, what: string, detail: string];

/** Of what has the same time. */
const STEPS = [
  'submitted',
  'created',
  'ended',
  'found',
  'received',
  'claimed',
  'on the bus',
  'fetch began',
  'object',
  'failed',
];

function rankOf(step: string): number {
  const rank = STEPS.indexOf(step);
  return rank < 0 ? STEPS.length : rank;
}

export function rowsOf(life: Life): readonly Row[] {
  const drafts = [
    ...rowsOfEntry(life),
    ...life.deliveries.flatMap(rowsOfDelivery),
    ...life.manifests.flatMap(rowsOfManifest),
  ];
  const rows = drafts.flatMap(([time, what, detail]): Row[] => (time ? [[time, what, detail]] : []));
  // What two of them know is told once, by the one that knows more.
  const told = new Map<string, Row>();
  for (const row of rows) {
    const key = row[1] === 'object' ? row.join() : row.slice(0, 2).join();
    if ((told.get(key)?.[2].length ?? -1) < row[2].length) told.set(key, row);
  }
  return [...told.values()].toSorted(([a, step], [b, other]) => a.localeCompare(b) || rankOf(step) - rankOf(other));
}

function rowsOfEntry({ entry, manifests }: Life): Draft[] {
  if (entry === undefined) return [];
  const { jobType, eventType = '', webhookId = '', origin, manifestKey = '' } = entry;
  // The job's own word is exact; the ledger has that of the event, some milliseconds apart.
  const hasEnd = manifests.some(({ manifest }) => manifest.job.endedAt !== null);
  const hasFailed = manifests.some(({ manifest }) => manifest.outcome !== 'stored');
  return [
    [entry.submittedAt, 'submitted', `${jobType}, by an application`],
    [entry.createdAt, 'created', 'at Gemini'],
    [hasEnd ? undefined : entry.endedAt, 'ended', 'at Gemini'],
    [entry.deliveredAt, origin === 'reconciler' ? 'found' : 'received', `${eventType}, ${webhookId}`],
    [entry.publishedAt, 'on the bus', eventType],
    [entry.fetchStartedAt, 'fetch began', ''],
    [hasFailed ? undefined : entry.failedAt, 'failed', entry.failureCode ?? ''],
    [entry.landedAt, 'landed', manifestKey],
  ];
}

function rowsOfDelivery({ receivedAt, eventType, webhookId, scheme, attempts, status }: Delivery): Draft[] {
  const detail = `${eventType}, ${webhookId}, ${scheme}, ${attempts} attempt${attempts === 1 ? '' : 's'}`;
  return [
    [receivedAt, scheme === 'api' ? 'found' : 'received', detail],
    [
      status === 'COMPLETED' ? undefined : receivedAt,
      'claimed',
      'not completed: nobody knows yet whether it is on the bus',
    ],
  ];
}

function rowsOfManifest({ bucket, key, manifest }: FoundManifest): Draft[] {
  const { job, timings, objects, outcome, error } = manifest;
  const link = `s3://${bucket}/${key}`;
  return [
    [job.createdAt, 'created', 'at Gemini'],
    [job.endedAt, 'ended', `at Gemini, ${job.status}`],
    [timings.startedAt, 'fetch began', ''],
    ...objects.map(
      (object): Draft => [timings.finishedAt, 'object', `s3://${bucket}/${object.key} (${formatBytes(object.bytes)})`],
    ),
    ...(outcome === 'stored'
      ? [[timings.finishedAt, 'landed', link] as const]
      : [
          [timings.finishedAt, 'failed', error ? `${error.code}: ${error.message}` : ''] as const,
          [timings.finishedAt, 'manifest', link] as const,
        ]),
  ];
}

/** How it stands, and what to do. */
export function stateOf({ entry, jobId }: Life): string {
  if (entry === undefined)
    return 'The ledger does not know it: it names no job that is fetched, or was not recorded yet.';
  if (entry.landedAt !== undefined) return 'It landed.';
  if (entry.waitsFor === 'awaited')
    return 'Its end is awaited: no webhook came, and the reconciler has not found it ended.';
  if (entry.failureCode === undefined) {
    return `It ended, and has not landed. "status" shows what waits; "refetch ${jobId}" has it fetched once more.`;
  }
  return entry.waitsFor === undefined
    ? `Its outputs will not come. docs/events.md explains ${entry.failureCode}.`
    : `Its fetch was given up. See "redrive ${entry.jobType} --preview".`;
}
