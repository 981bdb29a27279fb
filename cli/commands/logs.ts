/** `logs`: what all functions wrote about a job, in order. */
import { CliError } from '../cli-error.ts';
import { type CommandContext, show } from '../context.ts';
import { jobRecordsOf } from '../job-listing.ts';
import { lastChangeOf, toJobRow } from '../job-row.ts';
import { functionsOf, type LogLine, readLog } from '../logs.ts';
import { chosenProjects } from '../projects.ts';

/** Where the ledger does not know since when. */
const DEFAULT_HOURS = 24;
/** Clocks differ, and a job is created before it is announced. */
const MARGIN_MS = 60_000;

export async function logs(context: CommandContext, jobId: string, since: Date | undefined): Promise<void> {
  const { deployment, now } = context;
  const projects = chosenProjects(context);
  const records = await jobRecordsOf(deployment).find(
    projects.map(({ name }) => name),
    jobId,
  );
  const from = since ?? startOf(records.map(toJobRow), now);
  const functions = functionsOf(deployment.description, projects);
  const found = functions.map(async ([, written]) => {
    // In whatever spelling: the last part of the name is in all of them.
    const about = await readLog(deployment, written, [jobId.slice(jobId.lastIndexOf('/') + 1)], from);
    // What Lambda itself says of these invocations, a time-out among it, does not name the job.
    const requests = new Set(about.flatMap(({ requestId }) => requestId ?? []));
    const around = await readLog(deployment, written, [...requests], from);
    return around.length === 0 ? about : around;
  });
  const lines = (await Promise.all(found)).flat().toSorted((a, b) => a.time.localeCompare(b.time));
  if (lines.length === 0) {
    throw new CliError(
      `No function wrote about ${jobId} since ${from.toISOString()}. "gemini-webhooks jobs" lists what is known; --since looks further back.`,
    );
  }
  const shortNames = new Map(functions.map(([name, written]) => [written.name, name]));
  show(context, lines, [
    { title: 'time', text: ({ time }) => time },
    { title: 'level', text: ({ level }) => level },
    { title: 'function', text: (line) => shortNames.get(line.function) ?? line.function, drop: 1 },
    { title: 'message', text: ({ message, fields }) => [message, ...fieldsOf(fields)].join(' '), below: true },
  ]);
}

function startOf(rows: readonly ReturnType<typeof toJobRow>[], now: Date): Date {
  const times = rows.map(
    ({ submittedAt, createdAt, endedAt, ...row }) =>
      submittedAt ?? createdAt ?? endedAt ?? lastChangeOf({ ...row, submittedAt, createdAt, endedAt }),
  );
  const [first] = times.filter(Boolean).toSorted();
  return first === undefined
    ? new Date(now.getTime() - DEFAULT_HOURS * 3_600_000)
    : new Date(Date.parse(first) - MARGIN_MS);
}

function fieldsOf(fields: LogLine['fields']): readonly string[] {
  return Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
}
