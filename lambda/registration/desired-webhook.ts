/** Which of a project's webhooks is the deployment's, what differs, and whether it signs with a secret that is known here. */
import type { SubscribableEvent } from '../contract.ts';
import type { WantedWebhook } from '../shared/ports.ts';
import type { RegisteredWebhook } from './ports.ts';

/** The webhook for this very name and URL: ours, whoever asked for it. */
export function isOwn(webhook: RegisteredWebhook, { name, uri }: WantedWebhook): boolean {
  return webhook.name === name && webhook.uri === uri;
}

/** Ours by name and URL, or else by the name, which holds account, Region and stack. */
export function findDeployed(
  webhooks: readonly RegisteredWebhook[],
  wanted: WantedWebhook,
): RegisteredWebhook | undefined {
  return webhooks.find((webhook) => isOwn(webhook, wanted)) ?? webhooks.find((webhook) => webhook.name === wanted.name);
}

/**
 * Whether Gemini goes on signing with one of the secrets; undefined where it shows nothing to compare with. One that expires signs
 * for at most 24 hours more, and then nothing that it verifies comes any longer.
 */
export function isSignedWith({ secrets }: RegisteredWebhook, values: readonly string[]): boolean | undefined {
  const shown = secrets.filter(({ ending }) => ending !== '');
  const lasting = shown.filter(({ expiresAt }) => expiresAt === undefined);
  // All expire: then the expiry does not tell which one is to stay.
  const compared = lasting.length > 0 ? lasting : shown;
  if (compared.length === 0) return undefined;
  return compared.some(({ ending }) => values.some((value) => value.endsWith(ending)));
}

/** What an update would have to say, and nothing when the webhook is as it is to be. */
export function differences(
  found: RegisteredWebhook,
  wanted: WantedWebhook,
): Partial<WantedWebhook> & { readonly state?: 'enabled' } {
  return {
    ...(found.name !== wanted.name && { name: wanted.name }),
    ...(found.uri !== wanted.uri && { uri: wanted.uri }),
    ...(!hasSameEvents(found.events, wanted.events) && { events: wanted.events }),
    ...(found.state === 'disabled_due_to_failed_deliveries' && { state: 'enabled' as const }),
  };
}

function hasSameEvents(found: readonly string[], wanted: readonly SubscribableEvent[]): boolean {
  return found.toSorted().join() === wanted.toSorted().join();
}
