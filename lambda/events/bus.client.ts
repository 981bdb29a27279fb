/**
 * Puts events on the bus and believes nothing but each entry's own result. What is published while a call is under way goes
 * together in the next one: where many events come at once, PutEvents is called a tenth as often.
 */
import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { EVENT_SOURCE } from '../contract.ts';
import { TransientError } from '../shared/errors.ts';
import type { BusEvent } from './job-event.ts';
import type { EventPublisher } from './ports.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
const MAX_ENTRIES = 10;
/** 1 MiB for all entries of a call. */
const MAX_BYTES = 1024 * 1024;
/** Of an entry, beside its detail: source and detail-type. */
const OVERHEAD_BYTES = 256;

interface Waiting {
  readonly entry: PutEventsRequestEntry;
  readonly bytes: number;
  readonly settle: (problem: TransientError | undefined) => void;
}

export class EventBridgePublisher implements EventPublisher {
  readonly #client: EventBridgeClient;
  readonly #eventBusName: string;
  #waiting: Waiting[] = [];
  #isSending = false;

  constructor(client: EventBridgeClient, eventBusName: string) {
    this.#client = client;
    this.#eventBusName = eventBusName;
  }

  async publish(event: BusEvent): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<TransientError | undefined>();
    const Detail = JSON.stringify(event.detail);
    const names = { EventBusName: this.#eventBusName, Source: EVENT_SOURCE, DetailType: event.detailType };
    this.#waiting.push({
      // No `Time`: the bus sets it, so that a replay finds an event by when it was put there. The job's time is in the detail.
      entry: { ...names, Detail },
      bytes: Buffer.byteLength(Detail) + OVERHEAD_BYTES,
      settle: resolve,
    });
    if (!this.#isSending) void this.#sendAll();
    const problem = await promise;
    if (problem !== undefined) throw problem;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) await this.#send(this.#takeBatch());
    this.#isSending = false;
  }

  /** At least one, however large: the bus says what it thinks of it. */
  #takeBatch(): readonly Waiting[] {
    let bytes = 0;
    const fits = this.#waiting.slice(0, MAX_ENTRIES).findIndex((next, index) => {
      bytes += next.bytes;
      return index > 0 && bytes > MAX_BYTES;
    });
    return this.#waiting.splice(0, fits === -1 ? MAX_ENTRIES : fits);
  }

  /** Never rejects. */
  async #send(batch: readonly Waiting[]): Promise<void> {
    const command = new PutEventsCommand({ Entries: batch.map(({ entry }) => entry) });
    try {
      const { Entries = [] } = await this.#client.send(command);
      // PutEvents answers 200 for entries that it refused, each at the place of its entry (API reference, "Entries").
      for (const [index, { settle }] of batch.entries()) settle(problemOf(Entries[index]));
    } catch (cause) {
      const problem = new TransientError(
        'ERR_PUBLISH_FAILED',
        'PutEvents did not answer; the delivery will be retried',
        { cause },
      );
      for (const { settle } of batch) settle(problem);
    }
  }
}

function problemOf(entry: PutEventsResultEntry | undefined): TransientError | undefined {
  if (entry?.EventId !== undefined && entry.ErrorCode === undefined) return undefined;
  return new TransientError(
    'ERR_PUBLISH_FAILED',
    `PutEvents refused the entry: ${entry?.ErrorCode ?? 'it gave no id'}`,
  );
}
