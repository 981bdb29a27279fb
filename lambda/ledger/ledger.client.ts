/**
 * The ledger in DynamoDB: an item for each job, and an index by state and time. What a read costs depends on what it asks for,
 * and not on how many jobs there are.
 */
import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { FETCHED_JOB_TYPES, LEDGER, LEDGER_INDEX, LEDGER_SHARDS } from '../contract.ts';
import { jobKey } from '../events/event-key.ts';
import { ifConditionHolds, orUnavailable, unavailable } from '../shared/dynamodb.client.ts';
import {
  type LedgerEntry,
  type LedgerFact,
  type LedgerJob,
  type LedgerPage,
  type LedgerQuery,
  queueName,
  type SweepCursor,
  shardOf,
} from './facts.ts';
import { type Item, toEntry } from './item.ts';
import type { JobLedger } from './ports.ts';
import { mergeShards, parseCursor, type ShardPage } from './shards.ts';
import { type Attribute, type Attributes, type Move, type Update, updateOf } from './update.ts';

/** Longer than Gemini keeps anything: 55 days. */
export const TTL_SECONDS = 60 * 24 * 3600;
/** Of a batch read that DynamoDB answers in part only. */
const MAX_READS = 5;
/** A date of the year 2286. */
const LAST_DUE = 9_999_999_999_999;

const Cursor = z.object({
  firstRunAt: z.string(),
  pageToken: z.optional(z.string()),
  isFull: z.boolean(),
  lastFullAt: z.optional(z.string()),
  notBefore: z.optional(z.string()),
  askNotBefore: z.optional(z.string()),
  unended: z.optional(z.partialRecord(z.enum(FETCHED_JOB_TYPES), z.object({ jobId: z.string(), since: z.string() }))),
});

export interface DynamoDbJobLedgerOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly now: () => Date;
}

export class DynamoDbJobLedger implements JobLedger {
  readonly #options: DynamoDbJobLedgerOptions;

  constructor(options: DynamoDbJobLedgerOptions) {
    this.#options = options;
  }

  async tell(fact: LedgerFact): Promise<void> {
    const update = updateOf(fact);
    // What comes late must not open again what is closed, nor make a job awaited that was announced.
    if (update.moves !== undefined && (await this.#update(fact, update, update.moves))) return;
    await this.#update(fact, update);
  }

  async find(jobs: readonly LedgerJob[]): Promise<ReadonlyMap<string, LedgerEntry>> {
    const { client, tableName } = this.#options;
    const found = new Map<string, LedgerEntry>();
    let Keys: Record<string, AttributeValue>[] = [...new Set(jobs.map(itemId))].map((id) => ({
      [LEDGER.id]: { S: id },
    }));
    for (let reads = 0; Keys.length > 0; reads += 1) {
      // What was left out is not unknown: a job would be announced twice.
      if (reads === MAX_READS) throw unavailable(new Error(`${Keys.length} items were not read`));
      const command = new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys, ConsistentRead: true } } });
      const { Responses, UnprocessedKeys } = await orUnavailable(client.send(command));
      for (const entry of (Responses?.[tableName] ?? []).flatMap((item) => toEntry(item) ?? [])) {
        found.set(jobKey(entry), entry);
      }
      Keys = UnprocessedKeys?.[tableName]?.Keys ?? [];
    }
    return found;
  }

  async list(query: LedgerQuery): Promise<LedgerPage> {
    const positions = parseCursor(query.cursor);
    const pages = await Promise.all(
      Array.from({ length: LEDGER_SHARDS }, (_, shard) => this.#readShard(query, shard, positions[shard])),
    );
    const { items, next } = mergeShards(pages, positions, query);
    return { jobs: items.flatMap((item) => toEntry(item) ?? []), next };
  }

  async postpone(job: LedgerJob, due: Date, failingSince?: Date): Promise<void> {
    const command = new UpdateItemCommand({
      ...this.#key(job),
      UpdateExpression: failingSince ? 'SET #due = :due, #failing = :failing' : 'SET #due = :due REMOVE #failing',
      ConditionExpression: '#queue = :awaited',
      ExpressionAttributeNames: { '#due': LEDGER.due, '#failing': LEDGER.failingSince, '#queue': LEDGER.queue },
      ExpressionAttributeValues: {
        ':due': { N: String(due.getTime()) },
        ':awaited': { S: queueName({ ...job, state: 'awaited' }, shardOf(job)) },
        ...(failingSince && { ':failing': { S: failingSince.toISOString() } }),
      },
    });
    await ifConditionHolds(this.#options.client.send(command));
  }

  async readCursor(project: string): Promise<SweepCursor | undefined> {
    const { client, tableName: TableName } = this.#options;
    const command = new GetItemCommand({ TableName, Key: cursorKey(project), ConsistentRead: true });
    const { Item } = await orUnavailable(client.send(command));
    const state = Item?.[LEDGER.state]?.S;
    return state === undefined ? undefined : Cursor.parse(JSON.parse(state));
  }

  async writeCursor(project: string, cursor: SweepCursor): Promise<void> {
    const Item = { ...cursorKey(project), [LEDGER.state]: { S: JSON.stringify(cursor) } };
    await orUnavailable(this.#options.client.send(new PutItemCommand({ TableName: this.#options.tableName, Item })));
  }

  async #readShard(query: LedgerQuery, shard: number, start: Item | undefined): Promise<ShardPage> {
    const { since, until, newestFirst = false, limit } = query;
    const queue = queueName(query, shard);
    const command = new QueryCommand({
      TableName: this.#options.tableName,
      IndexName: LEDGER_INDEX,
      KeyConditionExpression: '#queue = :queue AND #due BETWEEN :since AND :until',
      ExpressionAttributeNames: { '#queue': LEDGER.queue, '#due': LEDGER.due },
      ExpressionAttributeValues: {
        ':queue': { S: queue },
        ':since': { N: String(since?.getTime() ?? 0) },
        ':until': { N: String(until?.getTime() ?? LAST_DUE) },
      },
      ScanIndexForward: !newestFirst,
      ...(start && { ExclusiveStartKey: { ...start, [LEDGER.queue]: { S: queue } } }),
      // Twice its share of an even spread, so that a page is mostly full and little is read for nothing.
      Limit: Math.ceil((2 * limit) / LEDGER_SHARDS),
    });
    const { Items = [], LastEvaluatedKey } = await orUnavailable(this.#options.client.send(command));
    return { items: Items, hasMore: LastEvaluatedKey !== undefined };
  }

  /** @param move puts the job into another state. @returns false when it may not */
  async #update(job: LedgerJob, { facts, last }: Update, move?: Move): Promise<boolean> {
    const told: Attributes = {
      ...facts,
      project: { S: job.project },
      jobType: { S: job.jobType },
      jobId: { S: job.jobId },
    };
    const set: Attributes = {
      ...move?.to,
      ...last,
      expiration: { N: String(Math.floor(this.#options.now().getTime() / 1000) + TTL_SECONDS) },
    };
    const assignments = [
      // The first to say something is believed; whoever says it again changes nothing.
      ...namesOf(told).map((name) => `#${name} = if_not_exists(#${name}, :${name})`),
      ...namesOf(set).map((name) => `#${name} = :${name}`),
    ];
    const conditions = (move?.unless ?? []).map((name) => `attribute_not_exists(#${name})`);
    const values = Object.entries({ ...told, ...set }).map(([name, value]) => [`:${name}`, value]);
    const names = [...namesOf({ ...told, ...set }), ...(move?.unless ?? [])];
    const command = new UpdateItemCommand({
      ...this.#key(job),
      UpdateExpression: `SET ${assignments.join(', ')}`,
      ...(conditions.length > 0 && { ConditionExpression: conditions.join(' AND ') }),
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, LEDGER[name]])),
      ExpressionAttributeValues: Object.fromEntries(values),
    });
    return ifConditionHolds(this.#options.client.send(command));
  }

  #key(job: LedgerJob) {
    return { TableName: this.#options.tableName, Key: { [LEDGER.id]: { S: itemId(job) } } };
  }
}

export function itemId(job: LedgerJob): string {
  return `job#${jobKey(job)}`;
}

function cursorKey(project: string): Record<string, AttributeValue> {
  return { [LEDGER.id]: { S: `cursor#${project}` } };
}

function namesOf(attributes: Attributes): Attribute[] {
  return Object.keys(attributes) as Attribute[];
}
