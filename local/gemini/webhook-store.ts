/**
 * Static webhooks, and their secrets, of which an old one signs for a day more.
 */
interface SigningSecret {
  readonly value: string;
  readonly expiresAt: Date | undefined;
}

export interface Webhook {
  readonly id: string;
  name: string | undefined;
  uri: string;
  subscribedEvents: readonly string[];
  state: 'enabled' | 'disabled' | 'disabled_due_to_failed_deliveries';
  /** Newest first. */
  secrets: readonly SigningSecret[];
}

export class WebhookStore {
  readonly webhooks = new Map<string, Webhook>();

  /** Who hears of an event of a job without `webhook_config`. */
  subscribers(eventType: string): Webhook[] {
    return [...this.webhooks.values()].filter(
      ({ state, subscribedEvents }) => state === 'enabled' && subscribedEvents.includes(eventType),
    );
  }
}

/** The secrets that sign at `now`, newest first. */
export function validSecrets(webhook: Webhook, now: Date): string[] {
  return webhook.secrets.filter(({ expiresAt }) => !expiresAt || expiresAt > now).map(({ value }) => value);
}
