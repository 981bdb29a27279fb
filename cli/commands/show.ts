/** `show`: one job's life, from its deliveries to its objects. */
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { FETCHED_JOB_TYPES, MANIFEST_NAME } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, show as print } from '../context.ts';
import { type Delivery, jobIdsOf, readDeliveries } from '../deliveries.ts';
import { type Deployment, resourceOf } from '../deployment.ts';
import { formatBytes } from '../table.ts';

interface Manifest {
  readonly outcome: string;
  readonly job: { readonly status: string; readonly createdAt: string | null; readonly endedAt: string | null };
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly objects: readonly { readonly key: string; readonly bytes: number }[];
  readonly timings: { readonly startedAt: string; readonly finishedAt: string };
}

export async function showJob(context: CommandContext, id: string): Promise<void> {
  const { deployment, now } = context;
  const all = await readDeliveries(deployment, now);
  const found = all.filter(({ webhookId, jobId }) => webhookId === id || jobIdsOf(id).includes(jobId));
  const [first] = found;
  if (first === undefined) {
    throw new CliError(
      `No delivery of the last days has the webhook id or the job ${id}. "deliveries" lists those that are known.`,
    );
  }
  const deliveries = all.filter(({ jobId, source }) => jobId === first.jobId && source === first.source);
  const manifests = first.jobId === '' ? [] : await findManifests(deployment, deliveries);
  const rows = [...deliveries.flatMap(rowsOfDelivery), ...manifests.flatMap(rowsOfManifest)];
  print(
    context,
    ['time', 'what', 'detail'],
    rows.toSorted((a, b) => (a[0] ?? '').localeCompare(b[0] ?? '')),
    '',
  );
  if (manifests.length === 0 && !context.json) context.terminal.tell('Nothing has landed for this job.');
}

function rowsOfDelivery({ receivedAt, eventType, webhookId, scheme, attempts, status }: Delivery): string[][] {
  const claimed = status === 'COMPLETED' ? 'on the bus' : 'claimed, and not completed';
  return [
    [receivedAt, 'received', `${eventType}, ${webhookId}, ${scheme}`],
    [receivedAt, claimed, `${attempts} attempt${attempts === 1 ? '' : 's'}`],
  ];
}

interface Found {
  readonly bucket: string;
  readonly key: string;
  readonly manifest: Manifest;
}

function rowsOfManifest({ bucket, key, manifest }: Found): string[][] {
  const { job, timings, objects, outcome, error } = manifest;
  const known = [
    [job.createdAt, 'created', 'at Gemini'],
    [job.endedAt, 'ended', `at Gemini, ${job.status}`],
  ].flatMap(([time, what, detail]) => (time ? [[time, what ?? '', detail ?? '']] : []));
  return [
    ...known,
    [timings.startedAt, 'fetch began', ''],
    ...objects.map((object) => [
      timings.finishedAt,
      'object',
      `s3://${bucket}/${object.key} (${formatBytes(object.bytes)})`,
    ]),
    [
      timings.finishedAt,
      outcome === 'stored' ? 'landed' : 'failed',
      error ? `${error.code}: ${error.message}` : `s3://${bucket}/${key}`,
    ],
  ];
}

/** A job's place holds the day on which it was created: at most three before its delivery, or unknown. */
async function findManifests(deployment: Deployment, deliveries: readonly Delivery[]): Promise<readonly Found[]> {
  const Bucket = resourceOf(deployment, 'AWS::S3::Bucket', 'Outputs');
  const prefixes = new Set(deliveries.flatMap(placesOf));
  const found: Found[] = [];
  for (const Prefix of prefixes) {
    const { Contents = [] } = await deployment.clients.s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
    for (const { Key = '' } of Contents.filter((object) => object.Key?.endsWith(`/${MANIFEST_NAME}`))) {
      const { Body } = await deployment.clients.s3.send(new GetObjectCommand({ Bucket, Key }));
      found.push({ bucket: Bucket, key: Key, manifest: JSON.parse((await Body?.transformToString()) ?? '{}') });
    }
  }
  return found;
}

const DAYS_BEFORE = 3;

function placesOf({ source, eventType, jobId, receivedAt }: Delivery): string[] {
  const jobType = FETCHED_JOB_TYPES.find((type) => eventType.startsWith(`${type}.`));
  if (jobType === undefined) return [];
  const days = Array.from({ length: DAYS_BEFORE + 1 }, (_, index) =>
    new Date(Date.parse(receivedAt) - index * 86_400_000).toISOString().slice(0, 10),
  );
  const id = jobId.slice(jobId.lastIndexOf('/') + 1).replaceAll(/[^A-Za-z0-9_-]/g, '_');
  return [...days, 'unknown'].map((day) => `${jobType}/source=${source}/date=${day}/job=${id}/`);
}
