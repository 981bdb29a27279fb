/** Landings under way, in the table of the job ledger. */
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock, LandingStore } from '../app/ports.ts';
import { LEDGER } from '../contract.ts';
import { LandingProgress } from '../domain/landing-progress.ts';
import { orUnavailable } from './dynamodb-calls.ts';

/** As long as a message stays in its queue. Uploads that are older have been aborted by the bucket's lifecycle. */
const TTL_SECONDS = 4 * 24 * 3600;

export interface DynamoDbLandingStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly clock: Clock;
}

export class DynamoDbLandingStore implements LandingStore {
  readonly #options: DynamoDbLandingStoreOptions;

  constructor(options: DynamoDbLandingStoreOptions) {
    this.#options = options;
  }

  async load(prefix: string): Promise<LandingProgress | undefined> {
    const { client } = this.#options;
    const { Item } = await orUnavailable(
      client.send(new GetItemCommand({ ...this.#item(prefix), ConsistentRead: true })),
    );
    // Expired means absent: DynamoDB deletes late.
    const now = this.#options.clock().getTime() / 1000;
    if (Item === undefined || Number(Item[LEDGER.expiration]?.N ?? '0') <= now) return undefined;
    // What another version wrote, and this one does not understand, is begun again.
    const parsed = LandingProgress.safeParse(JSON.parse(Item[LEDGER.state]?.S ?? '{}'));
    return parsed.data;
  }

  async save(prefix: string, progress: LandingProgress): Promise<void> {
    const { TableName, Key } = this.#item(prefix);
    const expiration = Math.floor(this.#options.clock().getTime() / 1000) + TTL_SECONDS;
    const Item = {
      ...Key,
      [LEDGER.state]: { S: JSON.stringify(progress) },
      [LEDGER.expiration]: { N: String(expiration) },
    };
    await orUnavailable(this.#options.client.send(new PutItemCommand({ TableName, Item })));
  }

  async forget(prefix: string): Promise<void> {
    await orUnavailable(this.#options.client.send(new DeleteItemCommand(this.#item(prefix))));
  }

  /** The prefix begins with the job type, to which a fetcher's permissions are confined. */
  #item(prefix: string) {
    return { TableName: this.#options.tableName, Key: { [LEDGER.id]: { S: `landing#${prefix}` } } };
  }
}
