/**
 * Pushes events as Gemini does: at least once, with a fresh timestamp and signature at every attempt, for 24 hours. The
 * switches make deliveries late, doubled, out of order or missing.
 */
import { webhookMessageId } from './ids.ts';
import { type SigningKeys, signV1 } from './signing.ts';
import type { SwitchBoard } from './switches.ts';
import type { Timers } from './timers.ts';
import { validSecrets, type Webhook, type WebhookStore } from './webhook-store.ts';

const ANSWER_TIMEOUT_MS = 10_000;
/** The wait between two attempts doubles up to this many times the first one. */
const LONGEST_WAIT = 3600;

/** `webhook_config` of a job: where its events go instead of to the static webhooks. */
export interface WebhookConfig {
  readonly uris: readonly string[];
  readonly userMetadata?: Readonly<Record<string, unknown>> | undefined;
}

interface Announcement {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly jobName: string;
  /** Replaces the static webhooks. */
  readonly webhookConfig: WebhookConfig | undefined;
  /** Whether nobody hears of it. */
  readonly isMissing: boolean;
}

type DeliveryStatus = 'pending' | 'delivered' | 'given-up';

interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly jobName: string | undefined;
  readonly url: string;
  /** Undefined for a dynamic one. */
  readonly webhook: Webhook | undefined;
  readonly body: Buffer;
  readonly startedAt: Date;
  status: DeliveryStatus;
  /** HTTP status of each attempt; 0 when there was no answer. */
  readonly attempts: { readonly at: string; readonly status: number }[];
}

interface Shared {
  readonly timers: Timers;
  readonly switches: SwitchBoard;
  readonly keys: SigningKeys;
  readonly webhooks: WebhookStore;
}

export class Deliveries {
  readonly #world: Shared;
  readonly #deliveries: Delivery[] = [];
  readonly #held: Delivery[] = [];
  #withheld = 0;

  constructor(world: Shared) {
    this.#world = world;
  }

  announce({ type, data, jobName, webhookConfig, isMissing }: Announcement): void {
    const { switches, webhooks } = this.#world;
    if (isMissing || switches.take('missing')) {
      this.#withheld += 1;
      return;
    }
    const body = this.#envelope(type, data, webhookConfig);
    const targets = webhookConfig
      ? webhookConfig.uris.map((url) => ({ url, webhook: undefined }))
      : webhooks.subscribers(type).map((webhook) => ({ url: webhook.uri, webhook }));
    for (const target of targets) this.#begin({ ...target, type, jobName, body });
  }

  /** What Gemini's ping says is not documented: an unknown type without data is the hardest form of it. */
  ping(webhook: Webhook): void {
    const body = Buffer.from(
      JSON.stringify({ type: 'webhook.ping', version: 'v1', timestamp: this.#now().toISOString() }),
    );
    this.#begin({ url: webhook.uri, webhook, type: 'webhook.ping', jobName: undefined, body });
  }

  /** False when there is none of this id. */
  redeliver(id: string): boolean {
    const found = this.#deliveries.filter((delivery) => delivery.id === id);
    for (const delivery of found) this.#schedule(delivery, 0);
    return found.length > 0;
  }

  /** Sends what is held back for another order. */
  releaseHeld(): void {
    for (const delivery of this.#held.splice(0).toReversed()) this.#send(delivery);
  }

  /** For people and programs: without the last part of a dynamic URL, which is a secret. */
  list(): object {
    return {
      withheld: this.#withheld,
      held: this.#held.length,
      deliveries: this.#deliveries.map(({ id, type, jobName, url, webhook, status, attempts }) => ({
        id,
        type,
        job: jobName ?? null,
        url: webhook ? url : url.replace(/[^/]*$/, '***'),
        scheme: webhook ? 'v1' : 'v1a',
        status,
        attempts,
      })),
    };
  }

  #now(): Date {
    return this.#world.timers.now();
  }

  #envelope(type: string, data: object, config: WebhookConfig | undefined): Buffer {
    const place = this.#world.switches.current.userMetadataIn;
    const metadata = config?.userMetadata && { user_metadata: config.userMetadata };
    const envelope = {
      type,
      version: 'v1',
      timestamp: this.#now().toISOString(),
      ...(place === 'envelope' && metadata),
      data: { ...data, ...(place === 'data' && metadata) },
    };
    return Buffer.from(JSON.stringify(envelope));
  }

  #begin(start: Pick<Delivery, 'url' | 'webhook' | 'type' | 'jobName' | 'body'>): void {
    const { outOfOrder } = this.#world.switches.current;
    const startedAt = this.#now();
    const delivery: Delivery = { ...start, id: webhookMessageId(), startedAt, status: 'pending', attempts: [] };
    this.#deliveries.push(delivery);
    if (outOfOrder === 0) {
      this.#send(delivery);
      return;
    }
    this.#held.push(delivery);
    if (this.#held.length >= outOfOrder) this.releaseHeld();
  }

  #send(delivery: Delivery): void {
    const { duplicates, lateMs } = this.#world.switches.current;
    for (let copy = 0; copy <= duplicates; copy += 1) this.#schedule(delivery, lateMs);
  }

  #schedule(delivery: Delivery, delayMs: number): void {
    this.#world.timers.schedule(delayMs, () => this.#attempt(delivery));
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const at = this.#now();
    const { status, retryAfterMs } = await post(delivery.url, this.#sign(delivery, at), delivery.body);
    delivery.attempts.push({ at: at.toISOString(), status });
    if (status >= 200 && status < 300) {
      delivery.status = 'delivered';
      return;
    }
    if (delivery.status === 'delivered') return;
    const { retryBaseMs, retryForMs } = this.#world.switches.current;
    const doublings = Math.min(delivery.attempts.length - 1, 20);
    const delayMs = Math.max(retryAfterMs, retryBaseMs * Math.min(2 ** doublings, LONGEST_WAIT));
    if (this.#now().getTime() + delayMs - delivery.startedAt.getTime() <= retryForMs) this.#schedule(delivery, delayMs);
    else this.#giveUp(delivery);
  }

  #giveUp(delivery: Delivery): void {
    delivery.status = 'given-up';
    if (delivery.webhook) delivery.webhook.state = 'disabled_due_to_failed_deliveries';
  }

  /** Each attempt is signed anew, with what signs at that time. */
  #sign({ id, webhook, body }: Delivery, at: Date): Record<string, string> {
    const { switches, keys } = this.#world;
    const timestamp = Math.floor(at.getTime() / 1000) + switches.current.clockSkewSeconds;
    const message = { id, timestamp, body };
    return {
      'content-type': 'application/json',
      'user-agent': 'Google-Gemini-Webhooks',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': webhook ? signV1(message, validSecrets(webhook, at)) : keys.signV1a(message),
    };
  }
}

async function post(
  url: string,
  headers: Record<string, string>,
  body: Buffer,
): Promise<{ readonly status: number; readonly retryAfterMs: number }> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const init = { method: 'POST', redirect: 'manual', signal, headers, body: new Uint8Array(body) } as const;
    const response = await fetch(url, init);
    await response.arrayBuffer();
    const seconds = Number(response.headers.get('retry-after') ?? 0);
    return { status: response.status, retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : 0 };
  } catch {
    return { status: 0, retryAfterMs: 0 };
  }
}
