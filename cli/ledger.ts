/** The job ledger, read by key: what is known of one job, and how many jobs wait for what. */
import { type AttributeValue, BatchGetItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { FETCHED_JOB_TYPES, type FetchedJobType, LEDGER, LEDGER_INDEX } from '../lambda/contract.ts';
import { jobKey } from '../lambda/domain/job-identity.ts';
import { type Deployment, resourceOf } from './deployment.ts';

type Item = Readonly<Record<string, AttributeValue>>;

/** Times as they are written: RFC 3339 in UTC. */
export interface LedgerEntry {
  readonly source: string;
  readonly jobType: FetchedJobType;
  readonly jobId: string;
  /** Undefined for what nobody waits for any more. */
  readonly waitsFor: 'awaited' | 'unlanded' | undefined;
  readonly submittedAt: string | undefined;
  readonly createdAt: string | undefined;
  readonly endedAt: string | undefined;
  readonly deliveredAt: string | undefined;
  readonly publishedAt: string | undefined;
  readonly fetchStartedAt: string | undefined;
  readonly landedAt: string | undefined;
  readonly failedAt: string | undefined;
  readonly failureCode: string | undefined;
  readonly eventType: string | undefined;
  readonly webhookId: string | undefined;
  readonly origin: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly manifestKey: string | undefined;
  readonly displayName: string | undefined;
  readonly attempts: number;
  readonly lastCode: string | undefined;
  readonly nextAttemptAt: string | undefined;
}

function tableOf(deployment: Deployment): string {
  return resourceOf(deployment, 'AWS::DynamoDB::GlobalTable', 'JobLedgerTable');
}

/** In whatever spelling the id is given; of several, a job of each type and source may have it. */
export async function findJobs(
  deployment: Deployment,
  sources: readonly string[],
  jobId: string,
): Promise<readonly LedgerEntry[]> {
  const table = tableOf(deployment);
  const Keys = sources.flatMap((source) =>
    FETCHED_JOB_TYPES.map((jobType) => ({ [LEDGER.id]: { S: `job#${jobKey({ source, jobType, jobId })}` } })),
  );
  const { Responses } = await deployment.clients.dynamodb.send(
    new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
  );
  return (Responses?.[table] ?? []).flatMap((item) => toEntry(item) ?? []);
}

/** All of them: until the index has the jobs that are done. */
export async function scanJobs(deployment: Deployment): Promise<readonly LedgerEntry[]> {
  const found: LedgerEntry[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await deployment.clients.dynamodb.send(
      new ScanCommand({ TableName: tableOf(deployment), ExclusiveStartKey }),
    );
    found.push(...(page.Items ?? []).flatMap((item) => toEntry(item) ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return found;
}

/** Of what was announced of these jobs. */
export function eventTypesOf(entries: readonly LedgerEntry[]): readonly string[] {
  return entries.flatMap(({ eventType }) => eventType ?? []);
}

function toEntry(item: Item): LedgerEntry | undefined {
  const text = (name: keyof typeof LEDGER) => item[LEDGER[name]]?.S;
  const jobType = FETCHED_JOB_TYPES.find((type) => type === text('jobType'));
  if (jobType === undefined) return undefined;
  const state = text('queue')?.split('#')[0];
  return {
    jobType,
    source: text('source') ?? '',
    jobId: text('jobId') ?? '',
    waitsFor: state === 'awaited' || state === 'unlanded' ? state : undefined,
    submittedAt: text('submittedAt'),
    createdAt: text('createdAt'),
    endedAt: text('endedAt'),
    deliveredAt: text('deliveredAt'),
    publishedAt: text('publishedAt'),
    fetchStartedAt: text('fetchStartedAt'),
    landedAt: text('landedAt'),
    failedAt: text('failedAt'),
    failureCode: text('failureCode'),
    eventType: text('eventType'),
    webhookId: text('webhookId'),
    origin: text('origin'),
    userMetadata: JSON.parse(text('userMetadata') ?? '{}'),
    manifestKey: text('manifestKey'),
    displayName: text('displayName'),
    attempts: Number(item[LEDGER.attempts]?.N ?? '0'),
    lastCode: text('lastCode'),
    nextAttemptAt: text('nextAttemptAt'),
  };
}

export interface OpenJobs {
  readonly count: number;
  /** Awaited: when the next one is asked for. Unlanded: when the oldest one ended. */
  readonly first: Date | undefined;
}

/** Of one queue of the index, which holds open jobs only: as many pages as they fill. */
export async function readOpenJobs(
  deployment: Deployment,
  queue: { readonly state: 'awaited' | 'unlanded'; readonly source: string; readonly jobType: FetchedJobType },
): Promise<OpenJobs> {
  const { state, source, jobType } = queue;
  let count = 0;
  let first: Date | undefined;
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await deployment.clients.dynamodb.send(
      new QueryCommand({
        TableName: tableOf(deployment),
        IndexName: LEDGER_INDEX,
        KeyConditionExpression: '#queue = :queue',
        ProjectionExpression: '#due',
        ExpressionAttributeNames: { '#queue': LEDGER.queue, '#due': LEDGER.due },
        ExpressionAttributeValues: { ':queue': { S: `${state}#${source}#${jobType}` } },
        ExclusiveStartKey,
      }),
    );
    count += page.Count ?? 0;
    const due = page.Items?.[0]?.[LEDGER.due]?.N;
    if (first === undefined && due !== undefined) first = new Date(Number(due));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return { count, first };
}
