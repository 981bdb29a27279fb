import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { DynamoDbQuarantine } from '../../../lambda/receive/quarantine.client.ts';
import type { KeptDelivery } from '../../../lambda/receive/quarantined.ts';
import { startTables, type Tables } from '../../fakes/ledger-table.ts';

const NOW = new Date('2026-11-24T05:00:00.500Z');
const HOUR = new Date('2026-11-24T05:00:00.000Z');
const KEPT: KeptDelivery = {
  ...{ id: 'id-1', project: 'acme', kind: 'dynamic', receivedAt: NOW },
  headers: { 'webhook-id': 'msg_1', 'webhook-signature': 'v1,abc' },
  body: Buffer.from([0xff, 0x00, 0x7b]),
};

let tables: Tables;
let quarantine: DynamoDbQuarantine;
beforeAll(async () => {
  tables = await startTables();
  quarantine = new DynamoDbQuarantine({
    ...{ client: tables.client, tableName: 'Deliveries', ttlSeconds: 3600, maxPerHour: 2 },
  });
});
beforeEach(async () => {
  for (const { id } of await kept()) await quarantine.remove(id);
});
afterAll(() => tables.close());

async function kept(now = NOW) {
  const found = [];
  for await (const delivery of quarantine.list(now)) found.push(delivery);
  return found;
}

it('gives back every byte, until it is removed', async () => {
  const other: KeptDelivery = { ...KEPT, id: 'id-2', kind: 'static', body: Buffer.from('{}') };
  await quarantine.keep(KEPT);
  await quarantine.keep(other);

  expect((await kept()).toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([KEPT, other]);

  await quarantine.remove('id-1');
  expect(await kept()).toEqual([other]);
});

it('has none that has expired, though DynamoDB has not deleted it yet', async () => {
  await quarantine.keep(KEPT);

  expect(await kept(new Date('2026-11-24T05:59:59.999Z'))).toHaveLength(1);
  expect(await kept(new Date('2026-11-24T06:00:00.000Z'))).toEqual([]);
});

it('reads more than one page', async () => {
  // Over the 1 MB of a page.
  const large = Buffer.alloc(64 * 1024);
  for (let index = 0; index < 20; index += 1) await quarantine.keep({ ...KEPT, id: `large-${index}`, body: large });

  const send = vi.spyOn(tables.client, 'send');
  onTestFinished(() => send.mockRestore());

  expect(await kept()).toHaveLength(20);
  expect(send.mock.calls[0]).toMatchObject([{ input: { TableName: 'Deliveries', ConsistentRead: true } }]);
});

it('counts each route and hour by itself, and has the counters deleted two hours later', async () => {
  const route = { project: 'acme', kind: 'dynamic' } as const;
  const reserve = async (change: Partial<typeof route> | { kind: 'static' } = {}, hour = HOUR) =>
    await quarantine.reserve({ ...route, ...change }, hour);

  expect([await reserve(), await reserve(), await reserve()]).toEqual([true, true, false]);
  expect(await reserve({ kind: 'static' })).toBe(true);
  expect(await quarantine.reserve({ project: 'default', kind: 'dynamic' }, HOUR)).toBe(true);
  expect(await reserve({}, new Date('2026-11-24T06:00:00.000Z'))).toBe(true);
  expect(await kept()).toEqual([]);

  const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: 'Deliveries' }));
  expect(Items).toContainEqual({
    id: { S: 'count#acme#dynamic#2026-11-24T05:00:00.000Z' },
    count: { N: '2' },
    // 07:00
    expiration: { N: '1795503600' },
  });
});

it('says that a table that is away may come back', async () => {
  const away = new DynamoDbQuarantine({
    ...{ client: tables.client, tableName: 'Nothing', ttlSeconds: 3600, maxPerHour: 2 },
  });
  const expected = { code: 'ERR_STORE_UNAVAILABLE' };

  await expect(away.reserve({ project: 'acme', kind: 'static' }, HOUR)).rejects.toMatchObject(expected);
  await expect(away.keep(KEPT)).rejects.toMatchObject(expected);
  await expect(away.list(NOW)[Symbol.asyncIterator]().next()).rejects.toMatchObject(expected);
  await expect(away.remove('id-1')).rejects.toMatchObject(expected);
});
