/** An item of the ledger's table as the ledger's entry. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { FETCHED_JOB_TYPES, LEDGER } from '../contract.ts';
import type { LedgerEntry, LedgerState } from './facts.ts';

export type Item = Readonly<Record<string, AttributeValue>>;
type Attribute = keyof typeof LEDGER;

const STATES: readonly LedgerState[] = ['awaited', 'unstored', 'stored', 'failed'];

/** Undefined for an item that is no job. */
export function toEntry(item: Item): LedgerEntry | undefined {
  const text = (name: Attribute) => item[LEDGER[name]]?.S;
  const number = (name: Attribute) => item[LEDGER[name]]?.N;
  const date = (name: Attribute) => {
    const written = text(name);
    return written === undefined ? undefined : new Date(written);
  };
  const jobType = FETCHED_JOB_TYPES.find((type) => type === text('jobType'));
  const [project, jobId, due] = [text('project'), text('jobId'), number('due')];
  if (jobType === undefined || project === undefined || jobId === undefined) return undefined;
  return {
    ...{ project, jobType, jobId },
    state: STATES.find((state) => text('queue')?.startsWith(`${state}#`)),
    due: due === undefined ? undefined : new Date(Number(due)),
    submittedAt: date('submittedAt'),
    listedAt: date('listedAt'),
    createdAt: date('createdAt'),
    endedAt: date('endedAt'),
    deliveredAt: date('deliveredAt'),
    publishedAt: date('publishedAt'),
    republishedAt: date('republishedAt'),
    fetchStartedAt: date('fetchStartedAt'),
    storedAt: date('storedAt'),
    failedAt: date('failedAt'),
    closedAt: date('closedAt'),
    eventType: text('eventType'),
    webhookId: text('webhookId'),
    origin: text('origin'),
    userMetadata: JSON.parse(text('userMetadata') ?? '{}'),
    displayName: text('displayName'),
    failureCode: text('failureCode'),
    manifestKey: text('manifestKey'),
    attempts: Number(number('attempts') ?? '0'),
    lastCode: text('lastCode'),
    nextAttemptAt: date('nextAttemptAt'),
    failingSince: date('failingSince'),
  };
}
