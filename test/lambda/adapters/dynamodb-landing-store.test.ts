import { afterAll, beforeAll, expect, it } from 'vitest';
import { DynamoDbLandingStore } from '../../../lambda/adapters/dynamodb-landing-store.ts';
import type { LandingProgress } from '../../../lambda/domain/landing-progress.ts';
import { startTables, type Tables } from '../../fakes/ledger-table.ts';

const PREFIX = 'batch/source=default/date=2026-11-24/job=a/succeeded/';
const PROGRESS: LandingProgress = {
  startedAt: '2026-11-24T05:00:00.000Z',
  invocations: 2,
  objects: [{ key: `${PREFIX}batch.json`, bytes: 3, sha256: 'ab', contentType: 'application/json', source: 'job#' }],
  counts: { requests: 3 },
  notes: ['n'],
  file: {
    ...{ fileId: 'batch-a', key: `${PREFIX}responses.jsonl`, contentType: 'application/jsonl', total: 99 },
    // As many parts as an upload may have.
    upload: {
      uploadId: 'u',
      etags: Array(10_000).fill('"0123456789abcdef0123456789abcdef"').join(' '),
      bytes: 9,
      sha256: 's',
    },
  },
};
let tables: Tables;
let now = new Date('2026-11-24T05:00:00.000Z');
let store: DynamoDbLandingStore;

beforeAll(async () => {
  tables = await startTables();
  store = new DynamoDbLandingStore({ client: tables.client, tableName: 'JobLedger', clock: () => now });
});
afterAll(() => tables.close());

it('keeps a landing until it is forgotten, and has room for 10,000 parts', async () => {
  expect(await store.load(PREFIX)).toBeUndefined();
  await store.save(PREFIX, PROGRESS);
  expect(await store.load(PREFIX)).toEqual(PROGRESS);
  await store.forget(PREFIX);
  await store.forget(PREFIX);
  expect(await store.load(PREFIX)).toBeUndefined();
});

it('forgets by itself after four days, whether DynamoDB has deleted it or not', async () => {
  await store.save(PREFIX, PROGRESS);
  now = new Date('2026-11-28T04:59:59.000Z');
  expect(await store.load(PREFIX)).toEqual(PROGRESS);
  now = new Date('2026-11-28T05:00:00.000Z');
  expect(await store.load(PREFIX)).toBeUndefined();
});

it('says that the store is away', async () => {
  const client = { send: () => Promise.reject(new Error('ECONNREFUSED')) } as never;
  const away = new DynamoDbLandingStore({ client, tableName: 'JobLedger', clock: () => now });

  for (const call of [away.load(PREFIX), away.save(PREFIX, PROGRESS), away.forget(PREFIX)]) {
    await expect(call).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  }
});
