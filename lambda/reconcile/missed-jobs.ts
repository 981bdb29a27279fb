/** What the reconciler says on the bus: of jobs whose webhook did not come, and of those that will not land any more. */
import { DETAIL_TYPE, type FetchedJobType, SCHEMA_VERSION, SUBSCRIBABLE_EVENTS } from '../contract.ts';
import { jobKey } from '../events/event-key.ts';
import type { BusEvent, JobEventDetail, OutputFailedDetail } from '../events/job-event.ts';
import type { Manifest } from '../events/manifest.ts';
import { onceFor, type PublishOncePorts, type PublishResult, publishOnce } from '../events/publish-once.ts';
import type { JobAtGemini } from '../gemini/jobs/read-jobs.ts';
import type { LedgerEntry, LedgerJob } from '../ledger/facts.ts';
import type { JobLedger } from '../ledger/ports.ts';
import type { PermanentErrorCode } from '../shared/errors.ts';
import { eventTypeOf, toReconciledEvent } from './reconciled-event.ts';

/** What is on the bus reaches the ledger within seconds, and within half an hour if DynamoDB is away. */
const UNHEARD_MS = 3600_000;
/** Between two publications of an event of which the ledger still has not heard. */
const REPUBLISH_PAUSE_MS = 6 * 3600_000;
/** Of one run: whatever is the cause, the bus is not flooded. */
const MAX_REPUBLISHED = 100;

/** Where outputs stored. */
export interface StoredOutputs {
  /** The manifest of outputs that stored. @throws TransientError `ERR_STORE_UNAVAILABLE` */
  find(job: LedgerEntry): Promise<{ readonly key: string; readonly manifest: Manifest } | undefined>;
}

export interface MissedJobsPorts extends Omit<PublishOncePorts, 'wasPublished'> {
  readonly ledger: JobLedger;
  readonly outputs: StoredOutputs;
}

export interface MissedJobsOptions {
  readonly project: string;
  /** Those of the registered webhook; of a job that nobody asked about no other is published. */
  readonly subscribedEvents: readonly string[];
  /** Named in announcements. */
  readonly bucket: string;
}

/** Of one run. Everything goes through the claims of the verifier. */
export class MissedJobs {
  readonly #ports: MissedJobsPorts & PublishOncePorts;
  readonly #options: MissedJobsOptions;
  readonly #now: Date;
  #published = 0;
  #republished = 0;

  constructor(ports: MissedJobsPorts, options: MissedJobsOptions, now: Date) {
    this.#ports = { ...ports, wasPublished: (event) => this.#wasPublished(event) };
    this.#options = options;
    this.#now = now;
  }

  /** How many were announced in this run. */
  get published(): number {
    return this.#published;
  }

  /**
   * @param known what the ledger has of the job
   * @param firstRunAt what ended before the very first run cannot have been missed
   */
  async announce(
    jobType: FetchedJobType,
    job: JobAtGemini,
    known: LedgerEntry | undefined,
    firstRunAt: string,
  ): Promise<void> {
    const { project, subscribedEvents } = this.#options;
    const type = eventTypeOf({ jobType, status: job.status });
    if (!isUnheard(known, type)) return;
    const isPushed = subscribedEvents.includes(type) || job.hasWebhook;
    const isOffered = SUBSCRIBABLE_EVENTS.some((event) => event === type);
    if (isOffered && !isPushed && known?.submittedAt === undefined) return;
    const userMetadata = { ...job.userMetadata, ...known?.userMetadata };
    const name = known?.displayName === undefined ? {} : { displayName: known.displayName };
    const detail = toReconciledEvent({ ...job, project, jobType, userMetadata, ...name }, this.#now);
    const result = await publishOnce(this.#ports, onceFor(detail, ''));
    if (result.outcome === 'duplicate') await this.#republish(detail, known, result);
    if (result.outcome !== 'accepted') return;
    this.#published += 1;
    this.#ports.metrics.count('EventsReconciled', { project, jobType });
    const isMissed = isOffered && isPushed && (job.endedAt ?? this.#now).toISOString() > firstRunAt;
    if (isMissed) this.#ports.metrics.count('WebhooksMissed', { project, jobType });
    this.#ports.log.warn('A job ended without a webhook, and is announced', {
      ...{ project, jobType, type, isMissed },
      jobId: job.jobName,
      endedAt: job.endedAt?.toISOString(),
    });
  }

  /**
   * Its record says that the event is on the bus, and the ledger has not heard of it since: no rule matched yet, as in the
   * first moments of a deployment, or the ledger's message was lost. It keeps the id of the delivery, so that consumers who
   * did get it know it again.
   */
  async #republish(
    detail: JobEventDetail,
    known: LedgerEntry | undefined,
    { completed }: Extract<PublishResult, { outcome: 'duplicate' }>,
  ): Promise<void> {
    const { ledger, publisher, log, metrics } = this.#ports;
    const { project, jobType, jobId, type } = detail;
    if (completed === undefined || jobType === 'other' || jobId === null || known?.eventType !== undefined) return;
    if (completed.receivedAt.getTime() > this.#now.getTime() - UNHEARD_MS) return;
    const republishedAt = known?.republishedAt?.getTime() ?? 0;
    if (republishedAt > this.#now.getTime() - REPUBLISH_PAUSE_MS || this.#republished >= MAX_REPUBLISHED) return;
    this.#republished += 1;
    const webhookId = completed.delivery.slice(completed.delivery.indexOf('#') + 1);
    // First, so that an event that breaks something is not published in each run.
    await ledger.record({ kind: 'republished', project, jobType, jobId, republishedAt: this.#now });
    await publisher.publish({ detailType: type, time: new Date(detail.occurredAt), detail: { ...detail, webhookId } });
    metrics.count('EventsRepublished', { project });
    log.warn('An event that the ledger never heard of is published again', {
      ...{ project, jobType, jobId, type, webhookId },
      receivedAt: completed.receivedAt.toISOString(),
    });
  }

  /** It will not land any more; unless it has, and the ledger did not hear of it. */
  async giveUp(job: LedgerEntry, code: PermanentErrorCode, message: string): Promise<void> {
    const { ledger, log, metrics, outputs } = this.#ports;
    const { project, jobType, jobId } = job;
    const stored = await outputs.find(job);
    if (stored !== undefined) {
      const { key: manifestKey, manifest } = stored;
      const createdAt = manifest.job.createdAt === null ? undefined : new Date(manifest.job.createdAt);
      const fetchStartedAt = new Date(manifest.timings.startedAt);
      const storedAt = new Date(manifest.timings.finishedAt);
      await ledger.record({
        kind: 'stored',
        project,
        jobType,
        jobId,
        manifestKey,
        createdAt,
        fetchStartedAt,
        storedAt,
      });
      log.warn('A job stored, and the ledger had not heard of it', { project, jobType, jobId, manifestKey });
      return;
    }
    const id = jobKey(job).replace(`#${jobType}#`, `#${DETAIL_TYPE.outputFailed}#`);
    const detail: OutputFailedDetail = {
      schemaVersion: SCHEMA_VERSION,
      ...{ project, jobType, jobId, code, message },
      userMetadata: { ...job.userMetadata },
      displayName: job.displayName ?? null,
      webhookId: job.webhookId ?? `api#${id}`,
      type: job.eventType ?? 'job.submitted',
      retryable: false,
      verifiedJob: job.submittedAt !== undefined,
      bucket: this.#options.bucket,
      manifestKey: null,
    };
    const event: BusEvent = { detailType: DETAIL_TYPE.outputFailed, time: this.#now, detail };
    const { outcome } = await publishOnce(this.#ports, {
      ...{ id, event },
      delivery: `api#${id}`,
      bodySha256: '',
      receivedAt: this.#now,
    });
    if (outcome === 'in-progress') return;
    await ledger.record({
      kind: 'failed',
      ...{ project, jobType, jobId, code },
      failedAt: this.#now,
      retryable: false,
      manifestKey: undefined,
    });
    if (outcome === 'duplicate') return;
    metrics.count('OutputsFailed', { project, jobType });
    log.error('Outputs failed', { project, jobType, jobId, code, reason: message, retryable: false });
  }

  /** A run that died after its event was on the bus, and before it could say so; the ledger has heard of it since. */
  async #wasPublished({ detailType, detail }: BusEvent): Promise<boolean> {
    const { project, jobType, jobId } = detail;
    if (jobId === null || jobType === 'other') return false;
    const job: LedgerJob = { project, jobType, jobId };
    const known = (await this.#ports.ledger.find([job])).get(jobKey(job));
    return known?.eventType === detailType;
  }
}

/**
 * One end is one event, whatever the words for it. What a run of ours announced is claimed once more: should that run have
 * died, its record is completed now.
 */
function isUnheard(known: LedgerEntry | undefined, type: string): boolean {
  return known?.eventType === undefined || (known.origin === 'reconciler' && known.eventType === type);
}
