/**
 * Many deliveries of many events in random order, with duplicates, sent as Gemini would: again until they are answered
 * 2xx. Then the ledger, the bus and the bucket are compared.
 */
import { readFileSync } from 'node:fs';
import { type AttributeValue, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Run } from '../../local/run/run.ts';
import { signedHeaders } from '../fakes/signed.ts';

export interface LoadOptions {
  /** Different events, each about a job that does not exist: what is fetched is asked for, and not found. */
  readonly events: number;
  /** Of all events together. */
  readonly deliveries: number;
  readonly concurrency: number;
  /** Added to every timestamp. */
  readonly skewSeconds?: number;
  /** Stands in the ids of the events, so that several loads can be sent to one run. */
  readonly name: string;
  /** Picks the order; the same seed sends the same. */
  readonly seed: number;
}

export interface LoadReport {
  readonly sent: number;
  readonly attempts: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly acknowledged: number;
}

const RETRY_MS = 100;
const MAX_ATTEMPTS = 300;

/** @returns when every delivery was acknowledged, or given up */
export async function send(run: Run, options: LoadOptions): Promise<LoadReport> {
  const random = generator(options.seed);
  const order = Array.from({ length: options.deliveries }, (_, index) => index % options.events);
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [order[index], order[other]] = [order[other] ?? 0, order[index] ?? 0];
  }
  const answers: Record<string, number> = {};
  let attempts = 0;
  let acknowledged = 0;
  let next = 0;
  async function work(): Promise<void> {
    for (let event = order[next++]; event !== undefined; event = order[next++]) {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const status = await post(run, idOf(options.name, event), event, options.skewSeconds ?? 0);
        attempts += 1;
        answers[status] = (answers[status] ?? 0) + 1;
        if (status === 200) {
          acknowledged += 1;
          break;
        }
        await new Promise((done) => setTimeout(done, RETRY_MS));
      }
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, work));
  return { sent: options.deliveries, attempts, answers, acknowledged };
}

const idOf = (name: string, event: number | '') => `msg_${name.replaceAll(/\W/g, '_')}_${event}`;

async function post(run: Run, id: string, event: number, skewSeconds: number): Promise<number> {
  const { webhookUrl, signingSecret } = run.endpoints;
  const body = JSON.stringify({ type: 'ping.of.2027', version: 'v1', data: { number: event } });
  const timestamp = Math.floor(Date.now() / 1000) + skewSeconds;
  const headers = { 'content-type': 'application/json', ...signedHeaders(signingSecret, id, body, timestamp) };
  try {
    const response = await fetch(webhookUrl, { method: 'POST', body, headers });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

export interface Books {
  /** Records in the table, and those of them that are COMPLETED. */
  readonly records: number;
  readonly completed: number;
  /** Events on the bus, and different ones among them. */
  readonly published: number;
  readonly distinct: number;
}

/** What the table and the bus say about the events of one load. */
export async function readBooks(run: Run, name: string): Promise<Books> {
  const ids = readFileSync(run.endpoints.eventsFile, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => String(JSON.parse(line).detail.webhookId))
    .filter((id) => id.startsWith(idOf(name, '')));
  const items = await scan(run, name);
  return {
    records: items.length,
    completed: items.filter(({ status }) => status?.S === 'COMPLETED').length,
    published: ids.length,
    distinct: new Set(ids).size,
  };
}

async function scan(run: Run, name: string): Promise<Record<string, AttributeValue>[]> {
  const client = new DynamoDBClient({
    endpoint: run.endpoints.dynamodbUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  const items: Record<string, AttributeValue>[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await client.send(new ScanCommand({ TableName: run.endpoints.table, ExclusiveStartKey }));
    items.push(...(page.Items ?? []).filter(({ delivery }) => delivery?.S?.startsWith(`v1#${idOf(name, '')}`)));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  client.destroy();
  return items;
}

/** Numerical Recipes' linear congruential generator. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
