/** `deliveries`: what came lately. */
import { type CommandContext, show } from '../context.ts';
import { findDeliveries, scanDeliveries } from '../deliveries.ts';
import { eventTypesOf, findJobs } from '../ledger.ts';
import { chosenSources } from '../sources.ts';

export interface DeliveriesOptions {
  readonly type: string | undefined;
  readonly job: string | undefined;
  readonly outcome: string | undefined;
  readonly limit: number;
}

export async function deliveries(context: CommandContext, options: DeliveriesOptions): Promise<void> {
  const { deployment, now } = context;
  const { type, job, outcome, limit } = options;
  const sources = chosenSources(context).map(({ name }) => name);
  const all =
    job === undefined
      ? await scanDeliveries(deployment, now)
      : await findDeliveries(
          deployment,
          { jobId: job, sources, also: eventTypesOf(await findJobs(deployment, sources, job)) },
          now,
        );
  const chosen = all
    .filter(({ source }) => sources.includes(source))
    .filter(({ eventType }) => type === undefined || eventType === type || eventType.startsWith(`${type}.`))
    .filter(({ status }) => outcome === undefined || status.toLowerCase() === outcome);
  show(
    context,
    ['received', 'type', 'job', 'outcome', 'attempts', 'scheme', 'source', 'webhook id'],
    chosen
      .slice(0, limit)
      .map((one) => [
        one.receivedAt,
        one.eventType,
        one.jobId,
        one.status.toLowerCase(),
        String(one.attempts),
        one.scheme,
        one.source,
        one.webhookId,
      ]),
    'Nothing came that fits.',
  );
  if (!context.json && chosen.length > limit) {
    context.terminal.tell(`${chosen.length - limit} more; --limit ${chosen.length} shows them.`);
  }
}
