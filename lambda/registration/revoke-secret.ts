/**
 * What a rotation does over days, at once, because somebody else has the secret: nothing of before counts any longer. The
 * door is closed before anybody is asked for a new secret, so that no failure leaves the old one in force.
 */

import type { Log, WantedWebhook } from '../shared/ports.ts';
import { nextTokens } from '../standard-webhooks/token.ts';
import { findDeployed } from './desired-webhook.ts';
import type { WebhookRegistry } from './ports.ts';

export interface RevocationPorts {
  readonly registry: WebhookRegistry;
  readonly wanted: WantedWebhook;
  readonly signingSecretId: string;
  readonly dynamicTokenSecretId: string;
  /** Makes the value current, and void whatever was before. @throws ManagementError `ERR_SECRET_NOT_STORED` */
  readonly revoke: (secretId: string, value: string) => Promise<void>;
  readonly log: Log;
}

/** Too short for a key, so that nothing verifies with it. */
const NONE = 'revoked';

/**
 * Repeating it after a failure ends what it began.
 *
 * @throws ManagementError from Gemini or Secrets Manager; nothing that was signed with the old secret is accepted then
 */
export async function revokeSigningSecret(ports: RevocationPorts): Promise<void> {
  const { registry, wanted, signingSecretId, revoke, log } = ports;
  await revoke(signingSecretId, NONE);
  log.warn('The signing secret is revoked; nothing verifies until there is a new one', { name: wanted.name });
  const webhook = findDeployed(await registry.list(), wanted);
  const secret =
    webhook === undefined ? (await registry.create(wanted)).secret : await registry.rotate(webhook.id, 'revoked');
  await revoke(signingSecretId, secret);
  log.warn('The signing secret was replaced', { name: wanted.name });
}

/** Both tokens of the secret: who read it knows the next one, too. */
export async function revokeDynamicToken({
  dynamicTokenSecretId,
  revoke,
  wanted,
  log,
}: RevocationPorts): Promise<void> {
  await revoke(dynamicTokenSecretId, nextTokens());
  log.warn('The dynamic token was replaced', { name: wanted.name });
}
