/** The idempotency records: by key where a job is named, else by scanning, of the last days only. */
import { type AttributeValue, BatchGetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { FETCHED_JOB_TYPES, RECORD } from '../lambda/contract.ts';
import { eventKey, SAID_ONCE } from '../lambda/domain/job-identity.ts';
import { type Deployment, resourceOf } from './deployment.ts';

export interface Delivery {
  readonly source: string;
  readonly scheme: string;
  readonly webhookId: string;
  readonly status: string;
  readonly eventType: string;
  readonly jobId: string;
  readonly receivedAt: string;
  readonly attempts: number;
}

type Item = Readonly<Record<string, AttributeValue>>;

/** Whatever may be announced of a job and is known by it. */
const JOB_EVENTS: readonly string[] = FETCHED_JOB_TYPES.flatMap((type) => SAID_ONCE.map((end) => `${type}.${end}`));

function tableOf(deployment: Deployment): string {
  return resourceOf(deployment, 'AWS::DynamoDB::GlobalTable', 'IdempotencyTableDeliveries');
}

/** Newest first. @param also event types that may not be among those that are known */
export async function findDeliveries(
  deployment: Deployment,
  {
    jobId,
    sources,
    also,
  }: { readonly jobId: string; readonly sources: readonly string[]; readonly also: readonly string[] },
  now: Date,
): Promise<readonly Delivery[]> {
  const table = tableOf(deployment);
  const types = new Set([...JOB_EVENTS, ...also]);
  const ids = new Set(
    sources.flatMap((source) =>
      [...types].map((type) => {
        const jobType = FETCHED_JOB_TYPES.find((one) => type.startsWith(`${one}.`)) ?? 'other';
        // As the reconciler tells it: the end of a job has this key, whoever tells of it.
        return eventKey({ source, type, jobType, jobId, scheme: 'api', webhookId: '' });
      }),
    ),
  );
  const all = [...ids];
  const found: Item[] = [];
  for (let from = 0; from < all.length; from += 100) {
    const Keys = all.slice(from, from + 100).map((id) => ({ [RECORD.id]: { S: id } }));
    const { Responses } = await deployment.clients.dynamodb.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
    );
    found.push(...(Responses?.[table] ?? []));
  }
  return toDeliveries(found, now);
}

/** Newest first; what has expired is left out. @param webhookId of these only */
export async function scanDeliveries(
  deployment: Deployment,
  now: Date,
  webhookId?: string,
): Promise<readonly Delivery[]> {
  const found: Item[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await deployment.clients.dynamodb.send(
      new ScanCommand({
        TableName: tableOf(deployment),
        ExclusiveStartKey,
        ...(webhookId !== undefined && {
          FilterExpression: 'contains(#delivery, :id)',
          ExpressionAttributeNames: { '#delivery': RECORD.delivery },
          ExpressionAttributeValues: { ':id': { S: `#${webhookId}` } },
        }),
      }),
    );
    found.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  const deliveries = toDeliveries(found, now);
  return webhookId === undefined ? deliveries : deliveries.filter((one) => one.webhookId === webhookId);
}

function toDeliveries(items: readonly Item[], now: Date): readonly Delivery[] {
  return items
    .filter((item) => Number(item[RECORD.expiration]?.N ?? '0') * 1000 > now.getTime())
    .map(toDelivery)
    .toSorted((a, b) => b.receivedAt.localeCompare(a.receivedAt));
}

function toDelivery(item: Item): Delivery {
  const [source = ''] = (item[RECORD.id]?.S ?? '').split('#', 1);
  const [scheme = '', ...id] = (item[RECORD.delivery]?.S ?? '').split('#');
  return {
    source,
    scheme,
    webhookId: id.join('#'),
    status: item[RECORD.status]?.S ?? '',
    eventType: item[RECORD.eventType]?.S ?? '',
    jobId: item[RECORD.jobId]?.S ?? '',
    receivedAt: item[RECORD.receivedAt]?.S ?? '',
    attempts: Number(item[RECORD.attempts]?.N ?? '0'),
  };
}
