/**
 * From an event on the queue to a manifest in the bucket and an announcement on the bus. The job resource is the truth:
 * of the event only the id is used. The manifest comes last, once; who finds it announces and downloads nothing.
 */
import { MANIFEST_NAME, METRIC } from '../contract.ts';
import { PermanentError, TransientError } from '../domain/errors.ts';
import type { FetchableEvent } from '../domain/job-event.ts';
import type { Manifest } from '../domain/manifest.ts';
import { outputPrefix } from '../domain/output-keys.ts';
import {
  type AnnounceOutputsPorts,
  announceFailed,
  announceStored,
  INTERNAL,
  type Landed,
  type Progress,
  placeOf,
  writeUp,
} from './announce-outputs.ts';
import type { JobKind, LandingPlan } from './job-kind.ts';
import { JsonOutline } from './json-outline.ts';
import { walkJson } from './json-walk.ts';
import { KeptDownload } from './kept-download.ts';
import { landFile } from './land-file.ts';
import { inspectFiles, landResource } from './land-job.ts';
import { Landing } from './landing.ts';
import type { Download, Gemini, Wait } from './ports.ts';

export interface FetchOutputsPorts extends AnnounceOutputsPorts {
  /** Of a source, with its API key. @throws TransientError `ERR_SOURCE_UNKNOWN` */
  readonly geminiOf: (source: string) => Gemini;
  readonly wait: Wait;
  /** Of all outputs of a job together. */
  readonly maxOutputBytes: number;
}

export interface FetchAttempt {
  /** From 1. */
  readonly number: number;
  /** Whether the queue will not deliver the message again. */
  readonly isLast: boolean;
  /** Aborted when the function's time runs out. */
  readonly signal: AbortSignal;
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

async function land(
  ports: FetchOutputsPorts,
  kind: JobKind,
  event: FetchableEvent,
  attempt: FetchAttempt & { readonly startedAt: Date; readonly progress: Progress },
): Promise<Landed> {
  const { store } = ports;
  const gemini = ports.geminiOf(event.source);
  const { signal, startedAt, progress } = attempt;
  const { path, plan, kept } = await readPlan(gemini, kind, event.jobId, signal);
  progress.plan = plan;
  const prefix = outputPrefix({ ...plan, ...placeOf(event) }, plan.status);
  const key = prefix + MANIFEST_NAME;
  const reading = store.readManifest(key);
  const inspecting = inspectFiles(gemini, plan, signal);
  // Of the two only what is waited for may fail.
  inspecting.catch(() => {});
  const found = await reading;
  if (found !== undefined) return { key, manifest: found };

  const files = await inspecting;
  const landing = new Landing({ store, prefix, maxBytes: ports.maxOutputBytes, signal });
  try {
    // Asked for once more, now for what it holds inline, when it was too large to keep.
    landing.expect(files.reduce((sum, { resource }) => sum + (resource?.sizeBytes ?? 0), 0));
    await landResource(kept.again() ?? (await openJob(gemini, path, signal)), plan, landing);
    for (const file of files) await landFile(gemini, file, landing, { ...attempt, wait: ports.wait });
    await landing.settle();
  } catch (error) {
    await landing.abort();
    throw error;
  }
  const manifest = writeUp(ports, event, { outcome: 'stored', plan, landing, startedAt, error: plan.error });
  const isFirst = await store.writeManifest(key, manifest);
  if (isFirst) {
    measure(ports, event, manifest);
    return { key, manifest };
  }
  // Another fetch of the same job was faster; what it wrote is what counts.
  const theirs = await store.readManifest(key);
  if (theirs !== undefined) return { key, manifest: theirs };
  throw new TransientError('ERR_STORE_UNAVAILABLE', 'S3 refused the manifest as if there were one, and has none');
}

/** Tries the names that the id may stand for. */
async function readPlan(
  gemini: Gemini,
  kind: JobKind,
  jobId: string,
  signal: AbortSignal,
): Promise<{ path: string; plan: LandingPlan; kept: KeptDownload }> {
  for (const path of kind.resourcePaths(jobId)) {
    const download = await gemini.get(path, signal);
    if (download === undefined) continue;
    const outline = new JsonOutline(kind.isBulk);
    const kept = new KeptDownload(download);
    await walkJson(kept.chunks, outline);
    return { path, plan: kind.plan(outline.value), kept };
  }
  throw new PermanentError('ERR_JOB_NOT_OURS', 'The API key may not see this job: it is gone, or another project’s');
}

async function openJob(gemini: Gemini, path: string, signal: AbortSignal): Promise<Download> {
  const download = await gemini.get(path, signal);
  if (download === undefined) throw new PermanentError('ERR_OUTPUT_GONE', 'The job was deleted while it was fetched');
  return download;
}

function measure({ metrics }: FetchOutputsPorts, event: FetchableEvent, { job, counts, timings }: Manifest): void {
  const dimension = placeOf(event);
  metrics.count(METRIC.outputsStored, dimension);
  metrics.count(METRIC.bytesStored, dimension, counts.bytes);
  // Long-running operations, which videos are, do not tell when they ended.
  const endedAt = job.endedAt ?? event.occurredAt;
  metrics.seconds(METRIC.landingSeconds, (Date.parse(timings.finishedAt) - Date.parse(endedAt)) / 1000, dimension);
}
