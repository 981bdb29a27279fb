/** A job's life: what happened when, from all that is known of it. */

import { type JobRow, reasonOf } from '../job-row.ts';
import type { LogLine } from '../logs.ts';
import { counted } from '../table.ts';
import type { DeliveryRow, JobDetail, StoredManifest } from './source.ts';

export const LANES = ['application', 'Gemini', 'webhook', 'bus', 'fetcher', 'outputs'] as const;
type Lane = (typeof LANES)[number];
type Tone = 'plain' | 'good' | 'bad' | 'retry' | 'next';

export interface Step {
  readonly lane: Lane;
  readonly at: string;
  /** Of what took a while. */
  readonly until?: string | undefined;
  readonly what: string;
  readonly detail: string;
  readonly tone: Tone;
}

/** In the order of time; of the same time, in that of the lanes. */
export function stepsOf(detail: JobDetail, logs: readonly LogLine[], now: Date): readonly Step[] {
  const steps = [
    ...ofLedger(detail, now),
    ...detail.deliveries.flatMap(ofDelivery),
    ...detail.manifests.flatMap(ofManifest),
    ...logs.flatMap(ofLog),
  ];
  return [...withoutDoubles(steps)].toSorted(
    (a, b) => Date.parse(a.at) - Date.parse(b.at) || LANES.indexOf(a.lane) - LANES.indexOf(b.lane),
  );
}

function* withoutDoubles(steps: readonly Step[]): Generator<Step> {
  const seen = new Set<string>();
  for (const step of steps) {
    const key = `${step.lane} ${step.what} ${Date.parse(step.at)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    yield step;
  }
}

function ofLedger({ row, deliveries, manifests }: JobDetail, now: Date): Step[] {
  const steps: Step[] = [];
  const add = (at: string | null | undefined, step: Omit<Step, 'at'>) => {
    if (at) steps.push({ at, ...step });
  };
  const end = endOf(row, manifests);
  add(row.submittedAt, {
    lane: 'application',
    what: 'submitted',
    detail: 'An application announced it',
    tone: 'plain',
  });
  add(createdOf(row, manifests), {
    lane: 'Gemini',
    until: end ?? now.toISOString(),
    what: 'created',
    detail: end === undefined ? 'Gemini works on it' : 'Gemini worked on it',
    tone: end === undefined ? 'next' : 'plain',
  });
  add(end, { lane: 'Gemini', what: 'ended', detail: row.eventType ?? '', tone: 'plain' });
  if (deliveries.length === 0) {
    const isFound = row.origin === 'reconciler';
    const detail = isFound
      ? 'No webhook came; the reconciler found it'
      : `${row.eventType ?? ''} ${row.webhookId ?? ''}`;
    add(row.deliveredAt, { lane: 'webhook', what: isFound ? 'found' : 'received', detail, tone: 'good' });
  }
  add(row.publishedAt, { lane: 'bus', what: 'on the bus', detail: row.eventType ?? '', tone: 'good' });
  if (manifests.length === 0) {
    add(row.fetchStartedAt, {
      ...{ lane: 'fetcher', what: 'fetch began', tone: 'plain' },
      until: row.storedAt ?? undefined,
      detail: row.attempts > 1 ? `${row.attempts} attempts` : '',
    });
    add(row.storedAt, { lane: 'outputs', what: 'stored', detail: row.manifestKey ?? '', tone: 'good' });
    add(row.failedAt, { lane: 'outputs', what: 'failed', detail: reasonOf(row.failureCode ?? ''), tone: 'bad' });
  }
  if (row.state === 'waiting') {
    add(row.nextAttemptAt, { lane: 'fetcher', what: 'next try', detail: reasonOf(row.lastCode ?? ''), tone: 'next' });
  }
  return steps;
}

/** The job's own word is exact; the ledger has that of the event, some milliseconds apart. */
function endOf(row: JobRow, manifests: readonly StoredManifest[]): string | undefined {
  return (
    manifests.find(({ manifest }) => manifest.job.endedAt !== null)?.manifest.job.endedAt ?? row.endedAt ?? undefined
  );
}

function createdOf(row: JobRow, manifests: readonly StoredManifest[]): string | null {
  const createdAt = manifests.find(({ manifest }) => manifest.job.createdAt !== null)?.manifest.job.createdAt;
  return createdAt ?? row.createdAt ?? row.submittedAt;
}

function ofDelivery({ webhookId, scheme, answers }: DeliveryRow): Step[] {
  return answers.map(({ at, status, outcome }) => {
    const isGood = outcome === 'accepted' || outcome === 'duplicate';
    const answer = status === 0 ? 'no answer' : status === undefined ? outcome : `HTTP ${status}, ${outcome}`;
    return {
      ...{ lane: 'webhook', at, what: scheme === 'api' ? 'found' : outcome === 'duplicate' ? 'duplicate' : 'received' },
      detail: `${answer}; ${scheme}, ${webhookId}`,
      tone: isGood ? 'good' : 'bad',
    };
  });
}

function ofManifest({ key, manifest }: StoredManifest): Step[] {
  const { timings, outcome, error, counts } = manifest;
  const isStored = outcome === 'stored';
  return [
    {
      ...{ lane: 'fetcher', at: timings.startedAt, until: timings.finishedAt, what: 'fetch began' },
      detail: counted(counts.objects, 'object'),
      tone: isStored ? 'good' : 'bad',
    },
    {
      ...{ lane: 'outputs', at: timings.finishedAt, what: isStored ? 'stored' : 'failed' },
      detail: isStored || error === null ? key : `${error.code}: ${error.message}`,
      tone: isStored ? 'good' : 'bad',
    },
  ];
}

/** Where a fetcher says that it gave a message back. */
const GIVEN_BACK = 'The message goes back to the queue';

function ofLog({ time: at, message, fields }: LogLine): Step[] {
  if (message !== GIVEN_BACK) return [];
  const { code, receiveCount, delaySeconds } = fields;
  const detail = `Attempt ${String(receiveCount)}: ${reasonOf(String(code))}; again after ${String(delaySeconds)} s`;
  return [{ lane: 'fetcher', at, what: 'put back', detail, tone: 'retry' }];
}
