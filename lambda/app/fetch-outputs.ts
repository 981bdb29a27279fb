/**
 * From an event on the queue to a manifest in the bucket and an announcement on the bus. The job resource is the truth:
 * of the event only the id is used. The manifest comes last, once; who finds it announces and downloads nothing.
 */
import { DETAIL_TYPE, type FetchedJobType, MANIFEST_NAME, METRIC, SCHEMA_VERSION, VERSION } from '../contract.ts';
import { PermanentError, TransientError } from '../domain/errors.ts';
import type { JobEventDetail } from '../domain/job-event.ts';
import type { Failure, Manifest } from '../domain/manifest.ts';
import { FETCH_FAILED, outputPrefix } from '../domain/output-keys.ts';
import type { JobKind, LandingPlan } from './job-kind.ts';
import { JsonOutline } from './json-outline.ts';
import { walkJson } from './json-walk.ts';
import { inspectFiles, landFile, landResource } from './land-job.ts';
import { Landing } from './landing.ts';
import type { Clock, Download, EventPublisher, Gemini, Log, Metrics, OutputStore } from './ports.ts';

export interface FetchOutputsPorts {
  readonly gemini: Gemini;
  readonly store: OutputStore;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Of all outputs of a job together. */
  readonly maxOutputBytes: number;
}

/** A job event for a fetcher: its type has one, and its id is known. */
export type FetchableEvent = JobEventDetail & { readonly jobType: FetchedJobType; readonly jobId: string };

export interface FetchAttempt {
  /** From 1. */
  readonly number: number;
  /** Whether the queue will not deliver the message again. */
  readonly isLast: boolean;
  /** Aborted when the function's time runs out. */
  readonly signal: AbortSignal;
}

/** What is known so far about the job: nothing before its resource was read. */
interface Progress {
  plan?: LandingPlan;
}

/**
 * Resolves when the message is done: the outputs are stored, or will never be, and either is announced.
 *
 * @throws TransientError when the message must come back
 */
export async function fetchOutputs(
  ports: FetchOutputsPorts,
  kind: JobKind,
  event: FetchableEvent,
  attempt: FetchAttempt,
): Promise<void> {
  const progress: Progress = {};
  const startedAt = ports.clock();
  try {
    const manifest = await land(ports, kind, event, { ...attempt, startedAt, progress });
    await announceStored(ports, event, manifest);
  } catch (error) {
    if (error instanceof PermanentError) {
      await announceFailed(ports, event, { failure: error, retryable: false, startedAt, progress });
      return;
    }
    if (attempt.isLast) {
      const failure = error instanceof TransientError ? error : INTERNAL;
      await announceFailed(ports, event, { failure, retryable: true, startedAt, progress });
    }
    throw error;
  }
}

interface Landed {
  readonly key: string;
  readonly manifest: Manifest;
}

async function land(
  ports: FetchOutputsPorts,
  kind: JobKind,
  event: FetchableEvent,
  attempt: FetchAttempt & { readonly startedAt: Date; readonly progress: Progress },
): Promise<Landed> {
  const { gemini, store } = ports;
  const { signal, startedAt, progress } = attempt;
  const { path, plan } = await readPlan(gemini, kind, event.jobId, signal);
  progress.plan = plan;
  const prefix = outputPrefix({ ...plan, jobType: kind.jobType }, plan.status);
  const key = prefix + MANIFEST_NAME;
  const found = await store.readManifest(key);
  if (found !== undefined) return { key, manifest: found };

  const files = await inspectFiles(gemini, plan, signal);
  const landing = new Landing({ store, prefix, maxBytes: ports.maxOutputBytes, signal });
  let counts: Record<string, number>;
  try {
    // The resource once more, now for what it holds inline: it was too large to keep.
    counts = await landResource(await openJob(gemini, path, signal), plan, landing);
    for (const file of files) counts = { ...counts, ...(await landFile(gemini, file, landing, attempt)) };
  } catch (error) {
    await landing.abort();
    throw error;
  }
  const manifest = writeUp(ports, event, { outcome: 'stored', plan, landing, counts, startedAt, error: plan.error });
  if (await store.writeManifest(key, manifest)) {
    measure(ports, manifest);
    return { key, manifest };
  }
  // Another fetch of the same job was faster; what it wrote is what counts.
  return { key, manifest: (await store.readManifest(key)) ?? manifest };
}

/** Tries the names that the id may stand for. */
async function readPlan(
  gemini: Gemini,
  kind: JobKind,
  jobId: string,
  signal: AbortSignal,
): Promise<{ path: string; plan: LandingPlan }> {
  for (const path of kind.resourcePaths(jobId)) {
    const download = await gemini.get(path, signal);
    if (download === undefined) continue;
    const outline = new JsonOutline(kind.isBulk);
    await walkJson(download.chunks, outline);
    return { path, plan: kind.plan(outline.value) };
  }
  throw new PermanentError('ERR_JOB_NOT_OURS', 'The API key may not see this job: it is gone, or another project’s');
}

async function openJob(gemini: Gemini, path: string, signal: AbortSignal): Promise<Download> {
  const download = await gemini.get(path, signal);
  if (download === undefined) throw new PermanentError('ERR_OUTPUT_GONE', 'The job was deleted while it was fetched');
  return download;
}

interface WriteUp {
  readonly outcome: Manifest['outcome'];
  readonly plan: LandingPlan;
  readonly landing?: Landing;
  readonly counts?: Readonly<Record<string, number>>;
  readonly startedAt: Date;
  readonly error: Failure | null;
}

function writeUp(ports: FetchOutputsPorts, event: FetchableEvent, told: WriteUp): Manifest {
  const { plan, landing } = told;
  const { webhookId, type, scheme, origin, occurredAt, receivedAt } = event;
  return {
    schemaVersion: SCHEMA_VERSION,
    outcome: told.outcome,
    event: { webhookId, type, scheme, origin, occurredAt, receivedAt },
    job: {
      type: event.jobType,
      id: plan.jobName,
      status: plan.status,
      model: plan.model,
      createdAt: plan.createdAt?.toISOString() ?? null,
      endedAt: plan.endedAt?.toISOString() ?? null,
    },
    usage: plan.usage,
    error: told.error,
    objects: [...(landing?.objects ?? [])],
    counts: { ...plan.counts, ...told.counts, objects: landing?.objects.length ?? 0, bytes: landing?.bytes ?? 0 },
    notes: [...plan.notes],
    timings: { startedAt: told.startedAt.toISOString(), finishedAt: ports.clock().toISOString() },
    fetcher: { version: VERSION },
  };
}

function measure({ metrics }: FetchOutputsPorts, { job, counts, timings }: Manifest): void {
  const dimension = { jobType: job.type };
  metrics.count(METRIC.outputsStored, dimension);
  metrics.count(METRIC.bytesStored, dimension, counts.bytes);
  if (job.endedAt === null) return;
  metrics.seconds(METRIC.landingSeconds, (Date.parse(timings.finishedAt) - Date.parse(job.endedAt)) / 1000, dimension);
}

async function announceStored(ports: FetchOutputsPorts, event: FetchableEvent, landed: Landed): Promise<void> {
  const { key, manifest } = landed;
  await ports.publisher.publish({
    detailType: DETAIL_TYPE.outputStored,
    time: ports.clock(),
    detail: {
      ...about(event, manifest.job.id),
      status: manifest.job.status,
      bucket: ports.store.bucket,
      prefix: key.slice(0, -MANIFEST_NAME.length),
      manifestKey: key,
      objectCount: manifest.counts.objects,
      bytes: manifest.counts.bytes,
    },
  });
  ports.log.info('Outputs stored', {
    ...logged(event),
    status: manifest.job.status,
    manifestKey: key,
    bytes: manifest.counts.bytes,
  });
}

/** A defect of ours: what it says may quote what it met. */
const INTERNAL: Failure = { code: 'ERR_INTERNAL', message: 'The fetcher failed; its log says how' };

interface FailedFetch {
  readonly failure: Failure;
  readonly retryable: boolean;
  readonly startedAt: Date;
  readonly progress: Progress;
}

async function announceFailed(ports: FetchOutputsPorts, event: FetchableEvent, failed: FailedFetch): Promise<void> {
  const { failure, retryable, startedAt } = failed;
  const { plan } = failed.progress;
  const { code, message } = failure;
  let manifestKey: string | null = null;
  if (plan !== undefined) {
    const key = outputPrefix({ ...plan, jobType: event.jobType }, FETCH_FAILED) + MANIFEST_NAME;
    const manifest = writeUp(ports, event, { outcome: 'failed', plan, startedAt, error: { code, message } });
    manifestKey = await ports.store.writeManifest(key, manifest).then(
      () => key,
      (error: unknown) => {
        // The bucket may be what failed: after the last attempt the announcement must not wait for it.
        if (!retryable) throw error;
        return null;
      },
    );
  }
  await ports.publisher.publish({
    detailType: DETAIL_TYPE.outputFailed,
    time: ports.clock(),
    detail: {
      ...about(event, plan?.jobName ?? event.jobId),
      code,
      message,
      retryable,
      bucket: ports.store.bucket,
      manifestKey,
    },
  });
  ports.metrics.count(METRIC.outputsFailed, { jobType: event.jobType });
  ports.log.error('Outputs failed', { ...logged(event), code, reason: message, retryable });
}

function about(event: FetchableEvent, jobId: string) {
  const { jobType, webhookId, type, userMetadata } = event;
  return { schemaVersion: SCHEMA_VERSION, jobType, jobId, webhookId, type, userMetadata } as const;
}

function logged({ webhookId, type, jobType, jobId }: FetchableEvent) {
  return { webhookId, type, jobType, jobId };
}
