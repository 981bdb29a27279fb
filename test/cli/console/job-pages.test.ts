/** Pages of jobs by the index: all of them once, what changed last first, and few reads. */
import { expect, it } from 'vitest';
import { readJobPage } from '../../../cli/console/job-pages.ts';
import type { JobQuery } from '../../../cli/console/source.ts';
import type { LedgerEntry } from '../../../lambda/ledger/facts.ts';
import type { IndexQuery } from '../../../lambda/ledger/job-records.client.ts';
import { fakeJob } from '../../fakes/console-source.ts';

const COUNT = 10_000;

/** As the ledger has it: what is stored or failed is in the index by when it was. */
const records = Array.from({ length: COUNT }, (_, age) => {
  const row = fakeJob(age);
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    name.endsWith('At') && typeof value === 'string' ? new Date(value) : (value ?? undefined),
  ]);
  const closedAt = row.storedAt ?? row.failedAt;
  const due = new Date(closedAt ?? row.endedAt ?? row.submittedAt ?? '');
  const state = row.state === 'waiting' ? (row.publishedAt === null ? 'awaited' : 'unstored') : row.state;
  return { state, record: { ...Object.fromEntries(entries), due, state } as unknown as LedgerEntry };
});

function index() {
  const read = { records: 0 };
  const list = async ({ state, project, jobType, since, until, limit }: IndexQuery) => {
    const found = records
      .filter((one) => one.state === state)
      .map(({ record }) => record)
      .filter((record) => record.project === project && record.jobType === jobType)
      .filter(
        ({ due }) =>
          due !== undefined && (since === undefined || due >= since) && (until === undefined || due <= until),
      )
      .toSorted((a, b) => (b.due?.getTime() ?? 0) - (a.due?.getTime() ?? 0))
      .slice(0, limit);
    read.records += found.length;
    return found;
  };
  return { list, read };
}

const PROJECTS = ['default', 'research'];
const ALL: JobQuery = {
  ...{ text: '', state: undefined, project: undefined, jobType: undefined, since: undefined, cursor: undefined },
  limit: 500,
};

async function readAll(query: JobQuery) {
  const ids: string[] = [];
  let { cursor } = query;
  let pages = 0;
  do {
    const { rows, next } = await readJobPage(index(), PROJECTS, { ...query, cursor });
    ids.push(...rows.map(({ jobId }) => jobId));
    cursor = next;
    pages += 1;
  } while (cursor !== undefined);
  return { ids, pages };
}

it('has every job on one page, and none on two', async () => {
  const { ids, pages } = await readAll(ALL);

  expect([ids.length, new Set(ids).size, pages]).toEqual([COUNT, COUNT, 20]);
});

it('reads for a page what is open, and of what is done little more than it shows', async () => {
  const all = index();
  const { rows } = await readJobPage(all, PROJECTS, { ...ALL, limit: 50 });
  const open = records.filter(({ record }) => record.storedAt === undefined && record.failedAt === undefined).length;

  expect(rows).toHaveLength(50);
  // Two projects, three types, two states that are done.
  expect(all.read.records).toBeLessThanOrEqual(open + 12 * 51);
});

it.each([
  ['failed', (entry: LedgerEntry) => entry.failedAt !== undefined],
  ['stored', (entry: LedgerEntry) => entry.storedAt !== undefined],
  ['waiting', (entry: LedgerEntry) => entry.storedAt === undefined && entry.failedAt === undefined],
] as const)('has all that are %s, in the order of their last change', async (state, fits) => {
  const { ids } = await readAll({ ...ALL, state });

  expect(new Set(ids)).toEqual(new Set(records.filter(({ record }) => fits(record)).map(({ record }) => record.jobId)));
});

it('finds what is searched for, however far back it is', async () => {
  const { ids, pages } = await readAll({ ...ALL, text: 'Nightly summaries 9996', limit: 50 });

  expect(ids).toEqual([fakeJob(9996).jobId]);
  expect(pages).toBeLessThan(12);
});

it('keeps to a project, a type and a time', async () => {
  const since = new Date(fakeJob(300).submittedAt ?? '');
  const { ids } = await readAll({ ...ALL, project: 'research', jobType: 'video', since });
  const expected = records
    .map(({ record }) => record)
    .filter(({ project, jobType }) => project === 'research' && jobType === 'video')
    .filter(({ endedAt, submittedAt, storedAt, failedAt }) =>
      [endedAt, submittedAt, storedAt, failedAt].some((time) => time !== undefined && time >= since),
    );

  expect(new Set(ids)).toEqual(new Set(expected.map(({ jobId }) => jobId)));
});
