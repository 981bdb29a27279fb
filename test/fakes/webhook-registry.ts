/** Gemini's management of webhooks in memory: a record of every call, and calls that fail before or after their effect. */

import type { RegisteredWebhook, WebhookRegistry } from '../../lambda/registration/ports.ts';
import { ManagementError } from '../../lambda/shared/errors.ts';
import type { WantedWebhook } from '../../lambda/shared/ports.ts';

type Fault = 'refused' | 'unreachable' | 'answer-lost';

/** 24 bytes in base64, different each time. */
function secretOf(number: number): string {
  return `whsec_${Buffer.from(`signing-secret-number-${String(number).padStart(2, '0')}`).toString('base64')}`;
}

export class FakeWebhookRegistry implements WebhookRegistry {
  readonly webhooks = new Map<string, RegisteredWebhook>();
  readonly calls: string[] = [];
  readonly faults = new Map<string, Fault>();
  readonly #prefix: string;
  #made = 0;

  /** @param prefix of the ids that it gives */
  constructor(prefix = 'wh') {
    this.#prefix = prefix;
  }

  /** Puts a webhook there as somebody else would. */
  add(webhook: Partial<RegisteredWebhook>): string {
    const id = `${this.#prefix}${++this.#made}`;
    const made = {
      id,
      name: 'name',
      uri: 'https://uri',
      events: ['batch.succeeded'],
      state: 'enabled',
      secrets: [],
    };
    this.webhooks.set(id, { ...made, ...webhook });
    return id;
  }

  list = () => this.#call('list', () => [...this.webhooks.values()]);
  get = (id: string) => this.#call('get', () => this.webhooks.get(id));
  create = (wanted: WantedWebhook) =>
    this.#call('create', () => {
      const id = this.add(wanted);
      return { id, secret: this.#newSecret(id) };
    });
  update = (id: string, { events, ...changes }: Partial<WantedWebhook>) =>
    this.#call('update', () => {
      const webhook = this.webhooks.get(id);
      if (webhook) this.webhooks.set(id, { ...webhook, ...changes, ...(events && { events }) });
    });
  delete = (id: string) => this.#call('delete', () => void this.webhooks.delete(id));
  rotate = (id: string, previous?: 'revoked') => this.#call('rotate', () => this.#newSecret(id, previous));

  #newSecret(id: string, previous?: 'revoked'): string {
    const secret = secretOf(++this.#made);
    const webhook = this.webhooks.get(id);
    const kept = previous ? [] : (webhook?.secrets ?? []);
    const before = kept.map((old) => ({ ...old, expiresAt: old.expiresAt ?? '2026-11-25T05:00:00Z' }));
    const secrets = [{ ending: secret.slice(-5), expiresAt: undefined }, ...before];
    if (webhook) this.webhooks.set(id, { ...webhook, secrets });
    return secret;
  }

  async #call<Result>(name: string, effect: () => Result): Promise<Result> {
    this.calls.push(name);
    const fault = this.faults.get(name);
    this.faults.delete(name);
    if (fault === 'refused') throw new ManagementError('ERR_REGISTRATION_REFUSED', 'refused');
    if (fault === 'unreachable') throw unavailable();
    const result = effect();
    if (fault === 'answer-lost') throw unavailable();
    return result;
  }
}

function unavailable(): ManagementError {
  return new ManagementError('ERR_GEMINI_UNAVAILABLE', 'away', { mayHaveHappened: true });
}
