/** `show`: one job's life, as the ledger has it, with its deliveries and its objects. */

import { itemId } from '../../lambda/ledger/facts.ts';
import { CliError } from '../cli-error.ts';
import { linksOf } from '../console-links.ts';
import { type CommandContext, show as print } from '../context.ts';
import { deliveryRecordsOf } from '../deliveries.ts';
import { jobRecordsOf } from '../job-listing.ts';
import { toJobRow } from '../job-row.ts';
import { type Life, stepsOf, summaryOf } from '../life.ts';
import { findManifests, folderOf } from '../objects.ts';
import { chosenProjects } from '../projects.ts';
import type { Column } from '../table.ts';

const COLUMNS: readonly Column<ReturnType<typeof stepsOf>[number]>[] = [
  { title: 'time', text: ({ time }) => time },
  { title: 'what', text: ({ what }) => what },
  { title: 'detail', text: ({ detail }) => detail, below: true },
];

/** @param id of a job, in whatever spelling, or of a webhook */
export async function showJob(context: CommandContext, id: string): Promise<void> {
  const lives = await findLives(context, id);
  if (lives.length === 0) {
    throw new CliError(
      `Neither the ledger nor the deliveries of the last days know ${id}, as a job or as a webhook. "gemini-webhooks deliveries" lists what came. A batch of which no webhook came is found by the reconciler at its next run.`,
    );
  }
  const { json, terminal } = context;
  if (json)
    return print(
      context,
      lives.map((life) => dataOf(context, life)),
      [],
    );
  for (const life of lives) {
    const { project, jobId } = life;
    if (lives.length > 1) terminal.print(`${jobId || id}, project ${project}`);
    print(context, stepsOf(life), COLUMNS);
    terminal.note(summaryOf(life));
    const { folder, links } = dataOf(context, life);
    for (const [what, url] of Object.entries({ folder, ...links }))
      if (url !== null) terminal.note(`  ${what}: ${url}`);
  }
}

function dataOf({ deployment }: CommandContext, life: Life) {
  const { project, jobId, job } = life;
  return {
    ...{ project, jobId, job: job ?? null, steps: stepsOf(life) },
    folder: job?.manifestKey ? `s3://${deployment.description.outputBucket}/${folderOf(job.manifestKey)}` : null,
    links:
      (job &&
        linksOf(deployment, {
          logGroup: deployment.description.fetchers[job.jobType].logGroup,
          ledgerId: itemId(job),
          manifestKey: job.manifestKey,
        })) ??
      null,
  };
}

async function findLives(context: CommandContext, id: string): Promise<readonly Life[]> {
  const projects = chosenProjects(context).map(({ name }) => name);
  const byJob = await findByJob(context, projects, id);
  // A name with a slash is a job's: no webhook has such an id, and nothing has to be scanned for it.
  return byJob.length > 0 || id.includes('/') ? byJob : await findByWebhook(context, projects, id);
}

async function findByJob(context: CommandContext, projects: readonly string[], jobId: string): Promise<Life[]> {
  const { deployment, now } = context;
  const records = deliveryRecordsOf(deployment);
  const jobs = (await jobRecordsOf(deployment).find(projects, jobId)).map(toJobRow);
  const known = jobs.map(async (job): Promise<Life> => {
    const { project, jobType, jobId, manifestKey, eventType } = job;
    const also = eventType === null ? [] : [eventType];
    const deliveries = await records.find({ jobId, projects: [project], also }, now);
    return {
      ...{ project, jobId, job },
      deliveries: deliveries.filter((one) => one.eventType.startsWith(`${jobType}.`)),
      manifests: manifestKey === null ? [] : await findManifests(deployment, manifestKey),
    };
  });
  if (known.length > 0) return await Promise.all(known);
  const deliveries = await records.find({ jobId, projects, also: [] }, now);
  return deliveries.map(unknownToLedger);
}

async function findByWebhook(context: CommandContext, projects: readonly string[], id: string): Promise<Life[]> {
  const { deployment, now } = context;
  const deliveries = await deliveryRecordsOf(deployment).scan(now, id);
  const lives = deliveries
    .filter(({ project }) => projects.includes(project))
    .map(async (one): Promise<readonly Life[]> => {
      const known = one.jobId === '' ? [] : await findByJob(context, [one.project], one.jobId);
      return known.length > 0 ? known : [unknownToLedger(one)];
    });
  return (await Promise.all(lives)).flat();
}

function unknownToLedger(delivery: Life['deliveries'][number]): Life {
  const { project, jobId } = delivery;
  return { project, jobId, job: undefined, deliveries: [delivery], manifests: [] };
}
