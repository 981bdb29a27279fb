/** Puts one event on the bus and believes nothing but the entry's own result. */
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { EventPublisher } from '../app/ports.ts';
import { EVENT_SOURCE } from '../contract.ts';
import { TransientError } from '../domain/errors.ts';
import type { BusEvent } from '../domain/job-event.ts';

export class EventBridgePublisher implements EventPublisher {
  readonly #client: EventBridgeClient;
  readonly #eventBusName: string;

  constructor(client: EventBridgeClient, eventBusName: string) {
    this.#client = client;
    this.#eventBusName = eventBusName;
  }

  async publish(event: BusEvent): Promise<void> {
    const command = new PutEventsCommand({
      Entries: [
        {
          EventBusName: this.#eventBusName,
          Source: EVENT_SOURCE,
          DetailType: event.detailType,
          // No `Time`: the bus sets it, so that a replay finds an event by when it was put there. The job's time is in the detail.
          Detail: JSON.stringify(event.detail),
        },
      ],
    });
    const output = await this.#client.send(command).catch((cause: unknown) => {
      throw new TransientError('ERR_PUBLISH_FAILED', 'PutEvents did not answer; the delivery will be retried', {
        cause,
      });
    });
    const [entry] = output.Entries ?? [];
    // PutEvents answers 200 for entries that it refused (API reference, PutEvents, "Entries").
    if (output.FailedEntryCount !== 0 || entry?.EventId === undefined) {
      throw new TransientError(
        'ERR_PUBLISH_FAILED',
        `PutEvents refused the entry: ${entry?.ErrorCode ?? 'no entry in the answer'}`,
      );
    }
  }
}
