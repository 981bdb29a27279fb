/**
 * How much of DynamoDB a run of the reconciler reads, by the size of the ledger: `npm run bench -- ledger`. The named limit is a
 * run on a ledger of 1,000 jobs. Counts, not times: dynalite is not DynamoDB.
 */
import { type AttributeValue, BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { renderTable } from '../../cli/table.ts';
import { LEDGER_SHARDS } from '../../lambda/contract.ts';
import { DynamoDbIdempotencyStore } from '../../lambda/events/idempotency.client.ts';
import { DynamoDbJobLedger } from '../../lambda/ledger/ledger.client.ts';
import { reconcile } from '../../lambda/reconcile/reconcile.ts';
import { startTables, type Tables } from '../fakes/ledger-table.ts';

const SIZES = [1_000, 10_000, 100_000];
const OPEN = 20;
/** One page of Gemini's list, of batches whose webhooks came. */
const LISTED = 50;
const WRITES_AT_ONCE = 8;
const NOW = new Date('2026-11-24T05:00:00.000Z');

function itemOf(index: number): Record<string, AttributeValue> {
  if (index < LISTED) {
    const known = {
      event_type: { S: 'batch.succeeded' },
      origin: { S: 'webhook' },
      closed_at: { S: NOW.toISOString() },
    };
    return { id: { S: `job#default#batch#${index}` }, project: { S: 'default' }, job_type: { S: 'batch' }, ...known };
  }
  const isOpen = index < LISTED + OPEN;
  return {
    id: { S: `job#default#interaction#v1_${index}` },
    project: { S: 'default' },
    job_type: { S: 'interaction' },
    job_id: { S: `v1_${index}` },
    published_at: { S: '2026-11-24T04:30:00.000Z' },
    ...(isOpen
      ? {
          queue: { S: `unstored#default#interaction#${index % LEDGER_SHARDS}` },
          due: { N: String(NOW.getTime() - 60_000 * (index + 1)) },
        }
      : { closed_at: { S: '2026-11-24T04:31:00.000Z' } }),
  };
}

async function fill({ client }: Tables, size: number): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < size) {
      const from = next;
      next += 25;
      const requests = Array.from({ length: Math.min(25, size - from) }, (_, index) => ({
        PutRequest: { Item: itemOf(from + index) },
      }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { JobLedger: requests } }));
      if (process.stderr.isTTY && from % 5000 === 0) process.stderr.write(`\r${from + 25} of ${size} jobs written`);
    }
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, work));
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

interface Read {
  readonly Items?: readonly unknown[];
  readonly Responses?: Readonly<Record<string, readonly unknown[]>>;
}

/** Reads of both tables in one run, and what it looked at in each. */
async function measure(size: number): Promise<{ readonly calls: Record<string, number>; readonly items: number }> {
  const tables = await startTables();
  try {
    await fill(tables, size);
    const calls: Record<string, number> = {};
    let items = 0;
    const counting = {
      send: async (command: { constructor: { name: string } }) => {
        const name = command.constructor.name.replace('Command', '');
        calls[name] = (calls[name] ?? 0) + 1;
        const output = (await tables.client.send(command as never)) as Read;
        items += (output.Items?.length ?? 0) + (output.Responses?.['JobLedger']?.length ?? 0);
        return output;
      },
    } as never;
    const batch = (id: number) => ({
      name: `batches/${id}`,
      done: true,
      metadata: { state: 'BATCH_STATE_SUCCEEDED', createTime: '2026-11-24T04:00:00Z', endTime: '2026-11-24T04:30:00Z' },
    });
    const list = Buffer.from(JSON.stringify({ operations: Array.from({ length: LISTED }, (_, id) => batch(id)) }));
    await reconcile(
      {
        gemini: {
          get: async () => ({ bytes: list.length, chunks: chunksOf(list) }),
          download: async () => undefined,
        },
        ledger: new DynamoDbJobLedger({ client: counting, tableName: 'JobLedger', now: () => NOW }),
        store: new DynamoDbIdempotencyStore({
          ...{ client: counting, tableName: 'Deliveries', recordTtlSeconds: 604_800, leaseSeconds: 60 },
        }),
        outputs: { find: async () => undefined },
        publisher: { publish: async () => {} },
        clock: () => NOW,
        createOwner: () => 'owner',
        log: { info: () => {}, warn: () => {}, error: () => {} },
        metrics: { count: () => {}, seconds: () => {} },
      },
      {
        project: 'default',
        subscribedEvents: [],
        graceMs: 600_000,
        horizonMs: 48 * 3_600_000,
        askedAtOnce: 4,
        maxPublished: 500,
        retentionMs: { batch: 48 * 3_600_000, interaction: 24 * 3_600_000, video: 48 * 3_600_000 },
        bucket: 'outputs',
        signal: new AbortController().signal,
      },
    );
    return { calls, items };
  } finally {
    tables.close();
  }
}

async function* chunksOf(bytes: Buffer) {
  yield bytes;
}

const rows: string[][] = [];
let first: number | undefined;
for (const size of SIZES) {
  const { calls, items } = await measure(size);
  const reads = ['GetItem', 'Query', 'BatchGetItem'].reduce((sum, name) => sum + (calls[name] ?? 0), 0);
  first ??= reads;
  rows.push([
    size.toLocaleString('en'),
    String(reads),
    String(items),
    String(calls['PutItem'] ?? 0),
    (reads / first).toFixed(2),
  ]);
}
console.log(`A run with ${OPEN} jobs that have not been stored, and one page of Gemini's list:\n`);
console.log(renderTable(['jobs in the ledger', 'reads', 'items read', 'writes', 'of 1,000 jobs'], rows));
process.exitCode = rows.every((row) => row.at(-1) === '1.00') ? 0 : 1;
