/** How a fetch ends: in a manifest, on the bus, and in the log. */
import { DETAIL_TYPE, MANIFEST_NAME, SCHEMA_VERSION, VERSION } from '../contract.ts';
import { fitted } from '../events/event-size.ts';
import { type FetchableEvent, jobLogFields } from '../events/job-event.ts';
import type { Failure, Manifest } from '../events/manifest.ts';
import { FETCH_FAILED, outputPrefix } from '../events/output-keys.ts';
import type { EventPublisher } from '../events/ports.ts';
import type { OutputPlan } from '../gemini/jobs/job-type.ts';
import type { JobOnRecord } from '../ledger/ports.ts';
import type { Clock, Log, Metrics } from '../shared/ports.ts';
import type { OutputStore } from './ports.ts';
import type { Storing } from './storing.ts';

/** What is known so far about the job. */
export interface Progress {
  /** Not before its resource was read. */
  plan?: OutputPlan;
  /** What its creator wrote into the resource. */
  userMetadata?: Readonly<Record<string, unknown>>;
  /** What the ledger has of it. */
  known?: JobOnRecord | undefined;
}

export interface AnnounceOutputsPorts {
  readonly store: OutputStore;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Gemini's own words are among them, of any length. */
const MAX_NOTES = 20;
const MAX_NOTE_LENGTH = 500;

export interface Stored {
  readonly key: string;
  readonly manifest: Manifest;
}

interface WriteUp {
  readonly outcome: Manifest['outcome'];
  readonly plan: OutputPlan;
  readonly submission: Submission;
  readonly storing?: Storing;
  readonly startedAt: Date;
  readonly error: Failure | null;
}

export function writeUp(ports: AnnounceOutputsPorts, event: FetchableEvent, result: WriteUp): Manifest {
  const { plan, storing } = result;
  const objects = storing?.objects ?? [];
  const { webhookId, type, scheme, origin, occurredAt, receivedAt } = event;
  return {
    schemaVersion: SCHEMA_VERSION,
    outcome: result.outcome,
    project: event.project,
    event: { webhookId, type, scheme, origin, occurredAt, receivedAt },
    job: {
      type: event.jobType,
      id: plan.jobName,
      status: plan.status,
      model: plan.model,
      displayName: result.submission.displayName,
      createdAt: plan.createdAt?.toISOString() ?? null,
      endedAt: plan.endedAt?.toISOString() ?? null,
    },
    userMetadata: result.submission.userMetadata,
    usage: plan.usage,
    error: result.error,
    objects: [...objects],
    counts: {
      ...plan.counts,
      ...storing?.counts,
      objects: objects.length,
      bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
    },
    notes: [...plan.notes, ...(plan.missing === undefined ? [] : [plan.missing]), ...(storing?.notes ?? [])],
    timings: { startedAt: result.startedAt.toISOString(), finishedAt: ports.clock().toISOString() },
    fetcher: { version: VERSION },
  };
}

export async function announceStored(
  ports: AnnounceOutputsPorts,
  event: FetchableEvent,
  stored: Stored,
  progress: Progress,
): Promise<void> {
  const { key, manifest } = stored;
  const { userMetadata, displayName } = submissionOf(event, progress);
  await ports.publisher.publish({
    detailType: DETAIL_TYPE.outputStored,
    time: ports.clock(),
    detail: fitted({
      ...about(event, manifest.job.id),
      // An earlier fetch may have known more.
      userMetadata: { ...manifest.userMetadata, ...userMetadata },
      displayName: displayName ?? manifest.job.displayName,
      status: manifest.job.status,
      bucket: ports.store.bucket,
      prefix: key.slice(0, -MANIFEST_NAME.length),
      manifestKey: key,
      objectCount: manifest.counts.objects,
      bytes: manifest.counts.bytes,
      notes: manifest.notes.slice(0, MAX_NOTES).map((note) => note.slice(0, MAX_NOTE_LENGTH)),
      createdAt: manifest.job.createdAt,
      endedAt: manifest.job.endedAt,
      fetchStartedAt: manifest.timings.startedAt,
      storedAt: manifest.timings.finishedAt,
    }),
  });
  ports.log.info('Outputs stored', {
    ...jobLogFields(event),
    status: manifest.job.status,
    manifestKey: key,
    bytes: manifest.counts.bytes,
  });
}

/** A defect of ours: what it says may quote what it met. */
export const INTERNAL: Failure = { code: 'ERR_INTERNAL', message: 'The fetcher failed; its log says how' };

interface FailedFetch {
  readonly failure: Failure;
  readonly retryable: boolean;
  readonly startedAt: Date;
  readonly progress: Progress;
}

export async function announceFailed(
  ports: AnnounceOutputsPorts,
  event: FetchableEvent,
  failed: FailedFetch,
): Promise<void> {
  const { failure, retryable, startedAt, progress } = failed;
  const { plan } = progress;
  const submission = submissionOf(event, progress);
  const { code, message } = failure;
  let manifestKey: string | null = null;
  if (plan !== undefined) {
    const key = outputPrefix({ ...plan, ...placeOf(event) }, FETCH_FAILED) + MANIFEST_NAME;
    const error = { code, message };
    const manifest = writeUp(ports, event, { outcome: 'failed', plan, submission, startedAt, error });
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
    detail: fitted({
      ...about(event, plan?.jobName ?? event.jobId),
      ...submission,
      code,
      message,
      retryable,
      verifiedJob: event.verifiedJob,
      bucket: ports.store.bucket,
      manifestKey,
    }),
  });
  ports.metrics.count('OutputsFailed', placeOf(event));
  ports.log.error('Outputs failed', { ...jobLogFields(event), code, reason: message, retryable });
}

function about(event: FetchableEvent, jobId: string) {
  const { project, jobType, webhookId, type } = event;
  return { schemaVersion: SCHEMA_VERSION, project, jobType, jobId, webhookId, type } as const;
}

/** What the application submitted of a job, from all who know something of it: the nearer to the event the truer. */
type Submission = Pick<Manifest, 'userMetadata'> & Pick<Manifest['job'], 'displayName'>;

export function submissionOf(event: FetchableEvent, { plan, userMetadata, known }: Progress): Submission {
  return {
    userMetadata: { ...known?.userMetadata, ...userMetadata, ...event.userMetadata },
    displayName: plan?.displayName ?? event.displayName ?? known?.displayName ?? null,
  };
}

/** Of which project, and of which type: dimensions of the metrics, and parts of the keys. */
export function placeOf({ project, jobType }: FetchableEvent) {
  return { project, jobType };
}
