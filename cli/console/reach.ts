/** What the console reads of a deployment, and has done there: by the clients and commands of the command line. */
import { GetObjectCommand, HeadObjectCommand, NotFound } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { Manifest } from '../../lambda/domain/manifest.ts';
import { quarantine } from '../commands/quarantine.ts';
import { redrive } from '../commands/redrive.ts';
import { refetch } from '../commands/refetch.ts';
import { repair } from '../commands/repair.ts';
import { type Check, checksOf } from '../commands/status.ts';
import { ping } from '../commands/webhook.ts';
import type { CommandContext } from '../context.ts';
import { findDeliveries } from '../deliveries.ts';
import { type Deployment, resourceOf, resourcesOf } from '../deployment.ts';
import { cloudWatchLogs, type LogReader, localLogs } from '../jobs/job-logs.ts';
import type { JobRow } from '../jobs/job-row.ts';
import { findJobs, type LedgerEntry, scanJobs } from '../ledger.ts';
import { findManifests } from '../objects.ts';
import { deadLetterQueues } from '../queues.ts';
import { sourcesOf } from '../sources.ts';
import type { Change } from './changes.ts';
import type { DeliveryRecord } from './delivery-rows.ts';
import { pageOf } from './job-filter.ts';
import type { JobName, JobPage, JobQuery, StoredManifest, StoredObject } from './source.ts';

/** Gathers what a command prints: the console shows it, and was asked already. */
function quietly(deployment: Deployment, now: Date, project?: string) {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const terminal = { isInteractive: false, print: say, tell: () => {}, ask: async () => '' };
  const context: CommandContext = { deployment, terminal, source: project, json: false, yes: true, now };
  return { context, said };
}

export function projectsOf(deployment: Deployment): readonly string[] {
  return sourcesOf(deployment).map(({ name }) => name);
}

export async function readJobs(deployment: Deployment, query: JobQuery): Promise<JobPage> {
  return pageOf((await scanJobs(deployment)).map(toRow), query);
}

export async function readJob(deployment: Deployment, { project, jobType, id }: JobName): Promise<JobRow | undefined> {
  const found = await findJobs(deployment, [project], id);
  return found.map(toRow).find((row) => row.jobType === jobType);
}

function toRow(entry: LedgerEntry): JobRow {
  const { source, jobType, jobId, userMetadata, landedAt, failedAt, waitsFor } = entry;
  const isFailed = failedAt !== undefined && waitsFor === undefined;
  return {
    ...{ project: source, jobType, jobId, userMetadata },
    state: landedAt !== undefined ? 'stored' : isFailed ? 'failed' : 'waiting',
    displayName: entry.displayName ?? null,
    submittedAt: entry.submittedAt ?? null,
    createdAt: entry.createdAt ?? null,
    endedAt: entry.endedAt ?? null,
    deliveredAt: entry.deliveredAt ?? null,
    publishedAt: entry.publishedAt ?? null,
    fetchStartedAt: entry.fetchStartedAt ?? null,
    storedAt: landedAt ?? null,
    failedAt: failedAt ?? null,
    eventType: entry.eventType ?? null,
    webhookId: entry.webhookId ?? null,
    origin: entry.origin ?? null,
    attempts: entry.attempts,
    lastCode: entry.lastCode ?? null,
    nextAttemptAt: entry.nextAttemptAt ?? null,
    failureCode: entry.failureCode ?? null,
    manifestKey: entry.manifestKey ?? null,
    waitingFor: null,
  };
}

export async function readRecords(deployment: Deployment, row: JobRow, now: Date): Promise<readonly DeliveryRecord[]> {
  const { project, jobType, jobId, eventType } = row;
  const also = eventType === null ? [] : [eventType];
  const found = await findDeliveries(deployment, { jobId, sources: [project], also }, now);
  return found.filter((one) => one.eventType.startsWith(`${jobType}.`)).map((one) => ({ ...one, project: one.source }));
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

export async function readObject(deployment: Deployment, Key: string): Promise<StoredObject | undefined> {
  const Bucket = resourceOf(deployment, 'AWS::S3::Bucket', 'OutputBucketOutputs');
  const { s3 } = deployment.clients;
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

export async function readChecks(deployment: Deployment, now: Date): Promise<readonly Check[]> {
  return await checksOf(quietly(deployment, now).context);
}

/** @param logsDir of a local run */
export function logsOf(deployment: Deployment, logsDir: string | undefined): LogReader {
  const nameOf = (part: string) => part.replace(/(?:Handler)?(?:Function|Logs)$/, '');
  if (logsDir !== undefined) {
    const functions = resourcesOf(deployment, 'AWS::Lambda::Function', /./);
    const names = new Map(functions.map(({ physicalId, part }) => [physicalId, nameOf(part)]));
    return localLogs(logsDir, (id) => names.get(id));
  }
  const groups = resourcesOf(deployment, 'AWS::Logs::LogGroup', /Logs$/);
  const { logs } = deployment.clients;
  if (logs === undefined) return { read: async () => [] };
  return cloudWatchLogs(logs, new Map(groups.map(({ physicalId, part }) => [nameOf(part), physicalId])));
}

/** Of a local run: the file that the verifier logs to. */
export function verifierFile(deployment: Deployment): string {
  return `${resourceOf(deployment, 'AWS::Lambda::Function', 'DoorVerifierFunction')}.log`;
}

/** By the commands that have the same names. @throws CliError when it was not done */
export async function runChange(
  deployment: Deployment,
  change: Exclude<Change, { kind: 'submit' | 'switches' | 'send' | 'redeliver' | 'dead-letter' }>,
  now: Date,
): Promise<string> {
  const { context, said } = quietly(deployment, now, 'project' in change ? change.project : undefined);
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
      await quarantine(context, 'reverify');
      break;
    default:
      return change satisfies never;
  }
  return said.join('\n');
}

/** As SQS would after the last receive. */
export async function deadLetter(deployment: Deployment, jobType: JobRow['jobType'], event: unknown): Promise<void> {
  const queue = deadLetterQueues(deployment).find(({ name }) => name === jobType);
  await deployment.clients.sqs.send(
    new SendMessageCommand({ QueueUrl: queue?.url, MessageBody: JSON.stringify(event) }),
  );
}
