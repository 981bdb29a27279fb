/** Submits the demo's jobs and follows them until their manifests are in the bucket, or the time is up. */
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { counted, formatBytes } from '../../cli/table.ts';
import { clientOptions } from '../aws/emulators.ts';
import type { BusEvent } from '../aws/event-bus.ts';
import { createClient, type Run } from '../run/run.ts';
import { DEMO_JOBS } from './jobs.ts';
import { applyEvent, type Row } from './progress.ts';

const TIME_LIMIT_MS = 120_000;

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

export interface DemoResult {
  readonly rows: readonly Row[];
  readonly objects: readonly StoredObject[];
}

/** @param onChange hears of every change of a row */
export async function runDemo(run: Run, onChange: (rows: readonly Row[], row: Row) => void): Promise<DemoResult> {
  const s3 = new S3Client({ ...clientOptions(run.endpoints.s3Url), forcePathStyle: true });
  const rows: Row[] = DEMO_JOBS.map(({ title }) => ({ title, submittedAt: Date.now() }));
  const early: BusEvent[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const timer = setTimeout(end, TIME_LIMIT_MS);
  let isOver = false;

  const changed = (row: Row) => {
    if (isOver) return;
    onChange(rows, row);
    if (rows.every(({ stored, failed }) => stored !== undefined || failed !== undefined)) end();
  };
  const hear = (event: BusEvent) => {
    const change = applyEvent(rows, event, Date.now());
    // The answer to the submission may still be under way.
    if (change === undefined) early.push(event);
    else if (change.stored === undefined) changed(change.row);
    else void confirm(s3, run.endpoints.bucket, change.stored, change.row).then(() => changed(change.row));
  };
  const stop = run.aws.onEvent(hear);
  try {
    // The limit holds for submissions that hang, too.
    await Promise.race([submit(run, rows, changed, () => early.splice(0).forEach(hear)), ended]);
    await ended;
    isOver = true;
    await run.aws.mirrored();
    return { rows, objects: await list(s3, run.endpoints.bucket) };
  } finally {
    clearTimeout(timer);
    stop();
    s3.destroy();
  }
}

async function submit(run: Run, rows: readonly Row[], changed: (row: Row) => void, replay: () => void): Promise<void> {
  const client = createClient(run.endpoints.geminiUrl, run.endpoints.apiKey);
  for (const [index, row] of rows.entries()) {
    row.submittedAt = Date.now();
    try {
      const job = await DEMO_JOBS[index]?.submit(client, run.endpoints);
      if (!job) throw new Error('the answer names no job');
      row.job = job;
    } catch (error) {
      row.failed = `not submitted: ${error instanceof Error ? error.message : error}`;
    }
    changed(row);
    replay();
  }
}

/** An announcement is believed when the manifest, and all that it lists, are there. */
async function confirm(s3: S3Client, Bucket: string, Key: string, row: Row): Promise<void> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const { objects } = JSON.parse((await Body?.transformToString()) ?? '') as { objects: StoredObject[] };
    for (const { key, bytes } of objects) {
      const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket, Key: key }));
      if (ContentLength !== bytes) throw new Error(`${key} has ${ContentLength} bytes, and its manifest says ${bytes}`);
    }
    const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
    row.stored = `${counted(objects.length, 'object')}, ${formatBytes(bytes)}`;
    row.storedSeconds = (Date.now() - row.submittedAt) / 1000;
  } catch (error) {
    row.failed = `announced, but not there: ${error instanceof Error ? error.message : error}`;
  }
}

async function list(s3: S3Client, Bucket: string): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for (let ContinuationToken: string | undefined; ; ) {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
    objects.push(...(page.Contents ?? []).map(({ Key = '', Size = 0 }) => ({ key: Key, bytes: Size })));
    if (!page.NextContinuationToken) return objects;
    ContinuationToken = page.NextContinuationToken;
  }
}
