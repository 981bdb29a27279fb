import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbIdempotencyStore } from '../../../lambda/events/idempotency.client.ts';
import { DynamoDbTable, type UpdateInput } from '../../fakes/dynamodb-table.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');
const DAY = 86_400;
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

const server = dynalite({ createTableMs: 0 });
let client: DynamoDBClient;
let ids = 0;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  await client.send(
    new CreateTableCommand({
      TableName: 'Deliveries',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
});

afterAll(() => {
  client.destroy();
  server.close();
});

function claimOf(owner: string, id: string) {
  return {
    id,
    owner,
    delivery: 'v1#msg_1',
    eventType: 'batch.succeeded',
    jobId: null,
    bodySha256: 'ab',
    receivedAt: NOW,
  };
}
const newId = () => `v1#msg_${++ids}`;

/** Evaluates the same commands without a server: the model's table. */
function inMemory(): DynamoDBClient {
  const table = new DynamoDbTable();
  const send = async ({ input }: { input: UpdateInput }) =>
    input.UpdateExpression === undefined ? table.get(input.Key) : table.update(input);
  return { send } as unknown as DynamoDBClient;
}

describe.each([
  ['dynalite', () => client],
  ['the table of the model', inMemory],
])('on %s', (_name, clientOf) => {
  let store: DynamoDbIdempotencyStore;
  beforeAll(() => {
    const options = { tableName: 'Deliveries', recordTtlSeconds: 7 * DAY, leaseSeconds: 15 };
    store = new DynamoDbIdempotencyStore({ ...options, client: clientOf() });
  });

  it('gives the lease to one of twenty', async () => {
    const id = newId();

    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.claim(claimOf(`owner-${i}`, id), NOW)),
    );

    expect(results.filter(({ outcome }) => outcome === 'claimed')).toEqual([{ outcome: 'claimed', attempts: 1 }]);
    expect(results.filter(({ outcome }) => outcome === 'in-progress')).toHaveLength(19);
  });

  it('names the end of the lease to the others, and lets it be taken over then', async () => {
    const id = newId();
    await store.claim(claimOf('first', id), NOW);

    expect(await store.claim(claimOf('second', id), later(14.999))).toEqual({
      outcome: 'in-progress',
      leaseEndsAt: later(15),
    });
    expect(await store.claim(claimOf('second', id), later(15))).toEqual({ outcome: 'claimed', attempts: 2 });
    expect(await store.complete(id, 'first', later(16))).toBe(false);
    expect(await store.complete(id, 'second', later(16))).toBe(true);
  });

  it('lets a repeated call of the owner find its own lease', async () => {
    const id = newId();
    await store.claim(claimOf('first', id), NOW);

    expect(await store.claim(claimOf('first', id), NOW)).toEqual({ outcome: 'claimed', attempts: 1 });
  });

  it('remembers what was completed until the record expires, deleted or not', async () => {
    const id = newId();
    await store.claim(claimOf('first', id), NOW);
    await store.complete(id, 'first', NOW);

    expect(await store.claim(claimOf('second', id), later(7 * DAY - 1))).toEqual({
      outcome: 'completed',
      delivery: 'v1#msg_1',
      bodySha256: 'ab',
      receivedAt: NOW,
    });
    expect(await store.claim(claimOf('second', id), later(7 * DAY))).toMatchObject({ outcome: 'claimed' });
  });

  it('frees a released lease at once, for its owner only', async () => {
    const id = newId();
    await store.claim(claimOf('first', id), NOW);
    await store.release(id, 'somebody');
    expect(await store.claim(claimOf('second', id), NOW)).toMatchObject({ outcome: 'in-progress' });

    await store.release(id, 'first');

    expect(await store.claim(claimOf('second', id), NOW)).toEqual({ outcome: 'claimed', attempts: 2 });
  });
});

it('says that the store is unavailable when it does not answer', async () => {
  const away = new DynamoDbIdempotencyStore({
    client: new DynamoDBClient({
      endpoint: 'http://127.0.0.1:9',
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    }),
    tableName: 'Deliveries',
    recordTtlSeconds: 7 * DAY,
    leaseSeconds: 15,
  });

  await expect(away.claim(claimOf('first', newId()), NOW)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  await expect(away.complete('v1#x', 'first', NOW)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
});
