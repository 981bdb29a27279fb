import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DynamoDbJobLedger } from '../../../lambda/adapters/dynamodb-job-ledger.ts';
import type { LedgerFact } from '../../../lambda/domain/job-ledger.ts';
import { startTables, type Tables } from '../../fakes/ledger-table.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');
const before = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

let tables: Tables;
let ledger: DynamoDbJobLedger;
let sources = 0;
const newSource = () => `s${++sources}`;

beforeAll(async () => {
  tables = await startTables();
  ledger = new DynamoDbJobLedger({ client: tables.client, tableName: 'JobLedger', now: () => NOW });
});
afterAll(() => tables.close());

function factsOf(source: string) {
  const job = { source, jobType: 'interaction', jobId: 'v1_a' } as const;
  const submitted: LedgerFact = { ...job, kind: 'submitted', submittedAt: before(60), userMetadata: { team: 'a' } };
  const announced: LedgerFact = {
    ...job,
    kind: 'announced',
    eventType: 'interaction.completed',
    webhookId: 'msg_1',
    origin: 'webhook',
    endedAt: before(30),
    deliveredAt: before(29),
    publishedAt: before(28),
    userMetadata: {},
  };
  const landed: LedgerFact = {
    ...job,
    kind: 'landed',
    createdAt: before(61),
    fetchStartedAt: before(27),
    landedAt: before(26),
    manifestKey: 'p/manifest.json',
  };
  const failed: LedgerFact = {
    ...job,
    kind: 'failed',
    failedAt: before(20),
    code: 'ERR_RATE_LIMITED',
    retryable: true,
    manifestKey: undefined,
  };
  return { job, submitted, announced, landed, failed };
}

async function openIn(source: string) {
  const open = [];
  for (const state of ['awaited', 'unlanded'] as const) {
    const jobs = await ledger.listOpen({ state, source, jobType: 'interaction' }, NOW, 10);
    open.push(...jobs.map(({ jobId, due }) => [state, jobId, due.toISOString()]));
  }
  return open;
}

it('moves a job from awaited to unlanded, and out of the index when it landed', async () => {
  const source = newSource();
  const { submitted, announced, landed } = factsOf(source);

  await ledger.tell(submitted);
  expect(await openIn(source)).toEqual([['awaited', 'v1_a', '2026-11-24T04:00:00.000Z']]);
  await ledger.tell(announced);
  expect(await openIn(source)).toEqual([['unlanded', 'v1_a', '2026-11-24T04:30:00.000Z']]);
  await ledger.tell(landed);
  expect(await openIn(source)).toEqual([]);

  const { Item } = await tables.client.send(
    new GetItemCommand({ TableName: 'JobLedger', Key: { id: { S: `job#${source}#interaction#v1_a` } } }),
  );
  expect(Item).toEqual({
    id: { S: `job#${source}#interaction#v1_a` },
    source: { S: source },
    job_type: { S: 'interaction' },
    job_id: { S: 'v1_a' },
    submitted_at: { S: '2026-11-24T04:00:00.000Z' },
    created_at: { S: '2026-11-24T03:59:00.000Z' },
    ended_at: { S: '2026-11-24T04:30:00.000Z' },
    delivered_at: { S: '2026-11-24T04:31:00.000Z' },
    published_at: { S: '2026-11-24T04:32:00.000Z' },
    fetch_started_at: { S: '2026-11-24T04:33:00.000Z' },
    landed_at: { S: '2026-11-24T04:34:00.000Z' },
    closed_at: { S: '2026-11-24T04:34:00.000Z' },
    event_type: { S: 'interaction.completed' },
    webhook_id: { S: 'msg_1' },
    origin: { S: 'webhook' },
    manifest_key: { S: 'p/manifest.json' },
    user_metadata: { S: '{"team":"a"}' },
    // 60 days later, in seconds.
    expiration: { N: '1800680400' },
  });
});

it.each([
  ['landed', 'announced', 'submitted'],
  ['landed', 'submitted', 'announced'],
  ['announced', 'landed', 'submitted'],
  ['submitted', 'landed', 'announced'],
  ['announced', 'submitted', 'landed'],
] as const)('is the same whatever comes first: %s, %s, %s, and each twice', async (...order) => {
  const source = newSource();
  const facts = factsOf(source);

  for (const kind of [...order, ...order]) await ledger.tell(facts[kind]);

  expect(await openIn(source)).toEqual([]);
  expect([...(await ledger.find([facts.job])).values()]).toEqual([
    { eventType: 'interaction.completed', origin: 'webhook', submittedAt: before(60), userMetadata: { team: 'a' } },
  ]);
});

it('keeps a job open whose fetch may be tried again, and closes one for which it may not', async () => {
  const source = newSource();
  const { announced, failed } = factsOf(source);

  await ledger.tell(announced);
  await ledger.tell(failed);
  expect(await openIn(source)).toEqual([['unlanded', 'v1_a', '2026-11-24T04:30:00.000Z']]);
  await ledger.tell({ ...failed, retryable: false } as LedgerFact);
  expect(await openIn(source)).toEqual([]);
});

it.each([
  ['before', ['failed', 'landed']],
  ['after', ['landed', 'failed']],
] as const)('names the manifest of the landing, and not that of a failure that is told %s it', async (_when, order) => {
  const source = newSource();
  const facts = factsOf(source);
  const failed = { ...facts.failed, manifestKey: 'p/fetch-failed/manifest.json' } as LedgerFact;

  for (const kind of order) await ledger.tell(kind === 'failed' ? failed : facts.landed);

  const Key = { id: { S: `job#${source}#interaction#v1_a` } };
  const { Item } = await tables.client.send(new GetItemCommand({ TableName: 'JobLedger', Key }));
  expect(Item?.['manifest_key']).toEqual({ S: 'p/manifest.json' });
});

it('asks for an awaited job later, but not for one that was announced', async () => {
  const source = newSource();
  const { job, submitted, announced } = factsOf(source);

  await ledger.tell(submitted);
  await ledger.postpone(job, before(10));
  await ledger.tell(submitted);
  expect(await openIn(source)).toEqual([['awaited', 'v1_a', '2026-11-24T04:50:00.000Z']]);
  await ledger.tell(announced);
  await ledger.postpone(job, before(5));
  expect(await openIn(source)).toEqual([['unlanded', 'v1_a', '2026-11-24T04:30:00.000Z']]);
});

it('lists what is due, the earliest first, and of its own queue only', async () => {
  const source = newSource();
  const { submitted } = factsOf(source);
  for (const [jobId, minutes] of [
    ['late', 5],
    ['early', 50],
    ['middle', 20],
  ] as const) {
    await ledger.tell({ ...submitted, jobId, submittedAt: before(minutes) } as LedgerFact);
  }
  const queue = { state: 'awaited', source, jobType: 'interaction' } as const;

  expect((await ledger.listOpen(queue, before(10), 10)).map(({ jobId }) => jobId)).toEqual(['early', 'middle']);
  expect((await ledger.listOpen(queue, NOW, 1)).map(({ jobId }) => jobId)).toEqual(['early']);
  expect(await ledger.listOpen({ ...queue, jobType: 'video' }, NOW, 10)).toEqual([]);
});

it('keeps one cursor for each source', async () => {
  const [one, other] = [newSource(), newSource()];
  const cursor = { firstRunAt: NOW.toISOString(), isFull: true, pageToken: 'p2' };

  await ledger.writeCursor(one, cursor);

  expect(await ledger.readCursor(one)).toEqual(cursor);
  expect(await ledger.readCursor(other)).toBeUndefined();
});

it('says that the store is away', async () => {
  const client = { send: () => Promise.reject(new Error('ECONNREFUSED')) } as never;
  const away = new DynamoDbJobLedger({ client, tableName: 'JobLedger', now: () => NOW });

  for (const call of [away.tell(factsOf('x').landed), away.find([factsOf('x').job]), away.readCursor('x')]) {
    await expect(call).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  }
});
