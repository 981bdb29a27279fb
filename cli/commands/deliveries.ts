/** `deliveries`: what came lately. */
import { type CommandContext, show } from '../context.ts';
import { jobIdsOf, readDeliveries } from '../deliveries.ts';

export interface DeliveriesOptions {
  readonly type: string | undefined;
  readonly job: string | undefined;
  readonly outcome: string | undefined;
  readonly limit: number;
}

export async function deliveries(context: CommandContext, options: DeliveriesOptions): Promise<void> {
  const all = await readDeliveries(context.deployment, context.now);
  const { type, job, outcome, limit } = options;
  const chosen = all
    .filter(({ eventType }) => type === undefined || eventType === type || eventType.startsWith(`${type}.`))
    .filter(({ jobId }) => job === undefined || jobIdsOf(job).includes(jobId))
    .filter(({ status }) => outcome === undefined || status.toLowerCase() === outcome.toLowerCase());
  show(
    context,
    ['received', 'type', 'job', 'outcome', 'attempts', 'scheme', 'source', 'webhook id'],
    chosen
      .slice(0, limit)
      .map((one) => [
        one.receivedAt,
        one.eventType,
        one.jobId,
        one.status,
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
