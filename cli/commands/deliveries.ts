/** `deliveries`: what came lately, and what comes. */
import type { DeliveryRecord } from '../../lambda/events/idempotency-records.client.ts';
import { type CommandContext, show } from '../context.ts';
import { deliveryRecordsOf } from '../deliveries.ts';
import { follow } from '../follow.ts';
import { jobRecordsOf } from '../job-listing.ts';
import type { Delivery } from '../json-output.ts';
import { chosenProjects } from '../projects.ts';
import type { Column } from '../table.ts';

export interface DeliveriesOptions {
  readonly type: string | undefined;
  readonly job: string | undefined;
  readonly outcome: string | undefined;
  readonly limit: number;
  readonly follow: boolean;
}

const COLUMNS: readonly Column<Delivery>[] = [
  { title: 'received', text: ({ receivedAt }) => receivedAt.slice(0, 19) },
  { title: 'type', text: ({ eventType }) => eventType },
  { title: 'job', text: ({ jobId }) => jobId ?? '', below: true },
  { title: 'outcome', text: ({ outcome }) => outcome, drop: 1 },
  { title: 'attempts', text: ({ attempts }) => String(attempts), drop: 3 },
  { title: 'scheme', text: ({ scheme }) => scheme, drop: 2 },
  { title: 'project', text: ({ project }) => project, drop: 4 },
  { title: 'webhook id', text: ({ webhookId }) => webhookId, drop: 5 },
];

export async function deliveries(context: CommandContext, options: DeliveriesOptions): Promise<void> {
  const chosen = await read(context, options);
  const { limit } = options;
  show(context, chosen.slice(0, limit), COLUMNS, 'Nothing came that fits.');
  if (!context.json && chosen.length > limit) {
    context.terminal.note(`${chosen.length - limit} more; "--limit ${chosen.length}" shows them.`);
  }
  if (options.follow) {
    await follow(
      context,
      {
        read: () => read(context, options),
        idOf: ({ project, scheme, webhookId, attempts, outcome }) =>
          [project, scheme, webhookId, attempts, outcome].join('#'),
        cellsOf: ({ receivedAt, eventType, jobId, outcome }) => [
          receivedAt.slice(0, 19),
          eventType,
          jobId ?? '',
          outcome,
        ],
      },
      chosen,
    );
  }
}

async function read(context: CommandContext, options: DeliveriesOptions): Promise<readonly Delivery[]> {
  const { deployment } = context;
  const { type, job, outcome } = options;
  const now = context.clock();
  const projects = chosenProjects(context).map(({ name }) => name);
  const records = deliveryRecordsOf(deployment);
  const all =
    job === undefined
      ? await records.scan(now)
      : await records.find(
          {
            ...{ jobId: job, projects },
            also: (await jobRecordsOf(deployment).find(projects, job)).flatMap(({ eventType }) => eventType ?? []),
          },
          now,
        );
  return all
    .filter(({ project }) => projects.includes(project))
    .filter(({ eventType }) => type === undefined || eventType === type || eventType.startsWith(`${type}.`))
    .filter(({ status }) => outcome === undefined || status.toLowerCase() === outcome)
    .map(toRow);
}

function toRow({
  receivedAt,
  eventType,
  jobId,
  status,
  attempts,
  scheme,
  project,
  webhookId,
}: DeliveryRecord): Delivery {
  return {
    ...{ receivedAt, eventType, jobId: jobId === '' ? null : jobId },
    outcome: status === 'COMPLETED' ? 'completed' : 'inprogress',
    ...{ attempts, scheme, project, webhookId },
  };
}
