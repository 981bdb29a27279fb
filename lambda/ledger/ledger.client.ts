/** The ledger in DynamoDB: an item for each job, and one for how far each reconciler came. */
import { type AttributeValue, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { FETCHED_JOB_TYPES, LEDGER } from '../contract.ts';
import { ifConditionHolds, orUnavailable } from '../shared/dynamodb.client.ts';
import {
  itemId,
  type LedgerEntry,
  type LedgerFact,
  type LedgerJob,
  type LedgerPage,
  type LedgerQuery,
  queueName,
  type SweepCursor,
  shardOf,
} from './facts.ts';
import { LedgerReader, type LedgerReaderOptions } from './ledger-reader.client.ts';
import type { JobLedger } from './ports.ts';
import { type Attribute, type Attributes, type Move, type Update, updateOf } from './update.ts';

/** Longer than Gemini keeps anything: 55 days. */
export const TTL_SECONDS = 60 * 24 * 3600;

const Cursor = z.object({
  firstRunAt: z.string(),
  pageToken: z.optional(z.string()),
  isFull: z.boolean(),
  lastFullAt: z.optional(z.string()),
  notBefore: z.optional(z.string()),
  askNotBefore: z.optional(z.string()),
  unended: z.optional(z.partialRecord(z.enum(FETCHED_JOB_TYPES), z.object({ jobId: z.string(), since: z.string() }))),
});

export interface DynamoDbJobLedgerOptions extends LedgerReaderOptions {
  readonly now: () => Date;
}

export class DynamoDbJobLedger implements JobLedger {
  readonly #options: DynamoDbJobLedgerOptions;
  readonly #reader: LedgerReader;

  constructor(options: DynamoDbJobLedgerOptions) {
    this.#options = options;
    this.#reader = new LedgerReader(options);
  }

  async record(fact: LedgerFact): Promise<void> {
    const update = updateOf(fact);
    // What comes late must not open again what is closed, nor make a job awaited that was announced.
    if (update.moves !== undefined && (await this.#update(fact, update, update.moves))) return;
    await this.#update(fact, update);
  }

  find(jobs: readonly LedgerJob[]): Promise<ReadonlyMap<string, LedgerEntry>> {
    return this.#reader.find(jobs);
  }

  list(query: LedgerQuery): Promise<LedgerPage> {
    return this.#reader.list(query);
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

  /** @param move puts the job into another state. @returns false when it may not */
  async #update(job: LedgerJob, { facts, last }: Update, move?: Move): Promise<boolean> {
    const given: Attributes = {
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
      ...namesOf(given).map((name) => `#${name} = if_not_exists(#${name}, :${name})`),
      ...namesOf(set).map((name) => `#${name} = :${name}`),
    ];
    const conditions = (move?.unless ?? []).map((name) => `attribute_not_exists(#${name})`);
    const values = Object.entries({ ...given, ...set }).map(([name, value]) => [`:${name}`, value]);
    const names = [...namesOf({ ...given, ...set }), ...(move?.unless ?? [])];
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

function cursorKey(project: string): Record<string, AttributeValue> {
  return { [LEDGER.id]: { S: `cursor#${project}` } };
}

function namesOf(attributes: Attributes): Attribute[] {
  return Object.keys(attributes) as Attribute[];
}
