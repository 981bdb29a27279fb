/**
 * The reconciler with several jobs, its real adapters included, under every way in which Gemini can answer about each of them
 * and about its list, and with calls that fail or are the last thing that the process does.
 */
import { DynamoDbIdempotencyStore } from '../../lambda/events/idempotency.client.ts';
import type { BusEvent, JobEventDetail } from '../../lambda/events/job-event.ts';
import { onceFor, publishOnce } from '../../lambda/events/publish-once.ts';
import type { Gemini } from '../../lambda/gemini/ports.ts';
import { DynamoDbJobLedger } from '../../lambda/ledger/ledger.client.ts';
import { recordJobs } from '../../lambda/ledger/record-job.ts';
import { reconcile } from '../../lambda/reconcile/reconcile.ts';
import type { ReconcilePorts } from '../../lambda/reconcile/reconcile-run.ts';
import { PermanentError, TransientError } from '../../lambda/shared/errors.ts';
import { DynamoDbTable } from '../fakes/dynamodb-table.ts';
import type { Choose } from './explore.ts';

const START = Date.parse('2026-11-24T05:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BATCH = 'batches/b';
const INTERACTIONS = ['v1_a', 'v1_c'];
/** Of one run: Gemini may be of another mind in the next. */
const ANSWERS = ['ended', 'running', 'hidden', 'refused', 'limited', 'odd'] as const;
type Answer = (typeof ANSWERS)[number];
const LISTS = ['shown', 'refused', 'limited'] as const;

export interface ReconcilerModelOptions {
  /** In which Gemini answers as it likes; after them it tells the truth, which is that all jobs have ended. */
  readonly runs: number;
  /** Publications and completions that do not go well. */
  readonly maxFaults: number;
}

class World {
  now = START;
  readonly ledgerTable = new DynamoDbTable();
  readonly storeTable = new DynamoDbTable();
  readonly published: BusEvent[] = [];
  recorded = 0;
  faultsLeft = 0;
  faultsOfRun = 0;
  isDead = false;
  /** Whether something went amiss between publish and complete. */
  hasUncompleted = false;
  owners = 0;
  readonly asked = new Set<string>();
  wasListAsked = false;
  /** Until then Gemini asked for no list. */
  listNotBefore = 0;
  /** Jobs of which Gemini said in this run that they have ended. */
  counted = new Set<string>();
}

/** @throws when an invariant is broken in this run */
export async function runReconcilerModel(options: ReconcilerModelOptions, choose: Choose): Promise<void> {
  const world = new World();
  world.faultsLeft = options.maxFaults;
  for (const jobId of INTERACTIONS) {
    const submittedAt = new Date(START - HOUR);
    const job = { project: 'default', jobType: 'interaction', jobId } as const;
    await ledgerOf(world).record({ ...job, kind: 'submitted', submittedAt, userMetadata: {} });
  }
  for (let run = 0; run < options.runs; run += 1) {
    world.faultsOfRun = 0;
    await runOnce(world, choose, geminiOf(world, choose));
    // Whatever Gemini answered about the others, and about its list.
    if (world.faultsOfRun === 0 && !world.wasListAsked) throw new Error('the list was not looked at');
    if (world.faultsOfRun === 0 && run === 0 && world.asked.size < INTERACTIONS.length)
      throw new Error('a job was not asked for');
    if (world.faultsOfRun === 0) for (const jobId of world.counted) mustBeAnnounced(world, jobId, 'held up by another');
    await record(world);
    world.now += 15 * MINUTE;
  }
  world.faultsLeft = 0;
  // An hour is what Gemini asked for at most; a lease runs out meanwhile.
  for (let run = 0; run < 3; run += 1) {
    world.now += HOUR + MINUTE;
    await runOnce(world, choose, truth());
    await record(world);
  }
  for (const jobId of [BATCH, ...INTERACTIONS]) {
    mustBeAnnounced(world, jobId, 'lost');
    mustBeOnce(world, jobId);
    await deliverLate(world, jobId);
    // As after a crash of the verifier: on the bus, and its record does not say so.
    if (!world.hasUncompleted) mustBeOnce(world, jobId);
  }
}

function mustBeOnce(world: World, jobId: string): void {
  const { length } = world.published.filter(({ detail }) => detail.jobId === jobId);
  if (length > 1) throw new Error(`${jobId}: announced ${length} times`);
}

function mustBeAnnounced(world: World, jobId: string, otherwise: string): void {
  if (!world.published.some(({ detail }) => detail.jobId === jobId)) throw new Error(`${jobId}: ${otherwise}`);
}

async function runOnce(world: World, choose: Choose, gemini: Gemini): Promise<void> {
  world.isDead = false;
  world.counted.clear();
  world.wasListAsked = world.listNotBefore > world.now;
  const options = {
    ...{ project: 'default', subscribedEvents: ['batch.succeeded', 'interaction.completed'], bucket: 'outputs' },
    ...{ graceMs: 10 * MINUTE, horizonMs: 48 * HOUR, askedAtOnce: 1, maxPublished: 100 },
    retentionMs: { batch: 48 * HOUR, video: 48 * HOUR, interaction: 24 * HOUR },
    signal: new AbortController().signal,
  };
  await reconcile(portsOf(world, choose, gemini), options).catch((error: unknown) => {
    if (!world.isDead) throw error;
  });
}

/** The recorder is a process of its own. */
async function record(world: World): Promise<void> {
  const events = world.published.slice(world.recorded).map(({ detailType, time, detail }, index) => {
    const body = { source: 'gemini.webhooks', 'detail-type': detailType, time: time.toISOString(), detail };
    return { messageId: String(index), body: JSON.stringify(body), publishedAt: new Date(world.now) };
  });
  world.recorded = world.published.length;
  world.isDead = false;
  const again = await recordJobs({ ledger: ledgerOf(world), log: { error: () => {} } }, events);
  if (again.length > 0) throw new Error('an event was not recorded');
}

/** The webhook, after all. */
async function deliverLate(world: World, jobId: string): Promise<void> {
  const jobType = jobId === BATCH ? 'batch' : 'interaction';
  const type = jobType === 'batch' ? 'batch.succeeded' : 'interaction.completed';
  const at = new Date(world.now).toISOString();
  const detail: JobEventDetail = {
    schemaVersion: '1',
    ...{ project: 'default', webhookId: `msg_${jobId}`, type, jobType, jobId, status: 'ended' },
    ...{ occurredAt: at, receivedAt: at, origin: 'webhook', scheme: 'v1', verifiedJob: true },
    ...{ displayName: null, userMetadata: {}, data: {} },
  };
  await publishOnce(
    portsOf(world, () => 0, truth()),
    onceFor(detail, 'ab'),
  );
}

function ledgerOf(world: World): DynamoDbJobLedger {
  return new DynamoDbJobLedger({
    client: world.ledgerTable.client(),
    tableName: 'JobLedger',
    now: () => new Date(world.now),
  });
}

function portsOf(world: World, choose: Choose, gemini: Gemini): ReconcilePorts {
  const ledger = ledgerOf(world);
  const store = new DynamoDbIdempotencyStore({
    ...{ client: world.storeTable.client(), tableName: 'Deliveries', recordTtlSeconds: 7 * 86_400, leaseSeconds: 60 },
  });
  const alive = <Value>(effect: () => Promise<Value>): Promise<Value> => {
    if (world.isDead) throw new Error('the process is gone');
    return effect();
  };
  /** Goes well, fails without effect, loses its answer, or is the last call of the process. */
  const risky = async <Value>(effect: () => Promise<Value>): Promise<Value> => {
    const outcome = world.isDead || world.faultsLeft === 0 ? 0 : choose(4);
    world.faultsLeft -= Number(outcome !== 0);
    world.faultsOfRun += Number(outcome !== 0);
    world.hasUncompleted ||= outcome !== 0;
    if (outcome === 1) throw new TransientError('ERR_PUBLISH_FAILED', 'away');
    const value = await alive(effect);
    if (outcome === 0) return value;
    world.isDead = outcome === 3;
    throw new TransientError('ERR_PUBLISH_FAILED', 'no answer');
  };
  return {
    gemini,
    ledger: {
      record: (fact) => alive(() => ledger.record(fact)),
      find: (jobs) => alive(() => ledger.find(jobs)),
      list: (query) => alive(() => ledger.list(query)),
      postpone: (...call) => alive(() => ledger.postpone(...call)),
      readCursor: (project) => alive(() => ledger.readCursor(project)),
      writeCursor: (...call) => alive(() => ledger.writeCursor(...call)),
    },
    store: {
      claim: (...call) => alive(() => store.claim(...call)),
      complete: (...call) => risky(() => store.complete(...call)),
      release: (...call) => alive(() => store.release(...call)),
    },
    publisher: { publish: (event) => risky(async () => void world.published.push(event)) },
    outputs: { find: async () => undefined },
    createOwner: () => `owner-${++world.owners}`,
    clock: () => new Date(world.now),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: { count: () => {}, seconds: () => {} },
  };
}

function geminiOf(world: World, choose: Choose): Gemini {
  return {
    async get(path) {
      const jobId = /^interactions\/([^?]+)/.exec(path)?.[1];
      if (jobId === undefined && !path.startsWith('batches?')) return undefined;
      const answer: Answer | 'shown' =
        (jobId === undefined ? LISTS[choose(LISTS.length)] : ANSWERS[choose(ANSWERS.length)]) ?? 'refused';
      if (jobId === undefined) world.wasListAsked = true;
      else world.asked.add(jobId);
      if (jobId === undefined && answer === 'limited') world.listNotBefore = world.now + HOUR;
      switch (answer) {
        case 'shown':
        case 'ended':
          world.counted.add(jobId ?? BATCH);
          return download(jobId === undefined ? list() : interaction(jobId, 'completed'));
        case 'running':
          return download(interaction(jobId ?? '', 'in_progress'));
        case 'hidden':
          return undefined;
        case 'refused':
          throw new TransientError('ERR_GEMINI_REFUSED', 'HTTP 403');
        case 'limited':
          throw new TransientError('ERR_RATE_LIMITED', 'HTTP 429', { retryAfterSeconds: 3600 });
        case 'odd':
          throw new PermanentError('ERR_OUTPUT_INVALID', 'not JSON');
      }
    },
    download: async () => undefined,
  };
}

function truth(): Gemini {
  return {
    async get(path) {
      const jobId = /^interactions\/([^?]+)/.exec(path)?.[1];
      if (path.startsWith('batches?')) return download(list());
      return jobId === undefined ? undefined : download(interaction(jobId, 'completed'));
    },
    download: async () => undefined,
  };
}

const CREATED = new Date(START - HOUR).toISOString();
const ENDED = new Date(START - 30 * MINUTE).toISOString();

function interaction(id: string, status: string): object {
  return { id, status, created: CREATED, updated: ENDED };
}

function list(): object {
  const metadata = { state: 'BATCH_STATE_SUCCEEDED', createTime: CREATED, endTime: ENDED };
  return { operations: [{ name: BATCH, done: true, metadata }] };
}

function download(answer: object) {
  const body = Buffer.from(JSON.stringify(answer));
  async function* chunks() {
    yield body;
  }
  return { bytes: body.length, chunks: chunks() };
}
