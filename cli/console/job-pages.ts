/** Pages of jobs, what changed last first, by the ledger's index. */
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import type { LedgerEntry } from '../../lambda/ledger/facts.ts';
import type { JobIndex } from '../job-listing.ts';
import { lastChangeOf, toJobRow } from '../job-row.ts';
import { fits, placeOf } from './job-filter.ts';
import type { JobPage, JobQuery } from './source.ts';

/** So many jobs of each state and type are read for one page of what a search finds. */
const SEARCHED = 1000;

/** Of the jobs that are done as many as a page needs; those that are open are few, and are read whole. */
export async function readJobPage(index: JobIndex, projects: readonly string[], query: JobQuery): Promise<JobPage> {
  const { state, since, cursor, limit } = query;
  const most = query.text === '' ? limit + 1 : SEARCHED;
  // The time with which a place begins is the last that the page may have.
  const until = cursor === undefined ? undefined : new Date(cursor.split(' ', 1)[0] ?? '');
  const kinds = projects
    .filter((project) => query.project === undefined || project === query.project)
    .flatMap((project) =>
      FETCHED_JOB_TYPES.filter((jobType) => query.jobType === undefined || jobType === query.jobType).map(
        (jobType) => ({
          ...{ project, jobType },
        }),
      ),
    );
  const open = state === 'stored' ? [] : (['awaited', 'unstored'] as const);
  const done = (['stored', 'failed'] as const).filter((one) => state === undefined || state === one);
  const [opened, closed] = await Promise.all([
    Promise.all(kinds.flatMap((kind) => open.map((one) => index.list({ ...kind, state: one })))),
    Promise.all(
      kinds.flatMap((kind) => done.map((one) => index.list({ ...kind, state: one, since, until, limit: most }))),
    ),
  ]);
  const horizon = horizonOf(closed, most);
  const rows = [...opened, ...closed]
    .flat()
    .map(toJobRow)
    .filter((row) => fits(row, query))
    .map((row) => ({ row, place: placeOf(row) }))
    .filter(({ row, place }) => (cursor === undefined || place < cursor) && lastChangeOf(row) >= horizon)
    .toSorted((a, b) => (a.place < b.place ? 1 : -1));
  const page = rows.slice(0, limit);
  const isWhole = rows.length <= limit && horizon === '';
  return {
    rows: page.map(({ row }) => row),
    next: isWhole ? undefined : rows.length > limit ? page.at(-1)?.place : `${horizon} `,
  };
}

/** Before this time there may be jobs that were not read: a list that is full ended there. Empty when none is. */
function horizonOf(lists: readonly (readonly LedgerEntry[])[], most: number): string {
  const ends = lists
    .filter((list) => list.length >= most)
    .map((list) => list.at(-1))
    .flatMap((last) => (last?.due === undefined ? [] : [last.due.toISOString()]));
  return ends.toSorted().at(-1) ?? '';
}
