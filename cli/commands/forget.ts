/** `forget`: deletes what this deployment stores about a job. */
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import { outputPrefix } from '../../lambda/events/output-keys.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, say } from '../context.ts';
import { deliveryRecordsOf } from '../deliveries.ts';
import { jobRecordsOf } from '../job-listing.ts';
import { deleteVersions, folderOf, listFolders, listVersions } from '../objects.ts';
import { chosenProjects } from '../projects.ts';
import { counted } from '../table.ts';

/** As long as a reconciler may look back. */
const CLOSED_SECONDS = 7 * 24 * 3600;

const OUT_OF_REACH = [
  'the archive of the bus, from which a replay brings the events back, until its retention ends',
  'copies that consumers of the events made, and what they did with them',
  'messages in queues and dead-letter queues, which hold the event for up to 14 days',
  'log lines, which name the job, until the retention of the logs ends',
  "backups of the idempotency table, for 35 days, and the bucket's copies elsewhere, if you made any",
  'the job at Gemini itself: delete it there',
];

export async function forget(context: CommandContext, jobId: string): Promise<void> {
  const { deployment, terminal, now } = context;
  const projects = chosenProjects(context).map(({ name }) => name);
  const [ledger, deliveries] = [jobRecordsOf(deployment), deliveryRecordsOf(deployment)];
  const jobs = await ledger.find(projects, jobId);
  const records = await deliveries.find(
    { jobId, projects, also: jobs.flatMap(({ eventType }) => eventType ?? []) },
    now,
  );
  const owners = new Set([...jobs, ...records].map(({ project }) => project));
  if (owners.size > 1) {
    throw new CliError(
      `${jobId} is a job of several projects: ${[...owners].join(', ')}. Choose one with --project.`,
      2,
    );
  }
  const folders = await foldersOf(
    context,
    jobId,
    jobs.flatMap(({ manifestKey }) => manifestKey ?? []),
  );
  const versions = (await Promise.all(folders.map((folder) => listVersions(deployment, folder)))).flat();
  const notReached = OUT_OF_REACH;
  if (versions.length + records.length + jobs.length === 0) {
    const nothing = { objectVersions: 0, deliveryRecords: 0, ledgerEntries: 0 };
    return say(context, { jobId, ...nothing, notReached }, `Nothing is stored about ${jobId}.`);
  }
  if (jobs.some((job) => job.publishedAt !== undefined && job.storedAt === undefined && job.failedAt === undefined)) {
    terminal.note(
      'Its fetch may be under way, and would store outputs again: call this command once more when it is over.',
    );
  }
  terminal.note(
    `Stored about ${jobId}: ${counted(versions.length, 'object version')}, ${counted(records.length, 'delivery record')}, ${counted(jobs.length, 'ledger entry', 'ledger entries')}.`,
  );
  terminal.note(`This does not reach:\n${OUT_OF_REACH.map((text) => `- ${text}`).join('\n')}`);
  await confirm(context, 'Delete all of it? This cannot be undone.');
  await deleteVersions(deployment, versions);
  for (const { id } of records) await deliveries.strip(id);
  for (const job of jobs) await ledger.strip(job, now, CLOSED_SECONDS);
  say(
    context,
    {
      jobId,
      ...{ objectVersions: versions.length, deliveryRecords: records.length, ledgerEntries: jobs.length },
      notReached,
    },
    `${jobId} is forgotten. For 7 days its id alone stays, so that neither a late webhook nor the reconciler brings it back.`,
  );
}

/** By the manifest that the ledger knows; without it by the job's id, under whatever day it was created. */
async function foldersOf(
  context: CommandContext,
  jobId: string,
  manifestKeys: readonly string[],
): Promise<readonly string[]> {
  if (manifestKeys.length > 0) return [...new Set(manifestKeys.map(folderOf))];
  const found = chosenProjects(context).flatMap(({ name }) =>
    FETCHED_JOB_TYPES.map(async (jobType) => {
      const place = { project: name, jobType, jobName: jobId, createdAt: undefined };
      const [root = '', rest = ''] = outputPrefix(place, '').split(/date=[^/]*\//);
      return (await listFolders(context.deployment, root)).map((day) => day + rest.replace(/\/\/$/, '/'));
    }),
  );
  return (await Promise.all(found)).flat();
}
