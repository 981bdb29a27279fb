/** `trigger`: a realistic event on the deployment's bus, under a source that no rule of the deployment takes. */
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SAMPLE_TYPES, sampleDetail } from '../../client/sample-detail.ts';
import { JOB_SUBMITTED } from '../../lambda/contract.ts';
import { nearest } from '../../lambda/nearest.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, say } from '../context.ts';
import { chosenProject } from '../projects.ts';
import { setAt } from '../set-path.ts';

/** A fetcher that took it would ask Gemini for a job that is not there. */
const SAMPLE_SOURCE = 'gemini.samples';

export const TRIGGERED = SAMPLE_TYPES.filter((type) => type !== JOB_SUBMITTED);

/** @param settings `path=value` */
export async function trigger(context: CommandContext, type: string, settings: readonly string[]): Promise<void> {
  if (!TRIGGERED.includes(type)) {
    const meant = nearest(type, TRIGGERED);
    throw new CliError(
      `There is no event type ${type}.${meant === undefined ? '' : ` Did you mean ${meant}?`} Give one of ${TRIGGERED.join(', ')}.`,
      2,
    );
  }
  const { deployment, now } = context;
  const { eventBusArn, outputBucket } = deployment.description;
  const sample = sampleDetail(type, { project: chosenProject(context).name, bucket: outputBucket, now });
  const detail = settings.reduce(setAt, sample);
  const { FailedEntryCount, Entries } = await deployment.clients.events.send(
    new PutEventsCommand({
      Entries: [{ EventBusName: eventBusArn, Source: SAMPLE_SOURCE, DetailType: type, Detail: JSON.stringify(detail) }],
    }),
  );
  if (FailedEntryCount !== 0) {
    throw new CliError(`The bus refused the event: ${Entries?.[0]?.ErrorCode ?? 'unknown'}. Try again.`, 3);
  }
  say(
    context,
    { id: Entries?.[0]?.EventId ?? null, source: SAMPLE_SOURCE, detailType: type, detail },
    `${type} is on the bus, from the source ${SAMPLE_SOURCE}. A rule takes it whose pattern has that source beside gemini.webhooks; neither a fetcher nor the ledger does.\n  "source": ["gemini.webhooks", "${SAMPLE_SOURCE}"]`,
  );
}
