/** A message of the queue as a job event, and how long it waits before it is delivered again. */
import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import type { FetchedJobType } from '../contract.ts';
import { type FetchableEvent, JobEventEnvelope } from '../events/job-event.ts';
import type { QueuedJob } from './handle-message.ts';

export function toQueuedJob(record: SQSRecord, jobType: FetchedJobType): QueuedJob {
  return {
    event: parseEvent(record.body, jobType),
    messageId: record.messageId,
    receiveCount: Number(record.attributes.ApproximateReceiveCount),
  };
}

/** Undefined for what the rule of this job type would not have sent. */
function parseEvent(body: string, jobType: FetchedJobType): FetchableEvent | undefined {
  try {
    const { detail } = JobEventEnvelope.parse(JSON.parse(body));
    const { jobId } = detail;
    return detail.jobType === jobType && jobId !== null ? { ...detail, jobType, jobId } : undefined;
  } catch {
    return undefined;
  }
}

const HOLD_SECONDS = 120;
/** Two of three calls may fail. */
const EXTEND_MS = 40_000;

export class SqsJobQueue {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  /**
   * Hides a message while it is worked on, and not for much longer: should the process die, the message is back within two
   * minutes and not after the queue's visibility timeout, which Lambda wants to be longer than the function's.
   *
   * @returns ends it; resolves when no call is under way that could overtake a `delay`
   */
  hold(record: SQSRecord): () => Promise<void> {
    let extending = this.delay(record, HOLD_SECONDS);
    const timer = setInterval(() => {
      extending = this.delay(record, HOLD_SECONDS);
    }, EXTEND_MS);
    return async () => {
      clearInterval(timer);
      await extending;
    };
  }

  /** Never rejects: should the call fail, the queue's own visibility timeout holds. */
  async delay(record: SQSRecord, seconds: number): Promise<void> {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#queueUrl,
      ReceiptHandle: record.receiptHandle,
      VisibilityTimeout: seconds,
    });
    await this.#client.send(command).catch(() => {});
  }
}
