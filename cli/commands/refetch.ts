/** `refetch`: a job's event goes to its fetcher's queue once more. */
import { randomUUID } from 'node:crypto';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { EVENT_SOURCE, FETCHED_JOB_TYPES, SCHEMA_VERSION } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm } from '../context.ts';
import { jobIdsOf, readDeliveries } from '../deliveries.ts';
import { fetcherQueue } from '../queues.ts';

export async function refetch(context: CommandContext, job: string): Promise<void> {
  const { deployment, terminal, now } = context;
  const known = (await readDeliveries(deployment, now)).find(({ jobId }) => jobIdsOf(job).includes(jobId));
  const jobType = FETCHED_JOB_TYPES.find((type) => known?.eventType.startsWith(`${type}.`));
  if (known === undefined || jobType === undefined) {
    throw new CliError(
      `No delivery of the last days is about a job ${job} that has a fetcher. "deliveries" lists those that are known; older ones are in the archive, see "replay".`,
    );
  }
  terminal.tell('A job that has landed is not downloaded again: its output.stored is announced once more.');
  await confirm(context, `Fetch ${known.jobId} again?`);
  const { source, scheme, webhookId, eventType, jobId, receivedAt } = known;
  const event = {
    ...{ version: '0', id: randomUUID(), 'detail-type': eventType, source: EVENT_SOURCE, time: now.toISOString() },
    detail: {
      ...{ schemaVersion: SCHEMA_VERSION, source, webhookId, type: eventType, jobType, jobId, scheme },
      status: eventType.slice(eventType.lastIndexOf('.') + 1),
      ...{ occurredAt: receivedAt, receivedAt, origin: 'webhook', userMetadata: {}, data: { id: jobId } },
    },
  };
  await deployment.clients.sqs.send(
    new SendMessageCommand({ QueueUrl: fetcherQueue(deployment, jobType), MessageBody: JSON.stringify(event) }),
  );
  terminal.print(context.json ? JSON.stringify({ jobId, jobType }) : `${jobId} is in the queue of its fetcher.`);
}
