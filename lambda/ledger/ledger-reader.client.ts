/**
 * Reads the ledger: jobs by their keys, or by the index of states and times. What a read costs depends on what it asks for, and
 * not on how many jobs there are.
 */
import { type AttributeValue, BatchGetItemCommand, type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { LEDGER, LEDGER_INDEX, LEDGER_SHARDS } from '../contract.ts';
import { jobKey } from '../events/event-key.ts';
import { orUnavailable, unavailable } from '../shared/dynamodb.client.ts';
import { itemId, type LedgerEntry, type LedgerJob, type LedgerPage, type LedgerQuery, queueName } from './facts.ts';
import { type Item, toEntry } from './item.ts';
import { mergeShards, parseCursor, type ShardPage } from './shards.ts';

/** Of a batch read that DynamoDB answers in part only. */
const MAX_READS = 5;
/** A date of the year 2286. */
const LAST_DUE = 9_999_999_999_999;

export interface LedgerReaderOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

export class LedgerReader {
  readonly #options: LedgerReaderOptions;

  constructor(options: LedgerReaderOptions) {
    this.#options = options;
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
      ...(Number.isFinite(limit) && { Limit: Math.ceil((2 * limit) / LEDGER_SHARDS) }),
    });
    const { Items = [], LastEvaluatedKey } = await orUnavailable(this.#options.client.send(command));
    return { items: Items, hasMore: LastEvaluatedKey !== undefined };
  }
}
