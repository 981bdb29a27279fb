/**
 * From an event on the queue to a manifest in the bucket and an announcement on the bus. The job resource is the truth:
 * of the event only the id is used. The manifest comes last, once; who finds it announces and downloads nothing.
 */
import { FILE_RETENTION_SECONDS, MANIFEST_NAME } from '../contract.ts';
import { type FetchableEvent, jobLogFields } from '../events/job-event.ts';
import type { Manifest } from '../events/manifest.ts';
import { outputPrefix, WITHOUT_OUTPUTS } from '../events/output-keys.ts';
import type { JobKind, OutputPlan } from '../gemini/jobs/job-type.ts';
import { creatorOf, findJob } from '../gemini/jobs/read-jobs.ts';
import type { KeptDownload } from '../gemini/kept-download.ts';
import type { Download, Gemini } from '../gemini/ports.ts';
import type { FetchLedger, JobOnRecord } from '../ledger/ports.ts';
import { PermanentError, TransientError } from '../shared/errors.ts';
import type { Wait } from '../shared/ports.ts';
import { judgeAbsence } from './absent-job.ts';
import {
  type AnnounceOutputsPorts,
  announceFailed,
  announceStored,
  INTERNAL,
  type Progress,
  placeOf,
  type Stored,
  submissionOf,
  writeUp,
} from './announce-outputs.ts';
import { storeFile } from './store-file.ts';
import { storeFiles } from './store-files.ts';
import { inspectFiles, type ReadyFile, storeResource } from './store-resource.ts';
import { Storing } from './storing.ts';

export interface FetchOutputsPorts extends AnnounceOutputsPorts {
  /** Of a project, with its API key. @throws TransientError `ERR_PROJECT_UNKNOWN` */
  readonly geminiOf: (project: string) => Gemini;
  readonly ledger: FetchLedger;
  /** How long Gemini keeps a job of this type. */
  readonly retentionMs: number;
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
  const consulted = consult(ports, event, attempt.number).then((known) => {
    progress.known = known;
  });
  try {
    const stored = await storeOutputs(ports, kind, event, { ...attempt, startedAt, progress, consulted });
    await announceStored(ports, event, stored, progress);
  } catch (error) {
    await consulted;
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

/** What the ledger has of the job. A ledger that is away stops no fetch: it is asked again by the next attempt. */
async function consult(
  { ledger, log }: FetchOutputsPorts,
  event: FetchableEvent,
  attempt: number,
): Promise<JobOnRecord | undefined> {
  try {
    return await ledger.begin(event, attempt);
  } catch {
    log.warn('The ledger was not asked about the job', jobLogFields(event));
    return undefined;
  }
}

/** So long after its end a job is waited for that names no outputs, and for a file that it can do without. */
const WAIT_MS = 15 * 60_000;

interface LandAttempt extends FetchAttempt {
  readonly startedAt: Date;
  readonly progress: Progress;
  /** Never rejects. */
  readonly consulted: Promise<void>;
}

async function storeOutputs(
  ports: FetchOutputsPorts,
  kind: JobKind,
  event: FetchableEvent,
  attempt: LandAttempt,
): Promise<Stored> {
  const { store } = ports;
  const gemini = ports.geminiOf(event.project);
  const { signal, startedAt, progress } = attempt;
  const { path, plan, kept } = await readPlan(ports, kind, event, attempt);
  const age = ports.clock().getTime() - (plan.endedAt?.getTime() ?? Date.parse(event.occurredAt));
  const place = { ...plan, ...placeOf(event) };
  const usualKey = outputPrefix(place, plan.status) + MANIFEST_NAME;
  if (plan.missing !== undefined) {
    const stored = await store.readManifest(usualKey);
    if (stored !== undefined) return { key: usualKey, manifest: stored };
    if (age < WAIT_MS) throw new TransientError('ERR_OUTPUT_NOT_READY', plan.missing);
  }
  const prefix = outputPrefix(place, plan.status, plan.missing === undefined ? '' : WITHOUT_OUTPUTS);
  const key = prefix + MANIFEST_NAME;
  const reading = store.readManifest(key);
  const inspecting = inspectFiles(gemini, plan, signal);
  // Of the two only what is waited for may fail.
  inspecting.catch(() => {});
  const found = await reading;
  if (found !== undefined) return { key, manifest: found };

  const files = await inspecting;
  const storing = new Storing({ store, prefix, maxBytes: ports.maxOutputBytes, signal });
  try {
    storing.expect(
      files.reduce((sum, { isOptional, resource }) => sum + (isOptional ? 0 : (resource?.sizeBytes ?? 0)), 0),
    );
    // Asked for once more, now for what it holds inline, when it was too large to keep.
    await storeResource(kept.again() ?? (await openJob(gemini, path, signal)), plan, storing);
    const { number, isLast } = attempt;
    const isExpired = age >= 1000 * FILE_RETENTION_SECONDS;
    const storeOne = (file: ReadyFile) =>
      storeFile(gemini, file, storing, { number, isExpired, signal, wait: ports.wait });
    await storeFiles(files, storing, { storeOne, isLast, isWaitedFor: age < WAIT_MS });
  } catch (error) {
    await storing.abort();
    throw error;
  }
  await attempt.consulted;
  const submission = submissionOf(event, progress);
  const manifest = writeUp(ports, event, {
    outcome: 'stored',
    ...{ plan, submission, storing, startedAt },
    error: plan.error,
  });
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

/** @throws PermanentError, TransientError when Gemini does not show the job: see `judgeAbsence` */
async function readPlan(
  { clock, geminiOf, retentionMs }: FetchOutputsPorts,
  kind: JobKind,
  event: FetchableEvent,
  { number, signal, progress, consulted }: LandAttempt,
): Promise<{ path: string; plan: OutputPlan; kept: KeptDownload }> {
  const found = await findJob(geminiOf(event.project), kind, event.jobId, signal);
  if (found === undefined) {
    await consulted;
    throw judgeAbsence({ event, attempt: number, known: progress.known, retentionMs, now: clock() });
  }
  progress.userMetadata = creatorOf(found.outline).userMetadata;
  const plan = kind.plan(found.outline);
  progress.plan = plan;
  return { path: found.path, plan, kept: found.kept };
}

async function openJob(gemini: Gemini, path: string, signal: AbortSignal): Promise<Download> {
  const download = await gemini.get(path, signal);
  if (download === undefined) throw new TransientError('ERR_JOB_NOT_FOUND', 'Gemini does not show the job any more');
  return download;
}

function measure({ metrics }: FetchOutputsPorts, event: FetchableEvent, { job, counts, timings }: Manifest): void {
  const dimension = placeOf(event);
  metrics.count('OutputsStored', dimension);
  metrics.count('BytesStored', dimension, counts.bytes);
  // Long-running operations, which videos are, do not say when they ended.
  const endedAt = job.endedAt ?? event.occurredAt;
  metrics.seconds('SecondsToStore', (Date.parse(timings.finishedAt) - Date.parse(endedAt)) / 1000, dimension);
}
