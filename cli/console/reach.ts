/** What the console reads of a deployment, and has done there: by the clients and commands of the command line. */
import { GetObjectCommand, HeadObjectCommand, NotFound } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { Manifest } from '../../lambda/events/manifest.ts';
import { quarantine, readQuarantine } from '../commands/quarantine.ts';
import { redrive } from '../commands/redrive.ts';
import { refetch } from '../commands/refetch.ts';
import { repair } from '../commands/repair.ts';
import { readStatus } from '../commands/status.ts';
import { ping } from '../commands/webhook.ts';
import type { CommandContext } from '../context.ts';
import { deliveryRecordsOf } from '../deliveries.ts';
import type { Deployment } from '../deployment.ts';
import { jobRecordsOf } from '../job-listing.ts';
import { type JobRow, toJobRow } from '../job-row.ts';
import type { Check } from '../json-output.ts';
import { functionsOf, type LogLine, readLog } from '../logs.ts';
import { findManifests } from '../objects.ts';
import type { EverywhereChange } from './changes.ts';
import type { DeliveryRecord } from './delivery-rows.ts';
import type { JobName, StoredManifest, StoredObject } from './source.ts';

/** Gathers what a command prints: the console shows it, and was asked already. */
function quietly(deployment: Deployment, clock: () => Date, project?: string) {
  const said: string[] = [];
  const nothing = () => {};
  const context: CommandContext = {
    ...{ deployment, project, json: false, yes: true, now: clock(), clock, pause: async () => true },
    terminal: {
      ...{ isInteractive: false, columns: undefined, note: nothing, progress: nothing, ask: async () => '' },
      print: (text) => void said.push(text),
    },
  };
  return { context, said };
}

export async function readJob(deployment: Deployment, { project, jobType, id }: JobName): Promise<JobRow | undefined> {
  const found = await jobRecordsOf(deployment).find([project], id);
  const record = found.find((one) => one.jobType === jobType);
  return record && toJobRow(record);
}

export async function readRecords(deployment: Deployment, row: JobRow, now: Date): Promise<readonly DeliveryRecord[]> {
  const { project, jobType, jobId, eventType } = row;
  const also = eventType === null ? [] : [eventType];
  const found = await deliveryRecordsOf(deployment).find({ jobId, projects: [project], also }, now);
  return found.filter((one) => one.eventType.startsWith(`${jobType}.`));
}

/** One that a version of another form wrote is left out. */
export async function readManifests(
  deployment: Deployment,
  { manifestKey }: JobRow,
): Promise<readonly StoredManifest[]> {
  if (manifestKey === null) return [];
  const found = await findManifests(deployment, manifestKey);
  return found.flatMap(({ key, manifest }) => {
    const parsed = Manifest.safeParse(manifest);
    return parsed.success ? [{ key, manifest: parsed.data }] : [];
  });
}

export async function readObject(
  { clients: { s3 }, description: { outputBucket: Bucket } }: Deployment,
  Key: string,
): Promise<StoredObject | undefined> {
  try {
    const { ContentLength: bytes = 0, ContentType: contentType = '' } = await s3.send(
      new HeadObjectCommand({ Bucket, Key }),
    );
    return {
      ...{ bytes, contentType },
      async open(start, end) {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, Range: `bytes=${start}-${end}` }));
        return (Body?.transformToWebStream() ?? ReadableStream.from([])) as ReadableStream<Uint8Array>;
      },
    };
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

export async function readChecks(deployment: Deployment, clock: () => Date): Promise<readonly Check[]> {
  return await readStatus(quietly(deployment, clock).context);
}

/** How many deliveries are quarantined; undefined where none is. */
export async function countQuarantined(deployment: Deployment, now: Date): Promise<number | undefined> {
  const { quarantineTable } = deployment.description;
  return quarantineTable === undefined ? undefined : (await readQuarantine(deployment, quarantineTable, now)).length;
}

/** Lines with one of the texts, in the order of time. @param wanted of the functions' names */
export async function readLines(
  deployment: Deployment,
  texts: readonly string[],
  since: Date,
  wanted: RegExp = /./,
): Promise<readonly LogLine[]> {
  const { description } = deployment;
  const found = functionsOf(description, description.projects)
    .filter(([name]) => wanted.test(name))
    .map(async ([name, written]) =>
      (await readLog(deployment, written, texts, since)).map((line) => ({ ...line, function: name })),
    );
  return (await Promise.all(found)).flat().toSorted((a, b) => a.time.localeCompare(b.time));
}

/** By the commands that have the same names. @throws CliError when it was not done */
export async function runChange(deployment: Deployment, change: EverywhereChange, clock: () => Date): Promise<string> {
  const { context, said } = quietly(deployment, clock, 'project' in change ? change.project : undefined);
  switch (change.kind) {
    case 'redrive':
      await redrive(context, { queue: change.queue, rate: 50, preview: false });
      break;
    case 'refetch':
      await refetch(context, change.jobId);
      break;
    case 'repair':
      await repair(context);
      break;
    case 'ping':
      await ping(context, undefined);
      break;
    case 'reverify':
      await quarantine(context, 'reverify', undefined);
      break;
    default:
      return change satisfies never;
  }
  return said.join('\n');
}

/** As SQS would after the last receive. */
export async function deadLetter(
  { clients, description }: Deployment,
  jobType: JobRow['jobType'],
  event: unknown,
): Promise<void> {
  const QueueUrl = description.fetchers[jobType].deadLettersUrl;
  await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event) }));
}
