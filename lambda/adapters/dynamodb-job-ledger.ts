/**
 * The ledger in DynamoDB: an item for each job, and a sparse index of those that are open, by what they wait for and when.
 * A job that has landed is not in the index, so that no read grows with the ledger.
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
import type { JobLedger, OpenQueue } from '../app/ports.ts';
import { FETCHED_JOB_TYPES, LEDGER, LEDGER_INDEX } from '../contract.ts';
import { jobKey } from '../domain/job-identity.ts';
import type { KnownJob, LedgerFact, LedgerJob, OpenJob, SweepCursor } from '../domain/job-ledger.ts';
import { ifConditionHolds, orUnavailable } from './dynamodb-calls.ts';

/** Longer than Gemini keeps anything: 55 days. */
export const TTL_SECONDS = 60 * 24 * 3600;
/** More of it would make the item larger than what it is for. */
const MAX_METADATA_LENGTH = 8 * 1024;
/** Batches are listed, and end within 24 hours or a little more; asking for each of them is for what the list does not show. */
const FIRST_QUESTION_SECONDS = { batch: 25 * 3600, interaction: 0, video: 0 } as const;

type Item = Readonly<Record<string, AttributeValue>>;
type Attribute = keyof typeof LEDGER;

const Cursor = z.object({
  firstRunAt: z.string(),
  pageToken: z.optional(z.string()),
  isFull: z.boolean(),
  lastFullAt: z.optional(z.string()),
  notBefore: z.optional(z.string()),
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
    if (update.opens === undefined) return void (await this.#update(fact, update));
    if (await this.#update(fact, update, update.opens)) return;
    await this.#update(fact, update);
  }

  async find(jobs: readonly LedgerJob[]): Promise<ReadonlyMap<string, KnownJob>> {
    if (jobs.length === 0) return new Map();
    const { tableName } = this.#options;
    const ids = [...new Set(jobs.map(itemId))];
    const Keys = ids.map((id) => ({ [LEDGER.id]: { S: id } }));
    const command = new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys, ConsistentRead: true } } });
    const output = await orUnavailable(this.#options.client.send(command));
    return new Map(
      (output.Responses?.[tableName] ?? []).map((item) => [text(item, 'id')?.slice(4) ?? '', toKnown(item)]),
    );
  }

  async listOpen(queue: OpenQueue, before: Date, limit: number): Promise<readonly OpenJob[]> {
    const command = new QueryCommand({
      TableName: this.#options.tableName,
      IndexName: LEDGER_INDEX,
      KeyConditionExpression: '#queue = :queue AND #due <= :before',
      ExpressionAttributeNames: { '#queue': LEDGER.queue, '#due': LEDGER.due },
      ExpressionAttributeValues: { ':queue': { S: queueName(queue) }, ':before': { N: String(before.getTime()) } },
      Limit: limit,
    });
    const output = await orUnavailable(this.#options.client.send(command));
    return (output.Items ?? []).flatMap((item) => toOpen(item) ?? []);
  }

  async postpone(job: LedgerJob, due: Date): Promise<void> {
    const command = new UpdateItemCommand({
      ...this.#key(job),
      UpdateExpression: 'SET #due = :due',
      ConditionExpression: '#queue = :awaited',
      ExpressionAttributeNames: { '#due': LEDGER.due, '#queue': LEDGER.queue },
      ExpressionAttributeValues: {
        ':due': { N: String(due.getTime()) },
        ':awaited': { S: queueName({ ...job, state: 'awaited' }) },
      },
    });
    await ifConditionHolds(this.#options.client.send(command));
  }

  async readCursor(source: string): Promise<SweepCursor | undefined> {
    const { client, tableName: TableName } = this.#options;
    const command = new GetItemCommand({ TableName, Key: cursorKey(source), ConsistentRead: true });
    const { Item } = await orUnavailable(client.send(command));
    const state = Item && text(Item, 'state');
    return state === undefined ? undefined : Cursor.parse(JSON.parse(state));
  }

  async writeCursor(source: string, cursor: SweepCursor): Promise<void> {
    const Item = { ...cursorKey(source), [LEDGER.state]: { S: JSON.stringify(cursor) } };
    await orUnavailable(this.#options.client.send(new PutItemCommand({ TableName: this.#options.tableName, Item })));
  }

  /** @param opening puts the job into the index. @returns false when it may not be opened (again) */
  async #update(job: LedgerJob, { facts, last, remove = [] }: Update, opening?: Opening): Promise<boolean> {
    const told: Attributes = {
      ...facts,
      source: { S: job.source },
      jobType: { S: job.jobType },
      jobId: { S: job.jobId },
    };
    const set: Attributes = {
      ...opening?.as,
      ...last,
      expiration: { N: String(Math.floor(this.#options.now().getTime() / 1000) + TTL_SECONDS) },
    };
    const assignments = [
      // The first to say something is believed; whoever says it again changes nothing.
      ...namesOf(told).map((name) => `#${name} = if_not_exists(#${name}, :${name})`),
      ...namesOf(set).map((name) => `#${name} = :${name}`),
    ];
    const conditions = (opening?.unless ?? []).map((name) => `attribute_not_exists(#${name})`);
    const values = Object.entries({ ...told, ...set }).map(([name, value]) => [`:${name}`, value]);
    const names = [...namesOf({ ...told, ...set }), ...remove, ...(opening?.unless ?? [])];
    const command = new UpdateItemCommand({
      ...this.#key(job),
      UpdateExpression:
        `SET ${assignments.join(', ')}` +
        (remove.length > 0 ? ` REMOVE ${remove.map((name) => `#${name}`).join(', ')}` : ''),
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

type Attributes = { readonly [Name in Attribute]?: AttributeValue };

interface Update {
  readonly facts: Attributes;
  /** What replaces what was said before. */
  readonly last?: Attributes;
  readonly remove?: readonly Attribute[];
  readonly opens?: Opening;
}

/** What puts a job into the index, unless one of the attributes is there. */
interface Opening {
  readonly as: Attributes;
  readonly unless: readonly Attribute[];
}

function updateOf(fact: LedgerFact): Update {
  switch (fact.kind) {
    case 'submitted':
      return {
        facts: { submittedAt: time(fact.submittedAt), ...metadata(fact.userMetadata) },
        opens: {
          as: inQueue(
            { ...fact, state: 'awaited' },
            fact.submittedAt.getTime() + 1000 * FIRST_QUESTION_SECONDS[fact.jobType],
          ),
          unless: ['queue', 'publishedAt', 'closedAt'],
        },
      };
    case 'announced':
      return {
        facts: {
          eventType: { S: fact.eventType },
          webhookId: { S: fact.webhookId },
          origin: { S: fact.origin },
          endedAt: time(fact.endedAt),
          deliveredAt: time(fact.deliveredAt),
          publishedAt: time(fact.publishedAt),
          ...metadata(fact.userMetadata),
        },
        opens: {
          as: inQueue({ ...fact, state: 'unlanded' }, fact.endedAt.getTime()),
          unless: ['publishedAt', 'closedAt'],
        },
      };
    case 'landed':
      return {
        facts: {
          ...(fact.createdAt && { createdAt: time(fact.createdAt) }),
          fetchStartedAt: time(fact.fetchStartedAt),
          landedAt: time(fact.landedAt),
          closedAt: time(fact.landedAt),
        },
        // Not that of an earlier failure.
        last: { manifestKey: { S: fact.manifestKey } },
        remove: ['queue', 'due'],
      };
    case 'failed':
      return {
        facts: {
          failedAt: time(fact.failedAt),
          failureCode: { S: fact.code },
          ...(fact.manifestKey !== undefined && { manifestKey: { S: fact.manifestKey } }),
          ...(!fact.retryable && { closedAt: time(fact.failedAt) }),
        },
        ...(!fact.retryable && { remove: ['queue', 'due'] }),
      };
  }
}

function inQueue(queue: OpenQueue, due: number): Attributes {
  return { queue: { S: queueName(queue) }, due: { N: String(due) } };
}

function queueName({ state, source, jobType }: OpenQueue): string {
  return `${state}#${source}#${jobType}`;
}

export function itemId(job: LedgerJob): string {
  return `job#${jobKey(job)}`;
}

function cursorKey(source: string): Record<string, AttributeValue> {
  return { [LEDGER.id]: { S: `cursor#${source}` } };
}

function namesOf(attributes: Attributes): Attribute[] {
  return Object.keys(attributes) as Attribute[];
}

function time(value: Date): AttributeValue {
  return { S: value.toISOString() };
}

function metadata(value: Readonly<Record<string, unknown>>): Attributes {
  const written = JSON.stringify(value);
  return written === '{}' || written.length > MAX_METADATA_LENGTH ? {} : { userMetadata: { S: written } };
}

function text(item: Item, name: Attribute): string | undefined {
  return item[LEDGER[name]]?.S;
}

function date(item: Item, name: Attribute): Date | undefined {
  const written = text(item, name);
  return written === undefined ? undefined : new Date(written);
}

function toKnown(item: Item): KnownJob {
  return {
    eventType: text(item, 'eventType'),
    origin: text(item, 'origin'),
    submittedAt: date(item, 'submittedAt'),
    userMetadata: JSON.parse(text(item, 'userMetadata') ?? '{}'),
  };
}

function toOpen(item: Item): OpenJob | undefined {
  const jobType = FETCHED_JOB_TYPES.find((type) => type === text(item, 'jobType'));
  const [source, jobId] = [text(item, 'source'), text(item, 'jobId')];
  if (jobType === undefined || source === undefined || jobId === undefined) return undefined;
  const { eventType, submittedAt, userMetadata } = toKnown(item);
  const due = new Date(Number(item[LEDGER.due]?.N ?? '0'));
  return { source, jobType, jobId, due, eventType, webhookId: text(item, 'webhookId'), submittedAt, userMetadata };
}
