/** The idempotency records, read by scanning: an operator asks seldom, and for the last days only. */
import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb';
import { RECORD } from '../lambda/contract.ts';
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

/** Newest first; what has expired is left out. */
export async function readDeliveries(deployment: Deployment, now: Date, jobId?: string): Promise<readonly Delivery[]> {
  const TableName = resourceOf(deployment, 'AWS::DynamoDB::GlobalTable', 'Deliveries');
  const found: Delivery[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await deployment.clients.dynamodb.send(
      new ScanCommand({
        TableName,
        ExclusiveStartKey,
        ...(jobId !== undefined && {
          FilterExpression: '#job = :job',
          ExpressionAttributeNames: { '#job': RECORD.jobId },
          ExpressionAttributeValues: { ':job': { S: jobId } },
        }),
      }),
    );
    const fresh = (page.Items ?? []).filter((item) => Number(item[RECORD.expiration]?.N ?? '0') * 1000 > now.getTime());
    found.push(...fresh.map(toDelivery));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return found.toSorted((a, b) => b.receivedAt.localeCompare(a.receivedAt));
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

/** A batch is known by its resource's name, also where only its id was given. */
export function jobIdsOf(given: string): readonly string[] {
  return given.includes('/') ? [given] : [given, `batches/${given}`];
}
