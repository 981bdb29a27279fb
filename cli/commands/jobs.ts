/** `jobs`: the jobs of the ledger, newest first, and what becomes of them. */
import type { FetchedJobType } from '../../lambda/contract.ts';
import { type CommandContext, show } from '../context.ts';
import { follow } from '../follow.ts';
import { jobRecordsOf, listJobs } from '../job-listing.ts';
import { type JobRow, type JobState, lastChangeOf, waitingOf } from '../job-row.ts';
import { chosenProjects } from '../projects.ts';
import { parseSince } from '../since.ts';
import { type Column, formatAgo } from '../table.ts';

export interface JobsOptions {
  readonly state: JobState | undefined;
  readonly type: FetchedJobType | undefined;
  /** `30m`, `2h`, `3d`, or a time. */
  readonly since: string | undefined;
  readonly limit: number;
  readonly follow: boolean;
}

export async function jobs(context: CommandContext, options: JobsOptions): Promise<void> {
  const projects = chosenProjects(context).map(({ name }) => name);
  const { state, type: jobType, limit } = options;
  const since = options.since === undefined ? undefined : parseSince(options.since, context.now);
  const index = jobRecordsOf(context.deployment);
  const read = () => listJobs(index, { state, projects, jobType, since, limit });
  const rows = await read();
  show(context, rows, columnsAt(context.now), 'The ledger has no job that fits.');
  if (!options.follow) return;
  await follow(
    context,
    {
      read,
      idOf: (row) => JSON.stringify([row.project, row.jobType, row.jobId, row.state, row.attempts, lastChangeOf(row)]),
      cellsOf: (row) => [lastChangeOf(row).slice(0, 19), row.state, row.jobType, row.jobId, detailOf(row)],
    },
    rows,
  );
}

function columnsAt(now: Date): readonly Column<JobRow>[] {
  return [
    { title: 'job', text: ({ jobId }) => jobId, below: true },
    { title: 'state', text: ({ state }) => state },
    { title: 'changed', text: (row) => formatAgo(lastChangeOf(row), now) },
    { title: 'detail', text: detailOf, below: true },
    { title: 'type', text: ({ jobType }) => jobType, drop: 3 },
    { title: 'name', text: ({ displayName }) => displayName ?? '', drop: 1 },
    { title: 'seconds', text: secondsOf, drop: 5 },
    { title: 'attempts', text: ({ attempts }) => String(attempts), drop: 4 },
    { title: 'project', text: ({ project }) => project, drop: 6 },
  ];
}

/** Why it waits, or failed. */
function detailOf(row: JobRow): string {
  if (row.state === 'failed') return row.failureCode ?? '';
  const { because = '', nextAt = null } = waitingOf(row) ?? {};
  return nextAt === null ? because : `${because}; next try ${nextAt}`;
}

/** From its end at Gemini to its outputs. */
function secondsOf({ endedAt, storedAt }: JobRow): string {
  if (endedAt === null || storedAt === null) return '';
  return ((Date.parse(storedAt) - Date.parse(endedAt)) / 1000).toFixed(1);
}
