/** Jobs of the ledger, newest first, by its index. */

import { FETCHED_JOB_TYPES, type FetchedJobType } from '../lambda/contract.ts';
import type { LedgerEntry, LedgerState } from '../lambda/ledger/facts.ts';
import { DynamoDbJobRecords, type IndexQuery } from '../lambda/ledger/job-records.client.ts';
import type { Deployment } from './deployment.ts';
import { type JobRow, type JobState, lastChangeOf, toJobRow } from './job-row.ts';

export interface JobFilter {
  /** Of these only; undefined for all. */
  readonly state: JobState | undefined;
  readonly projects: readonly string[];
  readonly jobType: FetchedJobType | undefined;
  /** To which something happened since then. */
  readonly since: Date | undefined;
  readonly limit: number;
}

/** What a listing needs of the ledger's client. */
export interface JobIndex {
  list(query: IndexQuery): Promise<readonly LedgerEntry[]>;
}

/** Where the index has jobs of a state. What failed and may be fetched again is among those that are not stored yet. */
const INDEXED: Readonly<Record<JobState, readonly LedgerState[]>> = {
  waiting: ['awaited', 'unstored'],
  stored: ['stored'],
  failed: ['failed', 'unstored'],
};

export function jobRecordsOf({ clients, description }: Deployment): DynamoDbJobRecords {
  return new DynamoDbJobRecords(clients.dynamodb, description.ledgerTable);
}

export async function listJobs(index: JobIndex, filter: JobFilter): Promise<readonly JobRow[]> {
  const { state, projects, since, limit } = filter;
  const indexed = state === undefined ? [...new Set(Object.values(INDEXED).flat())] : INDEXED[state];
  const types = FETCHED_JOB_TYPES.filter((type) => filter.jobType === undefined || type === filter.jobType);
  const queries = projects.flatMap((project) =>
    types.flatMap((jobType) =>
      indexed.map((one) => {
        // Open jobs are few, and in the index by what they wait for: the time says little about what happened to them.
        const isClosed = one === 'stored' || one === 'failed';
        return index.list({ state: one, project, jobType, ...(isClosed && { since, limit }) });
      }),
    ),
  );
  return (await Promise.all(queries))
    .flat()
    .map(toJobRow)
    .filter((row) => state === undefined || row.state === state)
    .filter((row) => since === undefined || lastChangeOf(row) >= since.toISOString())
    .toSorted((a, b) => lastChangeOf(b).localeCompare(lastChangeOf(a)))
    .slice(0, limit);
}
