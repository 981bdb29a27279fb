/**
 * The idempotency records in DynamoDB, in the vocabulary of Powertools' idempotency.
 *
 * A record lives like this; what has expired counts as absent, because DynamoDB deletes late:
 *
 *     claim                     complete                              expiration
 *       |-- INPROGRESS ------------|-- COMPLETED ----------------------|  absent
 *       |-- INPROGRESS --(in_progress_expiration)-- may be taken over
 *
 * The claim is an UpdateItem and not a PutItem, so that `attempts` survives a takeover.
 */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { RECORD } from '../contract.ts';
import { ifConditionHolds, orUnavailable, unavailable } from '../shared/dynamodb.client.ts';
import type { ClaimResult, EventClaim, IdempotencyStore } from './ports.ts';

export interface DynamoDbIdempotencyStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** How long an id is remembered; never under 48 h, as Gemini retries for 24 h. */
  readonly recordTtlSeconds: number;
  /** How long a claim holds; longer than the function's timeout. */
  readonly leaseSeconds: number;
}

type Item = Readonly<Record<string, AttributeValue>>;

export class DynamoDbIdempotencyStore implements IdempotencyStore {
  readonly #options: DynamoDbIdempotencyStoreOptions;

  constructor(options: DynamoDbIdempotencyStoreOptions) {
    this.#options = options;
  }

  async claim(claim: EventClaim, now: Date): Promise<ClaimResult> {
    const leaseEndsAt = now.getTime() + this.#options.leaseSeconds * 1000;
    const command = new UpdateItemCommand({
      TableName: this.#options.tableName,
      Key: { [RECORD.id]: { S: claim.id } },
      UpdateExpression:
        'SET #status = :inprogress, #owner = :owner, #lease = :lease, #expiration = :expiration, #type = :type, ' +
        '#job = :job, #delivery = :delivery, #hash = :hash, #received = :received, #attempts = if_not_exists(#attempts, :zero) + :one',
      ConditionExpression:
        'attribute_not_exists(#id) OR #expiration <= :nowSeconds OR (#status = :inprogress AND #lease <= :nowMs)',
      ExpressionAttributeNames: {
        '#id': RECORD.id,
        '#status': RECORD.status,
        '#owner': RECORD.owner,
        '#lease': RECORD.inProgressExpiration,
        '#expiration': RECORD.expiration,
        '#type': RECORD.eventType,
        '#job': RECORD.jobId,
        '#delivery': RECORD.delivery,
        '#hash': RECORD.bodySha256,
        '#received': RECORD.receivedAt,
        '#attempts': RECORD.attempts,
      },
      ExpressionAttributeValues: {
        ':inprogress': { S: 'INPROGRESS' },
        ':owner': { S: claim.owner },
        ':lease': { N: String(leaseEndsAt) },
        ':expiration': { N: String(this.#expiration(now)) },
        ':type': { S: claim.eventType },
        ':job': claim.jobId === null ? { NULL: true } : { S: claim.jobId },
        ':delivery': { S: claim.delivery },
        ':hash': { S: claim.bodySha256 },
        ':received': { S: claim.receivedAt.toISOString() },
        ':zero': { N: '0' },
        ':one': { N: '1' },
        ':nowSeconds': { N: String(Math.floor(now.getTime() / 1000)) },
        ':nowMs': { N: String(now.getTime()) },
      },
      ReturnValues: 'UPDATED_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    try {
      const { Attributes } = await this.#options.client.send(command);
      return { outcome: 'claimed', attempts: Number(Attributes?.[RECORD.attempts]?.N ?? '1') };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw unavailable(error);
      return this.#refused(claim, error.Item ?? (await this.#read(claim.id)));
    }
  }

  async complete(id: string, owner: string, now: Date): Promise<boolean> {
    return this.#updateAsOwner(id, owner, 'SET #status = :status, #expiration = :expiration', {
      names: { '#status': RECORD.status, '#expiration': RECORD.expiration },
      values: { ':status': { S: 'COMPLETED' }, ':expiration': { N: String(this.#expiration(now)) } },
    });
  }

  async release(id: string, owner: string): Promise<void> {
    await this.#updateAsOwner(id, owner, 'SET #lease = :zero', {
      names: { '#lease': RECORD.inProgressExpiration },
      values: { ':zero': { N: '0' } },
    });
  }

  /** Who holds the record that refused the claim. */
  #refused(claim: EventClaim, item: Item | undefined): ClaimResult {
    const leaseEndsAt = new Date(Number(item?.[RECORD.inProgressExpiration]?.N ?? '0'));
    if (item?.[RECORD.status]?.S === 'COMPLETED') {
      return {
        outcome: 'completed',
        delivery: item[RECORD.delivery]?.S ?? '',
        bodySha256: item[RECORD.bodySha256]?.S ?? '',
        receivedAt: new Date(item[RECORD.receivedAt]?.S ?? 0),
      };
    }
    // The SDK repeats a call whose answer was lost; the repetition then meets the lease that the first one took.
    if (item?.[RECORD.owner]?.S === claim.owner) {
      return { outcome: 'claimed', attempts: Number(item[RECORD.attempts]?.N ?? '1') };
    }
    return { outcome: 'in-progress', leaseEndsAt };
  }

  /** For stores that do not return the old item with a failed condition. */
  async #read(id: string): Promise<Item | undefined> {
    const command = new GetItemCommand({
      TableName: this.#options.tableName,
      Key: { [RECORD.id]: { S: id } },
      ConsistentRead: true,
    });
    const { Item } = await orUnavailable(this.#options.client.send(command));
    return Item;
  }

  async #updateAsOwner(
    id: string,
    owner: string,
    update: string,
    parts: { readonly names: Record<string, string>; readonly values: Record<string, AttributeValue> },
  ): Promise<boolean> {
    const command = new UpdateItemCommand({
      TableName: this.#options.tableName,
      Key: { [RECORD.id]: { S: id } },
      UpdateExpression: update,
      ConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: { ...parts.names, '#owner': RECORD.owner },
      ExpressionAttributeValues: { ...parts.values, ':owner': { S: owner } },
    });
    return ifConditionHolds(this.#options.client.send(command));
  }

  #expiration(now: Date): number {
    return Math.floor(now.getTime() / 1000) + this.#options.recordTtlSeconds;
  }
}
