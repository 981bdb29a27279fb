/** What a fact changes in its job's item. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type LEDGER, MAX_METADATA_BYTES } from '../contract.ts';
import { type LedgerFact, type LedgerQueue, queueName, shardOf } from './facts.ts';

const MAX_NAME_LENGTH = 512;
/** Batches are listed, and end within 24 hours or a little more; asking for each of them is for what the list does not show. */
const FIRST_QUESTION_MS = { batch: 25 * 3600_000, interaction: 0, video: 0 } as const;

export type Attribute = keyof typeof LEDGER;
export type Attributes = { readonly [Name in Attribute]?: AttributeValue };

export interface Update {
  /** The first to say it is believed. */
  readonly facts: Attributes;
  /** What replaces what was said before. */
  readonly last?: Attributes;
  readonly moves?: Move;
}

/** What puts a job into another state, unless one of the attributes is there. */
export interface Move {
  readonly to: Attributes;
  readonly unless: readonly Attribute[];
}

export function updateOf(fact: LedgerFact): Update {
  switch (fact.kind) {
    case 'submitted':
      return {
        facts: { submittedAt: time(fact.submittedAt) },
        // Its creator knows better than the resource what it is for.
        last: { ...metadata(fact.userMetadata), ...name(fact.displayName) },
        moves: awaits(fact, fact.submittedAt),
      };
    case 'listed': {
      const { listedAt, createdAt, hasEnded, displayName } = fact;
      return {
        facts: { listedAt: time(listedAt), ...(createdAt && { createdAt: time(createdAt) }), ...name(displayName) },
        ...(!hasEnded && { moves: awaits(fact, createdAt ?? listedAt) }),
      };
    }
    case 'announced':
      return {
        facts: {
          eventType: { S: fact.eventType },
          webhookId: { S: fact.webhookId },
          origin: { S: fact.origin },
          endedAt: time(fact.endedAt),
          deliveredAt: time(fact.deliveredAt),
          publishedAt: time(fact.publishedAt),
          ...metadata(fact.userMetadata),
          ...name(fact.displayName),
        },
        moves: { to: inQueue({ ...fact, state: 'unstored' }, fact.endedAt), unless: ['publishedAt', 'closedAt'] },
      };
    case 'republished':
      return { facts: {}, last: { republishedAt: time(fact.republishedAt) } };
    case 'stored':
      return {
        facts: {
          ...(fact.createdAt && { createdAt: time(fact.createdAt) }),
          fetchStartedAt: time(fact.fetchStartedAt),
          storedAt: time(fact.storedAt),
          closedAt: time(fact.storedAt),
        },
        // Not that of an earlier failure.
        last: { manifestKey: { S: fact.manifestKey }, ...inQueue({ ...fact, state: 'stored' }, fact.storedAt) },
      };
    case 'failed':
      return {
        facts: {
          failedAt: time(fact.failedAt),
          failureCode: { S: fact.code },
          ...(fact.manifestKey !== undefined && { manifestKey: { S: fact.manifestKey } }),
          ...(!fact.retryable && { closedAt: time(fact.failedAt) }),
        },
        ...(!fact.retryable && {
          moves: { to: inQueue({ ...fact, state: 'failed' }, fact.failedAt), unless: ['storedAt'] },
        }),
      };
  }
}

function awaits(fact: LedgerFact, since: Date): Move {
  const due = new Date(since.getTime() + FIRST_QUESTION_MS[fact.jobType]);
  return { to: inQueue({ ...fact, state: 'awaited' }, due), unless: ['queue', 'publishedAt', 'closedAt'] };
}

function inQueue(job: LedgerFact & Pick<LedgerQueue, 'state'>, due: Date): Attributes {
  return { queue: { S: queueName(job, shardOf(job)) }, due: { N: String(due.getTime()) } };
}

function time(value: Date): AttributeValue {
  return { S: value.toISOString() };
}

function metadata(value: Readonly<Record<string, unknown>>): Attributes {
  const written = JSON.stringify(value);
  // More of it would make the item larger than what it is for.
  const fits = Buffer.byteLength(written) <= MAX_METADATA_BYTES;
  return written !== '{}' && fits ? { userMetadata: { S: written } } : {};
}

function name(value: string | undefined): Attributes {
  return value ? { displayName: { S: value.slice(0, MAX_NAME_LENGTH) } } : {};
}
