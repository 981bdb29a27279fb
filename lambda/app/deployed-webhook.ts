/** Which of a project's webhooks is the deployment's, and whether it signs with a secret that is known here. */
import type { RegisteredWebhook, WantedWebhook } from './ports.ts';

/** Ours by name and URL, or else by the name, which holds account, Region and stack. */
export function findDeployed(
  webhooks: readonly RegisteredWebhook[],
  { name, uri }: WantedWebhook,
): RegisteredWebhook | undefined {
  const own = webhooks.filter((webhook) => webhook.name === name);
  return own.find((webhook) => webhook.uri === uri) ?? own[0];
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
