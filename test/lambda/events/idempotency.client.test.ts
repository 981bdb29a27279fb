import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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

    await store.claim(claimOf('second', id), later(15));
    expect(await store.claim(claimOf('second', id), later(15))).toEqual({ outcome: 'claimed', attempts: 2 });
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

it('writes the record in the words of Powertools, with what came and the job', async () => {
  const store = new DynamoDbIdempotencyStore({
    ...{ client, tableName: 'Deliveries', recordTtlSeconds: 7 * DAY, leaseSeconds: 15 },
  });
  const Key = { id: { S: newId() } };
  const read = async () => (await client.send(new GetItemCommand({ TableName: 'Deliveries', Key }))).Item;

  await store.claim({ ...claimOf('first', Key.id.S), jobId: 'batches/abc' }, NOW);
  const claimed = {
    ...{ ...Key, status: { S: 'INPROGRESS' }, owner: { S: 'first' }, attempts: { N: '1' } },
    ...{ delivery: { S: 'v1#msg_1' }, body_sha256: { S: 'ab' }, received_at: { S: '2026-11-24T05:00:00.000Z' } },
    ...{ event_type: { S: 'batch.succeeded' }, job_id: { S: 'batches/abc' } },
    ...{ in_progress_expiration: { N: '1795496415000' }, expiration: { N: '1796101200' } },
  };
  expect(await read()).toEqual(claimed);

  await store.complete(Key.id.S, 'first', later(60));
  expect(await read()).toEqual({ ...claimed, status: { S: 'COMPLETED' }, expiration: { N: '1796101260' } });
});

describe('a claim that is refused', () => {
  const REFUSED = { message: 'The conditional request failed', $metadata: {} };
  const claimAt = async (answers: (command: { readonly input: object }) => Promise<object>) => {
    const send = vi.fn(answers);
    const store = new DynamoDbIdempotencyStore({
      client: { send } as unknown as DynamoDBClient,
      ...{ tableName: 'Deliveries', recordTtlSeconds: 7 * DAY, leaseSeconds: 15 },
    });
    const result = store.claim(claimOf('first', 'v1#a'), NOW);
    return { send, result: await result.catch((error: unknown) => error) };
  };

  it('asks DynamoDB for the record that is there, and reads it where it is not given', async () => {
    const Item = {
      status: { S: 'INPROGRESS' },
      owner: { S: 'second' },
      in_progress_expiration: { N: '1795496415000' },
    };
    const held = { outcome: 'in-progress', leaseEndsAt: later(15) };

    const given = await claimAt(() => Promise.reject(new ConditionalCheckFailedException({ ...REFUSED, Item })));
    expect(given.result).toEqual(held);
    expect(given.send.mock.calls).toMatchObject([[{ input: { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } }]]);

    const read = await claimAt(async ({ input }) => {
      if ('UpdateExpression' in input) throw new ConditionalCheckFailedException(REFUSED);
      return { Item };
    });
    expect(read.result).toEqual(held);
    expect(read.send.mock.calls[1]).toMatchObject([{ input: { Key: { id: { S: 'v1#a' } }, ConsistentRead: true } }]);
  });

  it('is free at once when the record is gone meanwhile', async () => {
    const { result } = await claimAt(async ({ input }) => {
      if ('UpdateExpression' in input) throw new ConditionalCheckFailedException(REFUSED);
      return {};
    });

    expect(result).toEqual({ outcome: 'in-progress', leaseEndsAt: new Date(0) });
  });

  it('is a duplicate of a record of which nothing is left but its key', async () => {
    const Item = { id: { S: 'v1#a' }, status: { S: 'COMPLETED' } };
    const { result } = await claimAt(() => Promise.reject(new ConditionalCheckFailedException({ ...REFUSED, Item })));

    expect(result).toEqual({ outcome: 'completed', delivery: '', bodySha256: '', receivedAt: new Date(0) });
  });

  it('is not one when DynamoDB fails for another reason, though the record can be read', async () => {
    const { result } = await claimAt(async ({ input }) => {
      if ('UpdateExpression' in input) throw new Error('throttled');
      return { Item: { status: { S: 'COMPLETED' } } };
    });

    expect(result).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
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
