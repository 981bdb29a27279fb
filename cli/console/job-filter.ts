/** Which jobs are shown: a query, as it stands in the URL, and which rows fit it. */
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import { JOB_STATES, type JobRow, lastChangeOf } from '../job-row.ts';
import type { JobQuery } from './source.ts';

const PAGE = 50;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Filters that make no sense are as if they were not there: a URL may be old, or typed. */
export function readQuery(parameters: URLSearchParams, now: Date): JobQuery {
  const text = (name: string) => parameters.get(name)?.trim() || undefined;
  return {
    text: text('q')?.slice(0, 200) ?? '',
    state: JOB_STATES.find((state) => state === text('state')),
    jobType: FETCHED_JOB_TYPES.find((type) => type === text('type')),
    project: text('project'),
    since: sinceOf(text('since'), now),
    cursor: text('cursor'),
    limit: PAGE,
  };
}

/** `2h`, `30m`, `7d`, or a time. */
function sinceOf(text: string | undefined, now: Date): Date | undefined {
  const [, count, unit = ''] = /^(\d{1,4})([mhd])$/.exec(text ?? '') ?? [];
  if (count !== undefined) return new Date(now.getTime() - Number(count) * (UNITS[unit] ?? 0));
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : new Date(time);
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

/** Of all jobs, those of one page. A cursor is the place of the last row, so that new jobs do not shift the pages. */
export function pageOf(all: readonly JobRow[], query: JobQuery) {
  const after = query.cursor;
  const found = all
    .filter((row) => fits(row, query))
    .map((row) => ({ row, place: placeOf(row) }))
    .filter(({ place }) => after === undefined || place < after)
    .toSorted((a, b) => (a.place < b.place ? 1 : -1));
  const rows = found.slice(0, query.limit);
  return { rows: rows.map(({ row }) => row), next: found.length > rows.length ? rows.at(-1)?.place : undefined };
}

/** Begins with the time of its last change. */
export function placeOf(row: JobRow): string {
  return `${lastChangeOf(row)} ${row.project} ${row.jobType} ${row.jobId}`;
}
