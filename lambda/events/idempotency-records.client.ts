/** The idempotency records as an operator reads them: by key where a job is named, else by a scan; and their removal. */
import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { FETCHED_JOB_TYPES, RECORD } from '../contract.ts';
import { eventKey, SAID_ONCE } from './event-key.ts';

export interface DeliveryRecord {
  readonly id: string;
  readonly project: string;
  readonly scheme: string;
  readonly webhookId: string;
  readonly status: string;
  readonly eventType: string;
  readonly jobId: string;
  readonly receivedAt: string;
  readonly attempts: number;
}

type Item = Readonly<Record<string, AttributeValue>>;

/** As many as BatchGetItem takes. */
const KEYS_PER_CALL = 100;

/** Whatever may be announced of a job and is known by it. */
const JOB_EVENTS: readonly string[] = FETCHED_JOB_TYPES.flatMap((type) => SAID_ONCE.map((end) => `${type}.${end}`));

export class DynamoDbDeliveryRecords {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** Newest first; what has expired is left out. @param also event types that may not be among those that are known */
  async find(
    job: { readonly jobId: string; readonly projects: readonly string[]; readonly also: readonly string[] },
    now: Date,
  ): Promise<readonly DeliveryRecord[]> {
    const types = [...new Set([...JOB_EVENTS, ...job.also])];
    const ids = new Set(
      job.projects.flatMap((project) =>
        types.map((type) => {
          const jobType = FETCHED_JOB_TYPES.find((one) => type.startsWith(`${one}.`)) ?? 'other';
          // As the reconciler announces it: the end of a job has this key, whoever announces it.
          return eventKey({ project, type, jobType, jobId: job.jobId, scheme: 'api', webhookId: '' });
        }),
      ),
    );
    const all = [...ids];
    const found: Item[] = [];
    for (let from = 0; from < all.length; from += KEYS_PER_CALL) {
      const Keys = all.slice(from, from + KEYS_PER_CALL).map((id) => ({ [RECORD.id]: { S: id } }));
      const { Responses } = await this.#client.send(
        new BatchGetItemCommand({ RequestItems: { [this.#tableName]: { Keys, ConsistentRead: true } } }),
      );
      found.push(...(Responses?.[this.#tableName] ?? []));
    }
    return toRecords(found, now);
  }

  /** Newest first; what has expired is left out. @param webhookId of these only */
  async scan(now: Date, webhookId?: string): Promise<readonly DeliveryRecord[]> {
    const found: Item[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const page = await this.#client.send(
        new ScanCommand({
          TableName: this.#tableName,
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
    const records = toRecords(found, now);
    return webhookId === undefined ? records : records.filter((one) => one.webhookId === webhookId);
  }

  /** Leaves of a record nothing but its key, by which a late webhook is still recognized until it expires. */
  async strip(id: string): Promise<void> {
    const removed = [
      RECORD.eventType,
      RECORD.jobId,
      RECORD.bodySha256,
      RECORD.delivery,
      RECORD.receivedAt,
      RECORD.attempts,
    ];
    await this.#client.send(
      new UpdateItemCommand({
        TableName: this.#tableName,
        Key: { [RECORD.id]: { S: id } },
        UpdateExpression: `SET #status = :completed REMOVE ${removed.map((_, index) => `#r${index}`).join(', ')}`,
        ConditionExpression: 'attribute_exists(#id)',
        ExpressionAttributeNames: {
          '#id': RECORD.id,
          '#status': RECORD.status,
          ...Object.fromEntries(removed.map((name, index) => [`#r${index}`, name])),
        },
        ExpressionAttributeValues: { ':completed': { S: 'COMPLETED' } },
      }),
    );
  }
}

function toRecords(items: readonly Item[], now: Date): readonly DeliveryRecord[] {
  return (
    items
      .filter((item) => Number(item[RECORD.expiration]?.N ?? '0') * 1000 > now.getTime())
      // What was stripped says nothing any more.
      .filter((item) => item[RECORD.receivedAt] !== undefined)
      .map(toRecord)
      .toSorted((a, b) => b.receivedAt.localeCompare(a.receivedAt))
  );
}

function toRecord(item: Item): DeliveryRecord {
  const id = item[RECORD.id]?.S ?? '';
  const [project = ''] = id.split('#', 1);
  const [scheme = '', ...rest] = (item[RECORD.delivery]?.S ?? '').split('#');
  return {
    ...{ id, project, scheme },
    webhookId: rest.join('#'),
    status: item[RECORD.status]?.S ?? '',
    eventType: item[RECORD.eventType]?.S ?? '',
    jobId: item[RECORD.jobId]?.S ?? '',
    receivedAt: item[RECORD.receivedAt]?.S ?? '',
    attempts: Number(item[RECORD.attempts]?.N ?? '0'),
  };
}
