/** The ledger as an operator reads it: whole records of jobs, by id or by what they wait for, and their removal. */
import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { FETCHED_JOB_TYPES, type FetchedJobType, LEDGER, LEDGER_INDEX, LEDGER_SHARDS } from '../contract.ts';
import { jobKey } from '../events/event-key.ts';
import { type LedgerState, queueName } from './facts.ts';

/** Times as they are written: RFC 3339 in UTC. */
export interface JobRecord {
  readonly project: string;
  readonly jobType: FetchedJobType;
  readonly jobId: string;
  /** Under which it is in the index; undefined for what is in none. */
  readonly queue: string | undefined;
  readonly due: Date | undefined;
  readonly displayName: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly submittedAt: string | undefined;
  readonly createdAt: string | undefined;
  readonly endedAt: string | undefined;
  readonly deliveredAt: string | undefined;
  readonly publishedAt: string | undefined;
  readonly fetchStartedAt: string | undefined;
  readonly storedAt: string | undefined;
  readonly failedAt: string | undefined;
  readonly eventType: string | undefined;
  readonly webhookId: string | undefined;
  readonly origin: string | undefined;
  readonly attempts: number;
  readonly lastCode: string | undefined;
  readonly nextAttemptAt: string | undefined;
  readonly failureCode: string | undefined;
  readonly manifestKey: string | undefined;
}

export interface IndexQuery {
  readonly state: LedgerState;
  readonly project: string;
  readonly jobType: FetchedJobType;
  /** Bounds of the index's time, both included; all by default. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Newest first up to so many; all of them by default. */
  readonly limit?: number;
}

/** The latest that a Date can be. */
const LAST_TIME = 8.64e15;

type StrippedJob = Pick<JobRecord, 'project' | 'jobType' | 'jobId' | 'eventType'>;

type Item = Readonly<Record<string, AttributeValue>>;

/** Begins the ids of jobs in the table, before their key. */
export const LEDGER_JOB_PREFIX = 'job#';

export class DynamoDbJobRecords {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** In whatever spelling the id is given; a job of each type and project may have it. */
  async find(projects: readonly string[], jobId: string): Promise<readonly JobRecord[]> {
    const Keys = projects.flatMap((project) => FETCHED_JOB_TYPES.map((jobType) => keyOf({ project, jobType, jobId })));
    const { Responses } = await this.#client.send(
      new BatchGetItemCommand({ RequestItems: { [this.#tableName]: { Keys, ConsistentRead: true } } }),
    );
    return (Responses?.[this.#tableName] ?? []).flatMap((item) => toRecord(item) ?? []);
  }

  /** By the index, newest first, and never by a scan. */
  async list(query: IndexQuery): Promise<readonly JobRecord[]> {
    const { limit } = query;
    const parts = queuesOf(query).map(async (queue) => {
      const found: JobRecord[] = [];
      for await (const page of this.#pages(queue, query)) {
        found.push(...page.flatMap((item) => toRecord(item) ?? []));
        if (limit !== undefined && found.length >= limit) break;
      }
      return found;
    });
    return (await Promise.all(parts))
      .flat()
      .toSorted((a, b) => (b.due?.getTime() ?? 0) - (a.due?.getTime() ?? 0))
      .slice(0, limit);
  }

  /** How many there are, and the smallest time in the index. */
  async count(query: Omit<IndexQuery, 'limit'>): Promise<{ readonly count: number; readonly first: Date | undefined }> {
    const dues: number[] = [];
    for (const queue of queuesOf(query)) {
      for await (const page of this.#pages(queue, query, LEDGER.due)) {
        dues.push(...page.map((item) => Number(item[LEDGER.due]?.N ?? '0')));
      }
    }
    const first = dues.reduce((earliest, due) => Math.min(earliest, due), Number.POSITIVE_INFINITY);
    return { count: dues.length, first: dues.length === 0 ? undefined : new Date(first) };
  }

  /**
   * Leaves of a job nothing but that it is closed, so that neither a late webhook nor the reconciler takes it for a new one;
   * that, too, is gone after `seconds`.
   */
  async strip({ project, jobType, jobId, eventType }: StrippedJob, now: Date, seconds: number): Promise<void> {
    const Item: Record<string, AttributeValue> = {
      ...keyOf({ project, jobType, jobId }),
      [LEDGER.project]: { S: project },
      [LEDGER.jobType]: { S: jobType },
      [LEDGER.jobId]: { S: jobId },
      [LEDGER.publishedAt]: { S: now.toISOString() },
      [LEDGER.closedAt]: { S: now.toISOString() },
      ...(eventType !== undefined && { [LEDGER.eventType]: { S: eventType } }),
      [LEDGER.expiration]: { N: String(Math.floor(now.getTime() / 1000) + seconds) },
    };
    await this.#client.send(new PutItemCommand({ TableName: this.#tableName, Item }));
  }

  async *#pages(
    queue: string,
    { since, until, limit }: Pick<IndexQuery, 'limit' | 'since' | 'until'>,
    only?: string,
  ): AsyncGenerator<readonly Item[]> {
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    const isBound = since !== undefined || until !== undefined;
    do {
      const page = await this.#client.send(
        new QueryCommand({
          TableName: this.#tableName,
          IndexName: LEDGER_INDEX,
          KeyConditionExpression: isBound ? '#queue = :queue AND #due BETWEEN :since AND :until' : '#queue = :queue',
          ExpressionAttributeNames: {
            '#queue': LEDGER.queue,
            ...((isBound || only !== undefined) && { '#due': LEDGER.due }),
          },
          ExpressionAttributeValues: {
            ':queue': { S: queue },
            ...(isBound && {
              ':since': { N: String(since?.getTime() ?? 0) },
              ':until': { N: String(until?.getTime() ?? LAST_TIME) },
            }),
          },
          ...(only !== undefined && { ProjectionExpression: '#due' }),
          ScanIndexForward: false,
          ExclusiveStartKey,
          Limit: limit,
        }),
      );
      yield page.Items ?? [];
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  }
}

/** The keys of the index under which the jobs of a state are. */
function queuesOf({ state, project, jobType }: Pick<IndexQuery, 'state' | 'project' | 'jobType'>): readonly string[] {
  return Array.from({ length: LEDGER_SHARDS }, (_, shard) => queueName({ state, project, jobType }, shard));
}

function keyOf(job: Pick<JobRecord, 'project' | 'jobType' | 'jobId'>): Record<string, AttributeValue> {
  return { [LEDGER.id]: { S: LEDGER_JOB_PREFIX + jobKey(job) } };
}

function toRecord(item: Item): JobRecord | undefined {
  const text = (name: keyof typeof LEDGER) => item[LEDGER[name]]?.S;
  const jobType = FETCHED_JOB_TYPES.find((type) => type === text('jobType'));
  // What is closed without having ended here was stripped: of it nothing is known.
  const isStripped = text('closedAt') !== undefined && text('storedAt') === undefined && text('failedAt') === undefined;
  if (jobType === undefined || isStripped) return undefined;
  const due = item[LEDGER.due]?.N;
  return {
    jobType,
    project: text('project') ?? '',
    jobId: text('jobId') ?? '',
    queue: text('queue'),
    due: due === undefined ? undefined : new Date(Number(due)),
    displayName: text('displayName'),
    userMetadata: JSON.parse(text('userMetadata') ?? '{}'),
    submittedAt: text('submittedAt'),
    createdAt: text('createdAt'),
    endedAt: text('endedAt'),
    deliveredAt: text('deliveredAt'),
    publishedAt: text('publishedAt'),
    fetchStartedAt: text('fetchStartedAt'),
    storedAt: text('storedAt'),
    failedAt: text('failedAt'),
    eventType: text('eventType'),
    webhookId: text('webhookId'),
    origin: text('origin'),
    attempts: Number(item[LEDGER.attempts]?.N ?? '0'),
    lastCode: text('lastCode'),
    nextAttemptAt: text('nextAttemptAt'),
    failureCode: text('failureCode'),
    manifestKey: text('manifestKey'),
  };
}
