/** What the reconciler says on the bus: of jobs whose webhook did not come, and of those that will not land any more. */
import { DETAIL_TYPE, type FetchedJobType, METRIC, SCHEMA_VERSION, SUBSCRIBABLE_EVENTS } from '../contract.ts';
import type { BusEvent, OutputFailedDetail } from '../domain/job-event.ts';
import { jobKey } from '../domain/job-identity.ts';
import type { KnownJob, OpenJob } from '../domain/job-ledger.ts';
import { eventTypeOf, toReconciledEvent } from '../domain/reconciled-event.ts';
import type { JobLedger } from './ports.ts';
import { onceFor, type PublishOncePorts, publishOnce } from './publish-once.ts';
import type { JobAtGemini } from './read-jobs.ts';

export interface MissedJobsPorts extends Omit<PublishOncePorts, 'wasPublished'> {
  readonly ledger: JobLedger;
}

export interface MissedJobsOptions {
  readonly source: string;
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

  constructor(ports: MissedJobsPorts, options: MissedJobsOptions, now: Date) {
    this.#ports = { ...ports, wasPublished: (event) => this.#wasPublished(event) };
    this.#options = options;
    this.#now = now;
  }

  /** How many were announced in this run. */
  get published(): number {
    return this.#published;
  }

  /** @param firstRunAt what ended before the very first run cannot have been missed */
  async announce(
    jobType: FetchedJobType,
    job: JobAtGemini,
    known: KnownJob | undefined,
    firstRunAt: string,
  ): Promise<void> {
    const { source, subscribedEvents } = this.#options;
    const type = eventTypeOf({ jobType, status: job.status });
    const isPushed = subscribedEvents.includes(type) || job.hasWebhook;
    const isOffered = SUBSCRIBABLE_EVENTS.some((event) => event === type);
    if (isOffered && !isPushed && known?.submittedAt === undefined) return;
    const userMetadata = { ...known?.userMetadata, ...job.userMetadata };
    const detail = toReconciledEvent({ ...job, source, jobType, userMetadata }, this.#now);
    const { outcome } = await publishOnce(this.#ports, onceFor(detail, ''));
    if (outcome !== 'accepted') return;
    this.#published += 1;
    this.#ports.metrics.count(METRIC.eventsReconciled, { source, jobType });
    const isMissed = isOffered && isPushed && (job.endedAt ?? this.#now).toISOString() > firstRunAt;
    if (isMissed) this.#ports.metrics.count(METRIC.webhooksMissed, { source, jobType });
    this.#ports.log.warn('A job ended without a webhook, and is announced', {
      ...{ source, jobType, type, isMissed },
      jobId: job.jobName,
      endedAt: job.endedAt?.toISOString(),
    });
  }

  /** It will not land any more. */
  async giveUp(job: OpenJob, code: 'ERR_OUTPUT_GONE' | 'ERR_JOB_NOT_OURS', message: string): Promise<void> {
    const { ledger, log, metrics } = this.#ports;
    const { source, jobType, jobId, userMetadata } = job;
    const id = jobKey(job).replace(`#${jobType}#`, `#${DETAIL_TYPE.outputFailed}#`);
    const detail: OutputFailedDetail = {
      schemaVersion: SCHEMA_VERSION,
      ...{ source, jobType, jobId, code, message },
      userMetadata: { ...userMetadata },
      displayName: null,
      webhookId: job.webhookId ?? `api#${id}`,
      type: job.eventType ?? 'job.submitted',
      retryable: false,
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
    await ledger.tell({
      kind: 'failed',
      source,
      jobType,
      jobId,
      code,
      failedAt: this.#now,
      retryable: false,
      manifestKey: undefined,
    });
    if (outcome === 'duplicate') return;
    metrics.count(METRIC.outputsFailed, { source, jobType });
    log.error('Outputs failed', { source, jobType, jobId, code, reason: message, retryable: false });
  }

  /** A run that died after its event was on the bus, and before it could say so; the ledger has heard of it since. */
  async #wasPublished({ detailType, detail }: BusEvent): Promise<boolean> {
    const { source, jobType, jobId } = detail;
    if (jobId === null || jobType === 'other') return false;
    const [known] = (await this.#ports.ledger.find([{ source, jobType, jobId }])).values();
    return known?.eventType === detailType;
  }
}
