/** How a fetch ends: in a manifest, on the bus, and in the log. */
import { DETAIL_TYPE, MANIFEST_NAME, METRIC, SCHEMA_VERSION, VERSION } from '../contract.ts';
import type { FetchableEvent } from '../domain/job-event.ts';
import type { Failure, Manifest } from '../domain/manifest.ts';
import { FETCH_FAILED, outputPrefix } from '../domain/output-keys.ts';
import type { LandingPlan } from './job-kind.ts';
import type { Landing } from './landing.ts';
import type { Clock, EventPublisher, Log, Metrics, OutputStore } from './ports.ts';

/** What is known so far about the job: nothing before its resource was read. */
export interface Progress {
  plan?: LandingPlan;
}

export interface AnnounceOutputsPorts {
  readonly store: OutputStore;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Landed {
  readonly key: string;
  readonly manifest: Manifest;
}

interface WriteUp {
  readonly outcome: Manifest['outcome'];
  readonly plan: LandingPlan;
  readonly landing?: Landing;
  readonly startedAt: Date;
  readonly error: Failure | null;
}

export function writeUp(ports: AnnounceOutputsPorts, event: FetchableEvent, told: WriteUp): Manifest {
  const { plan, landing } = told;
  const { webhookId, type, scheme, origin, occurredAt, receivedAt } = event;
  return {
    schemaVersion: SCHEMA_VERSION,
    outcome: told.outcome,
    source: event.source,
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
    counts: {
      ...plan.counts,
      ...landing?.progress.counts,
      objects: landing?.objects.length ?? 0,
      bytes: landing?.bytes ?? 0,
    },
    notes: [...plan.notes, ...(landing?.progress.notes ?? [])],
    timings: {
      startedAt: landing?.progress.startedAt ?? told.startedAt.toISOString(),
      finishedAt: ports.clock().toISOString(),
      invocations: landing?.progress.invocations ?? 1,
    },
    fetcher: { version: VERSION },
  };
}

export async function announceStored(
  ports: AnnounceOutputsPorts,
  event: FetchableEvent,
  landed: Landed,
): Promise<void> {
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
      createdAt: manifest.job.createdAt,
      endedAt: manifest.job.endedAt,
      fetchStartedAt: manifest.timings.startedAt,
      landedAt: manifest.timings.finishedAt,
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
  const { failure, retryable, startedAt } = failed;
  const { plan } = failed.progress;
  const { code, message } = failure;
  let manifestKey: string | null = null;
  if (plan !== undefined) {
    const key = outputPrefix({ ...plan, ...placeOf(event) }, FETCH_FAILED) + MANIFEST_NAME;
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
      verifiedJob: event.verifiedJob,
      bucket: ports.store.bucket,
      manifestKey,
    },
  });
  ports.metrics.count(METRIC.outputsFailed, placeOf(event));
  ports.log.error('Outputs failed', { ...logged(event), code, reason: message, retryable });
}

function about(event: FetchableEvent, jobId: string) {
  const { source, jobType, webhookId, type, userMetadata } = event;
  return { schemaVersion: SCHEMA_VERSION, source, jobType, jobId, webhookId, type, userMetadata } as const;
}

/** Of which project, and of which type: dimensions of the metrics, and parts of the keys. */
export function placeOf({ source, jobType }: FetchableEvent) {
  return { source, jobType };
}

export function logged({ source, webhookId, type, jobType, jobId }: FetchableEvent) {
  return { source, webhookId, type, jobType, jobId };
}
