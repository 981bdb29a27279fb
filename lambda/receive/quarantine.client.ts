/**
 * The quarantine in DynamoDB: the verifier has its client anyway, time to live is the age limit, and a counter for each route and
 * hour is the limit of their number.
 */
import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { QUARANTINE } from '../contract.ts';
import { ifConditionHolds, orUnavailable } from '../shared/dynamodb.client.ts';
import type { DeliveryRoute } from '../standard-webhooks/delivery.ts';
import type { QuarantineStore } from './quarantine.ts';
import type { KeptDelivery } from './quarantined.ts';

export interface DynamoDbQuarantineOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly ttlSeconds: number;
  readonly maxPerHour: number;
}

type Item = Readonly<Record<string, AttributeValue>>;

const COUNTER = 'count#';
const COUNTER_TTL_SECONDS = 7200;

export class DynamoDbQuarantine implements QuarantineStore {
  readonly #options: DynamoDbQuarantineOptions;

  constructor(options: DynamoDbQuarantineOptions) {
    this.#options = options;
  }

  async reserve({ project, kind }: Pick<DeliveryRoute, 'project' | 'kind'>, hour: Date): Promise<boolean> {
    const command = new UpdateItemCommand({
      TableName: this.#options.tableName,
      Key: { [QUARANTINE.id]: { S: `${COUNTER}${project}#${kind}#${hour.toISOString()}` } },
      UpdateExpression: 'SET #expiration = :expiration ADD #count :one',
      ConditionExpression: 'attribute_not_exists(#count) OR #count < :max',
      ExpressionAttributeNames: { '#count': QUARANTINE.count, '#expiration': QUARANTINE.expiration },
      ExpressionAttributeValues: {
        ':one': { N: '1' },
        ':max': { N: String(this.#options.maxPerHour) },
        ':expiration': { N: String(hour.getTime() / 1000 + COUNTER_TTL_SECONDS) },
      },
    });
    return ifConditionHolds(this.#options.client.send(command));
  }

  async keep({ id, project, kind, receivedAt, headers, body }: KeptDelivery): Promise<void> {
    const expiration = Math.floor(receivedAt.getTime() / 1000) + this.#options.ttlSeconds;
    const command = new PutItemCommand({
      TableName: this.#options.tableName,
      Item: {
        [QUARANTINE.id]: { S: id },
        [QUARANTINE.project]: { S: project },
        [QUARANTINE.kind]: { S: kind },
        [QUARANTINE.receivedAt]: { S: receivedAt.toISOString() },
        [QUARANTINE.headers]: { S: JSON.stringify(headers) },
        [QUARANTINE.body]: { B: body },
        [QUARANTINE.expiration]: { N: String(expiration) },
      },
    });
    await orUnavailable(this.#options.client.send(command));
  }

  /** A scan: there are few, and nobody asks often. */
  async *list(now: Date): AsyncGenerator<KeptDelivery> {
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const command = new ScanCommand({ TableName: this.#options.tableName, ConsistentRead: true, ExclusiveStartKey });
      const page = await orUnavailable(this.#options.client.send(command));
      for (const item of page.Items ?? []) {
        const kept = toKept(item, now);
        if (kept !== undefined) yield kept;
      }
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  }

  async remove(id: string): Promise<void> {
    const command = new DeleteItemCommand({ TableName: this.#options.tableName, Key: { [QUARANTINE.id]: { S: id } } });
    await orUnavailable(this.#options.client.send(command));
  }
}

/** Undefined for a counter, and for what has expired and is not deleted yet. */
function toKept(item: Item, now: Date): KeptDelivery | undefined {
  const text = (name: string) => item[name]?.S ?? '';
  const body = item[QUARANTINE.body]?.B;
  if (body === undefined || Number(item[QUARANTINE.expiration]?.N ?? '0') * 1000 <= now.getTime()) return undefined;
  return {
    id: text(QUARANTINE.id),
    project: text(QUARANTINE.project),
    kind: text(QUARANTINE.kind) === 'dynamic' ? 'dynamic' : 'static',
    receivedAt: new Date(text(QUARANTINE.receivedAt)),
    headers: JSON.parse(text(QUARANTINE.headers)) as Record<string, string>,
    body: Buffer.from(body),
  };
}
