/** What the verifier asks the job ledger: one read of one item, so that its bundle needs no more of the ledger. */
import { type AttributeValue, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { LEDGER } from '../contract.ts';
import { orUnavailable } from '../shared/dynamodb.client.ts';
import { itemId } from './facts.ts';
import type { FindJob } from './ports.ts';

/** Gemini waits a few seconds for its answer, and an event may do without. */
const TIMEOUT_MS = 1_000;

/** Written by applications, and by whoever has read the job with the project's own key. */
const SEEN = [LEDGER.submittedAt, LEDGER.listedAt, LEDGER.storedAt];

const Metadata = z.catch(z.record(z.string(), z.unknown()), {});

/** The found job says what an application announced about it, and whether our own key has seen it: listed, or stored. */
export function findJobIn(client: DynamoDBClient, tableName: string): FindJob {
  return async (job) => {
    const names = [...SEEN, LEDGER.origin, LEDGER.userMetadata, LEDGER.displayName];
    const command = new GetItemCommand({
      TableName: tableName,
      Key: { [LEDGER.id]: { S: itemId(job) } },
      ProjectionExpression: names.map((_, index) => `#${index}`).join(),
      ExpressionAttributeNames: Object.fromEntries(names.map((name, index) => [`#${index}`, name])),
    });
    const { Item } = await orUnavailable(client.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) }));
    return Item === undefined || !isOurs(Item)
      ? undefined
      : {
          userMetadata: parse(Item[LEDGER.userMetadata]?.S),
          displayName: Item[LEDGER.displayName]?.S,
        };
  };
}

/** That a webhook came about it says nothing: Google signs for every project. */
export function isOurs(item: Readonly<Record<string, AttributeValue>>): boolean {
  return SEEN.some((name) => item[name] !== undefined) || item[LEDGER.origin]?.S === 'reconciler';
}

function parse(written: string | undefined): Record<string, unknown> {
  return written === undefined ? {} : Metadata.parse(JSON.parse(written));
}
