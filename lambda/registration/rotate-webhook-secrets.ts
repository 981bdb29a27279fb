/** What a rotation does with each of the two secrets of a webhook. */
import { ManagementError } from '../shared/errors.ts';
import type { Wait, WantedWebhook } from '../shared/ports.ts';
import { parseSigningSecret } from '../standard-webhooks/signature.ts';
import { digestTokens, nextTokens } from '../standard-webhooks/token.ts';
import { findDeployed, isSignedWith } from './desired-webhook.ts';
import type { WebhookRegistry } from './ports.ts';
import type { Rotation } from './rotate-secret.ts';

/** For a list that does not show yet what was just created. */
const LIST_DELAY_MS = 10_000;

/**
 * Gemini makes the value and signs with it at once, and with the one before for 24 hours more: a verifier that knows only
 * that one goes on accepting. A webhook that is gone is registered again, which gives a secret as well.
 */
export function signingSecretRotation(registry: WebhookRegistry, wanted: WantedWebhook, wait: Wait): Rotation {
  return {
    async create() {
      const webhook = findDeployed(await registry.list(), wanted);
      return webhook === undefined ? (await registry.create(wanted)).secret : await registry.rotate(webhook.id);
    },
    async test(value) {
      const find = async () => findDeployed(await registry.list(), wanted);
      let webhook = await find();
      if (webhook === undefined) {
        // It may have been registered a moment ago, and who gives its secret up has none that verifies.
        await wait(LIST_DELAY_MS);
        webhook = await find();
      }
      // Where Gemini shows none there is nothing to compare with, and the rotation must not fail for that.
      const isUsed = webhook !== undefined && isSignedWith(webhook, [value]) !== false;
      if (parseSigningSecret(value) !== undefined && isUsed) return;
      throw new ManagementError(
        'ERR_ROTATION_INVALID',
        `Gemini does not go on signing with the new secret of the webhook ${wanted.name}: it was rotated meanwhile, or is gone. Rotate the secret once more`,
      );
    },
  };
}

/** Every verifier knows the token that becomes current; the one before holds for 96 hours more. */
export function dynamicTokenRotation(): Rotation {
  return {
    create: async (current) => nextTokens(current),
    async test(value) {
      if (digestTokens(value).length > 0) return;
      throw new ManagementError('ERR_ROTATION_INVALID', 'The secret holds no two tokens; rotate it once more');
    },
  };
}
