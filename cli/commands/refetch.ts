/** `refetch`: a job's event goes to its fetcher's queue once more, as it was announced. */
import { randomUUID } from 'node:crypto';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { EVENT_SOURCE, FETCHED_JOB_TYPES, type FetchedJobType, SCHEMA_VERSION } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, say } from '../context.ts';
import { deliveryRecordsOf } from '../deliveries.ts';
import { jobRecordsOf } from '../job-listing.ts';
import { toJobRow } from '../job-row.ts';
import { chosenProjects } from '../projects.ts';

export async function refetch(context: CommandContext, job: string): Promise<void> {
  const { deployment, terminal, now } = context;
  const announced = await findAnnounced(context, job);
  const { project, jobType, jobId, eventType } = announced;
  terminal.note('A job whose outputs are stored is not downloaded again: its output.stored is announced once more.');
  await confirm(context, `Fetch ${jobId} of the project ${project} again?`);
  const event = {
    ...{ version: '0', id: randomUUID(), 'detail-type': eventType, source: EVENT_SOURCE, time: now.toISOString() },
    detail: {
      ...{ schemaVersion: SCHEMA_VERSION, project: project, webhookId: announced.webhookId },
      ...{ type: eventType, jobType, jobId, status: eventType.slice(eventType.lastIndexOf('.') + 1) },
      ...{ occurredAt: announced.endedAt, receivedAt: announced.deliveredAt },
      ...{ origin: announced.origin, scheme: announced.scheme, userMetadata: announced.userMetadata },
      data: { id: jobId },
    },
  };
  await deployment.clients.sqs.send(
    new SendMessageCommand({
      QueueUrl: deployment.description.fetchers[jobType].queueUrl,
      MessageBody: JSON.stringify(event),
    }),
  );
  say(context, { project, jobId, jobType }, `${jobId} is in the queue of its fetcher.`);
}

interface Announced {
  readonly project: string;
  readonly jobType: FetchedJobType;
  readonly jobId: string;
  readonly eventType: string;
  readonly webhookId: string;
  readonly scheme: string;
  readonly origin: string;
  readonly endedAt: string;
  readonly deliveredAt: string;
  readonly userMetadata: Readonly<Record<string, unknown>>;
}

/** What the ledger knows of its event; what that has not recorded, the delivery. @throws CliError when there was none */
async function findAnnounced(context: CommandContext, job: string): Promise<Announced> {
  const { deployment, now, terminal } = context;
  const projects = chosenProjects(context).map(({ name }) => name);
  const rows = (await jobRecordsOf(deployment).find(projects, job)).map(toJobRow);
  const announced: Announced[] = rows.flatMap((row) => {
    const { eventType, webhookId, endedAt } = row;
    if (eventType === null || webhookId === null || endedAt === null) return [];
    const origin = row.origin ?? 'webhook';
    const scheme = origin === 'reconciler' ? 'api' : 'v1';
    return [{ ...row, eventType, webhookId, endedAt, origin, scheme, deliveredAt: row.deliveredAt ?? endedAt }];
  });
  const deliveries = await deliveryRecordsOf(deployment).find(
    { jobId: job, projects, also: announced.map(({ eventType }) => eventType) },
    now,
  );
  if (announced.length === 0) {
    for (const delivery of deliveries) {
      const jobType = FETCHED_JOB_TYPES.find((type) => delivery.eventType.startsWith(`${type}.`));
      if (jobType === undefined) continue;
      const origin = delivery.scheme === 'api' ? 'reconciler' : 'webhook';
      const { receivedAt } = delivery;
      announced.push({ ...delivery, jobType, origin, endedAt: receivedAt, deliveredAt: receivedAt, userMetadata: {} });
    }
    if (announced.length > 0) terminal.note('The ledger does not know it: its events will have no userMetadata.');
  }
  const [only] = announced;
  if (only === undefined) throw new CliError(missing(job, rows.length > 0));
  if (new Set(announced.map(({ project, jobType }) => `${project} ${jobType}`)).size > 1) {
    throw new CliError(
      `${job} is a job of several: ${announced.map(({ project, jobType }) => `${jobType} of ${project}`).join(', ')}. Choose one with --project.`,
      2,
    );
  }
  const scheme = deliveries.find(({ webhookId }) => webhookId === only.webhookId)?.scheme ?? only.scheme;
  return { ...only, scheme };
}

function missing(job: string, isSubmitted: boolean): string {
  return isSubmitted
    ? `${job} was submitted, and nothing says yet that it ended: there is nothing to fetch. The reconciler asks Gemini about it; "gemini-webhooks show ${job}" shows what is known.`
    : `No job ${job} was announced. "gemini-webhooks deliveries" lists what came lately; older events are in the archive, see "gemini-webhooks replay".`;
}
