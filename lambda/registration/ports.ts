/** Gemini's management of webhooks. */
import type { WantedWebhook } from '../shared/ports.ts';

/** A static webhook as it stands at Gemini. */
export interface RegisteredWebhook {
  readonly id: string;
  readonly name: string | undefined;
  readonly uri: string;
  readonly events: readonly string[];
  /** `enabled`, `disabled`, `disabled_due_to_failed_deliveries`, or what Gemini may come to say. */
  readonly state: string;
  /** Those that sign now. */
  readonly secrets: readonly ShownSecret[];
}

interface ShownSecret {
  /** The last characters, which are all that Gemini shows; empty when it does not. */
  readonly ending: string;
  /** RFC 3339; undefined for one that signs until the next rotation. */
  readonly expiresAt: string | undefined;
}

/**
 * Gemini's management of static webhooks. Every method throws `ManagementError`; `mayHaveHappened` of a create, an update
 * or a rotation means that its answer was lost.
 */
export interface WebhookRegistry {
  list(): Promise<readonly RegisteredWebhook[]>;
  get(id: string): Promise<RegisteredWebhook | undefined>;
  /** Once and never again: a repeated create makes a second webhook. The secret is shown here and nowhere else. */
  create(wanted: WantedWebhook): Promise<{ readonly id: string; readonly secret: string }>;
  update(id: string, changes: Partial<WantedWebhook> & { readonly state?: 'enabled' }): Promise<void>;
  /** Resolves, too, when it is gone already. */
  delete(id: string): Promise<void>;
  /** The secret that signs from now on. Those before it sign as well for 24 hours, or `revoked` no longer. */
  rotate(id: string, previous?: 'revoked'): Promise<string>;
}
