/** `show`: one job's life, as the ledger has it, with its deliveries and its objects. */
import { CliError } from '../cli-error.ts';
import { type CommandContext, show as print } from '../context.ts';
import { findDeliveries, scanDeliveries } from '../deliveries.ts';
import { eventTypesOf, findJobs } from '../ledger.ts';
import { type Life, rowsOf, stateOf } from '../life.ts';
import { findManifests } from '../objects.ts';
import { chosenSources } from '../sources.ts';

/** @param id of a job, in whatever spelling, or of a webhook */
export async function showJob(context: CommandContext, id: string): Promise<void> {
  const sources = chosenSources(context).map(({ name }) => name);
  const byJob = await findLives(context, sources, id);
  // A name with a slash is a job's: no webhook has such an id, and nothing has to be scanned for it.
  const lives = byJob.length > 0 || id.includes('/') ? byJob : await findByWebhook(context, sources, id);
  if (lives.length === 0) {
    throw new CliError(
      `Neither the ledger nor the deliveries of the last days know ${id}, as a job or as a webhook. "deliveries" lists what came; batches that nobody told of are found by the reconciler at its next run.`,
    );
  }
  const { json, terminal } = context;
  if (json) {
    const all = lives.flatMap((life) => rowsOf(life).map((row) => [life.source, life.jobId, ...row]));
    return print(context, ['source', 'job', 'time', 'what', 'detail'], all, '');
  }
  for (const life of lives) {
    if (lives.length > 1) terminal.print(`${life.jobId || id}, source ${life.source}`);
    print(context, ['time', 'what', 'detail'], rowsOf(life), '');
    terminal.tell(stateOf(life));
  }
}

async function findLives(context: CommandContext, sources: readonly string[], jobId: string): Promise<Life[]> {
  const { deployment, now } = context;
  const entries = await findJobs(deployment, sources, jobId);
  const known = entries.map(async (entry): Promise<Life> => {
    const { source, jobType, jobId, manifestKey } = entry;
    const deliveries = await findDeliveries(deployment, { jobId, sources: [source], also: eventTypesOf([entry]) }, now);
    return {
      ...{ source, jobId, entry },
      deliveries: deliveries.filter((one) => one.eventType.startsWith(`${jobType}.`)),
      manifests: manifestKey === undefined ? [] : await findManifests(deployment, manifestKey),
    };
  });
  if (known.length > 0) return await Promise.all(known);
  const deliveries = await findDeliveries(deployment, { jobId, sources, also: [] }, now);
  return deliveries.map((one) => ({ ...one, entry: undefined, deliveries: [one], manifests: [] }));
}

async function findByWebhook(context: CommandContext, sources: readonly string[], id: string): Promise<Life[]> {
  const { deployment, now } = context;
  const deliveries = (await scanDeliveries(deployment, now, id)).filter(({ source }) => sources.includes(source));
  const lives = deliveries.map(async (one): Promise<readonly Life[]> => {
    const known = one.jobId === '' ? [] : await findLives(context, [one.source], one.jobId);
    return known.length > 0 ? known : [{ ...one, entry: undefined, deliveries: [one], manifests: [] }];
  });
  return (await Promise.all(lives)).flat();
}
