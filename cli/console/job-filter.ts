/** Which jobs are shown: a query, as it stands in the URL, and which rows fit it. */
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import { JOB_STATES, type JobRow, lastChangeOf } from '../job-row.ts';
import { sinceOf } from '../since.ts';
import type { JobQuery } from './source.ts';

const PAGE = 50;

/** Filters that make no sense are as if they were not there: a URL may be old, or typed. */
export function readQuery(parameters: URLSearchParams, now: Date): JobQuery {
  const text = (name: string) => parameters.get(name)?.trim() || undefined;
  return {
    text: text('q')?.slice(0, 200) ?? '',
    state: JOB_STATES.find((state) => state === text('state')),
    jobType: FETCHED_JOB_TYPES.find((type) => type === text('type')),
    project: text('project'),
    since: sinceOf(text('since') ?? '', now),
    cursor: text('cursor'),
    limit: PAGE,
  };
}

const FILTERS = ['q', 'state', 'type', 'project', 'since', 'cursor'] as const;
export type Filter = (typeof FILTERS)[number];

/** The same filters with some of them changed; whatever changes, begins at the newest. */
export function withFilters(
  parameters: URLSearchParams,
  changes: Partial<Readonly<Record<Filter, string | undefined>>>,
): string {
  const wanted = new URLSearchParams();
  for (const name of FILTERS) {
    const kept = name === 'cursor' ? undefined : (parameters.get(name) ?? undefined);
    const value = name in changes ? changes[name] : kept;
    if (value) wanted.set(name, value);
  }
  const written = wanted.toString();
  return written === '' ? '' : `?${written}`;
}

/** The first that is known of it. */
export function bornAt(row: JobRow): string {
  return row.submittedAt ?? row.createdAt ?? row.endedAt ?? row.deliveredAt ?? row.failedAt ?? row.storedAt ?? '';
}

export function fits(
  row: JobRow,
  { text, state, project, jobType, since }: Omit<JobQuery, 'cursor' | 'limit'>,
): boolean {
  if (state !== undefined && row.state !== state) return false;
  if (project !== undefined && row.project !== project) return false;
  if (jobType !== undefined && row.jobType !== jobType) return false;
  if (since !== undefined && lastChangeOf(row) < since.toISOString()) return false;
  if (text === '') return true;
  const { jobId, displayName, userMetadata, webhookId, lastCode, failureCode } = row;
  const words = [jobId, displayName, JSON.stringify(userMetadata), webhookId, lastCode, failureCode];
  return words.some((word) => word?.toLowerCase().includes(text.toLowerCase()));
}

/** Begins with the time of its last change. */
export function placeOf(row: JobRow): string {
  return `${lastChangeOf(row)} ${row.project} ${row.jobType} ${row.jobId}`;
}
