/** What a fetcher writes into the item of its job, and learns from it, in one call. */
import { type AttributeValue, type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { LEDGER } from '../contract.ts';
import { orUnavailable } from '../shared/dynamodb.client.ts';
import type { Clock } from '../shared/ports.ts';
import { itemId, type LedgerJob } from './facts.ts';
import { isOurs } from './known-jobs.client.ts';
import { TTL_SECONDS } from './ledger.client.ts';
import type { FetchLedger, JobOnRecord } from './ports.ts';

export interface DynamoDbFetchLedgerOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly clock: Clock;
}

export class DynamoDbFetchLedger implements FetchLedger {
  readonly #options: DynamoDbFetchLedgerOptions;

  constructor(options: DynamoDbFetchLedgerOptions) {
    this.#options = options;
  }

  async begin(job: LedgerJob, attempt: number): Promise<JobOnRecord> {
    // The recorder may not have heard of the job yet: what it would say first stays as it is.
    const facts = ['project', 'jobType', 'jobId', 'expiration'].map(
      (name) => `#${name} = if_not_exists(#${name}, :${name})`,
    );
    const expiration = Math.floor(this.#options.clock().getTime() / 1000) + TTL_SECONDS;
    const item = await this.#update(job, `SET #attempts = :attempts, ${facts.join(', ')} REMOVE #nextAttemptAt`, {
      attempts: { N: String(attempt) },
      project: { S: job.project },
      jobType: { S: job.jobType },
      jobId: { S: job.jobId },
      expiration: { N: String(expiration) },
      nextAttemptAt: undefined,
    });
    const text = (name: keyof typeof LEDGER) => item[LEDGER[name]]?.S;
    return {
      isOurs: isOurs(item),
      userMetadata: JSON.parse(text('userMetadata') ?? '{}'),
      displayName: text('displayName') ?? null,
      lastCode: text('lastCode'),
    };
  }

  async postpone(job: LedgerJob, code: string, nextAttemptAt: Date): Promise<void> {
    await this.#update(job, 'SET #lastCode = :lastCode, #nextAttemptAt = :nextAttemptAt', {
      lastCode: { S: code },
      nextAttemptAt: { S: nextAttemptAt.toISOString() },
    });
  }

  /** @param attributes that the expression names, and their values where it has them */
  async #update(
    job: LedgerJob,
    UpdateExpression: string,
    attributes: { readonly [Name in keyof typeof LEDGER]?: AttributeValue | undefined },
  ): Promise<Readonly<Record<string, AttributeValue>>> {
    const names = Object.keys(attributes) as (keyof typeof LEDGER)[];
    const values = Object.entries(attributes).flatMap(([name, value]) => (value ? [[`:${name}`, value] as const] : []));
    const command = new UpdateItemCommand({
      TableName: this.#options.tableName,
      Key: { [LEDGER.id]: { S: itemId(job) } },
      UpdateExpression,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, LEDGER[name]])),
      ExpressionAttributeValues: Object.fromEntries(values),
      ReturnValues: 'ALL_NEW',
    });
    const { Attributes = {} } = await orUnavailable(this.#options.client.send(command));
    return Attributes;
  }
}
