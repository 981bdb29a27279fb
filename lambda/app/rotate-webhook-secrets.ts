/** What a rotation does with each of the two secrets of a webhook. */
import { ManagementError } from '../domain/errors.ts';
import { parseSigningSecret } from '../domain/signature.ts';
import { digestTokens, nextTokens } from '../domain/token.ts';
import { findDeployed } from './check-webhook.ts';
import type { WantedWebhook, WebhookRegistry } from './ports.ts';
import type { Rotation } from './rotate-secret.ts';

/**
 * Gemini makes the value and signs with it at once, and with the one before for 24 hours more: a verifier that knows only
 * that one goes on accepting. A webhook that is gone is registered again, which gives a secret as well.
 */
export function signingSecretRotation(registry: WebhookRegistry, wanted: WantedWebhook): Rotation {
  return {
    async create() {
      const webhook = findDeployed(await registry.list(), wanted);
      return webhook === undefined ? (await registry.create(wanted)).secret : await registry.rotate(webhook.id);
    },
    async test(value) {
      const webhook = findDeployed(await registry.list(), wanted);
      const endings = webhook?.secretEndings.filter((ending) => ending !== '') ?? [];
      // Where Gemini shows none there is nothing to compare with, and the rotation must not fail for that.
      const isKnown =
        webhook !== undefined && (endings.length === 0 || endings.some((ending) => value.endsWith(ending)));
      if (parseSigningSecret(value) !== undefined && isKnown) return;
      throw new ManagementError(
        'ERR_ROTATION_INVALID',
        `Gemini does not sign with the new secret of the webhook ${wanted.name}; rotate it once more`,
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
