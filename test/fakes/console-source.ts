/** A console's source in memory: as many jobs as a test wants, made of their numbers, and outputs that are set. */
import { CliError } from '../../cli/cli-error.ts';
import type { Change } from '../../cli/console/changes.ts';
import { fits, placeOf } from '../../cli/console/job-filter.ts';
import {
  type ConsoleSource,
  type DeliveryRow,
  type HealthRow,
  type JobDetail,
  nameOf,
} from '../../cli/console/source.ts';
import type { JobRow } from '../../cli/job-row.ts';
import type { LogLine } from '../../cli/logs.ts';
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';

/** Of everything in the fake; the newest job was submitted a minute before. */
export const FAKE_NOW = new Date('2026-11-24T14:05:00.000Z');

const NAMES = ['Nightly summaries', 'Product texts', 'Market report', 'Launch clip', 'Ticket triage', 'Embeddings'];
const CODES = ['ERR_OUTPUT_NOT_READY', 'ERR_RATE_LIMITED'] as const;

/** @param age 0 for the newest */
export function fakeJob(age: number, changes: Partial<JobRow> = {}): JobRow {
  const submitted = FAKE_NOW.getTime() - 60_000 - age * 97_000;
  const time = (afterMs: number) => new Date(submitted + afterMs).toISOString();
  const jobType = FETCHED_JOB_TYPES[age % 3] ?? 'batch';
  const state = age % 11 === 3 ? 'failed' : age < 2 || age % 17 === 5 ? 'waiting' : 'stored';
  const id = `k${(age * 7919 + 104_729).toString(36).padStart(11, 'q')}`;
  const isRunning = age === 0;
  const ended = isRunning ? null : time(21_400 + (age % 7) * 1310);
  const at = (afterMs: number) => (ended === null ? null : new Date(Date.parse(ended) + afterMs).toISOString());
  return {
    project: age % 4 === 1 ? 'research' : 'default',
    jobType,
    jobId: jobType === 'batch' ? `batches/${id}` : jobType === 'video' ? `models/veo-3.1/operations/${id}` : id,
    state,
    displayName: age % 5 === 4 ? null : `${NAMES[age % NAMES.length]} ${age}`,
    userMetadata: age % 3 === 0 ? { tenant: `acme-${age % 9}`, run: age } : {},
    submittedAt: time(0),
    createdAt: time(180),
    endedAt: ended,
    deliveredAt: at(84 + (age % 5) * 11),
    publishedAt: at(112 + (age % 5) * 11),
    fetchStartedAt: at(190),
    storedAt: state === 'stored' ? at(640 + (age % 13) * 120) : null,
    failedAt: state === 'failed' ? at(900) : null,
    eventType: isRunning
      ? null
      : jobType === 'batch'
        ? 'batch.succeeded'
        : jobType === 'video'
          ? 'video.generated'
          : 'interaction.completed',
    webhookId: isRunning ? null : `msg_${id}`,
    origin: isRunning ? null : age % 19 === 7 ? 'reconciler' : 'webhook',
    attempts: isRunning ? 0 : state === 'waiting' ? 3 : 1,
    lastCode: state === 'waiting' && !isRunning ? (CODES[age % 2] ?? null) : null,
    nextAttemptAt: state === 'waiting' && !isRunning ? new Date(FAKE_NOW.getTime() + 42_000).toISOString() : null,
    failureCode: state === 'failed' ? 'ERR_OUTPUT_GONE' : null,
    manifestKey: state === 'stored' ? `${jobType}/project=default/job=${id}/manifest.json` : null,
    waitingBecause: null,
    ...changes,
  };
}

interface FakeObject {
  readonly contentType: string;
  readonly content: Uint8Array;
}

export interface FakeSource extends ConsoleSource {
  rows: JobRow[];
  readonly changes: Change[];
  readonly objects: Map<string, FakeObject>;
  readonly details: Map<string, Partial<JobDetail> & { readonly logs?: readonly LogLine[] }>;
  deliveryRows: DeliveryRow[];
  healthRows: HealthRow[];
}

export function fakeSource(
  count: number,
  options: Partial<Pick<ConsoleSource, 'allowsChanges' | 'local' | 'refreshMs' | 'title'>> = {},
): FakeSource {
  const source: FakeSource = {
    title: 'GeminiWebhooks, eu-central-1',
    projects: ['default', 'research'],
    allowsChanges: false,
    refreshMs: 50,
    local: undefined,
    rows: Array.from({ length: count }, (_, age) => fakeJob(age)),
    changes: [],
    objects: new Map(),
    details: new Map(),
    deliveryRows: [],
    healthRows: [],
    async jobs(query) {
      const found = source.rows
        .filter((row) => fits(row, query))
        .map((row) => ({ row, place: placeOf(row) }))
        .filter(({ place }) => query.cursor === undefined || place < query.cursor)
        .toSorted((a, b) => (a.place < b.place ? 1 : -1));
      const page = found.slice(0, query.limit);
      return { rows: page.map(({ row }) => row), next: found.length > page.length ? page.at(-1)?.place : undefined };
    },
    async job({ project, jobType, id }) {
      const row = source.rows.find(
        (one) => one.project === project && one.jobType === jobType && nameOf(one).id === id,
      );
      if (row === undefined) return undefined;
      return { row, deliveries: [], manifests: [], events: undefined, ...source.details.get(row.jobId) };
    },
    logs: async ({ jobId }) => source.details.get(jobId)?.logs ?? [],
    async object(key) {
      const found = source.objects.get(key);
      if (found === undefined) return undefined;
      const { content, contentType } = found;
      return {
        bytes: content.length,
        contentType,
        open: async (start, end) => ReadableStream.from([content.subarray(start, end + 1)]),
      };
    },
    deliveries: async () => ({
      rows: source.deliveryRows,
      refused: [
        { code: 'ERR_SIGNATURE_MISMATCH', count: 12 },
        { code: 'ERR_TOKEN_MISMATCH', count: 3 },
      ],
      refusedSince: 'in the last 24 hours',
      quarantined: 2,
    }),
    health: async () => source.healthRows,
    async change(change) {
      source.changes.push(change);
      if (change.kind === 'repair') throw new CliError('The webhook could not be set right.');
      return `Done: ${change.kind}`;
    },
    ...options,
  };
  return source;
}
