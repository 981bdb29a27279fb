/** The API key of a project, in its secret. */
import { cachedKeys } from '../shared/cached-keys.ts';
import { TransientError } from '../shared/errors.ts';
import type { Clock, KeySource } from '../shared/ports.ts';
import type { SecretReader } from '../shared/secrets.client.ts';

/** Anything else no header can carry, or it is a document with the key in it. */
export function isApiKey(text: string): boolean {
  return /^(?![{["'])[\x21-\x7e]{1,512}$/.test(text);
}

/** Read again at most every 30 seconds when Gemini refuses it. */
export function createApiKeySource(secrets: SecretReader, secretId: string, clock: Clock): KeySource<string> {
  return cachedKeys({
    clock,
    maxAgeSeconds: 600,
    cooldownSeconds: 30,
    staleSeconds: 24 * 3600,
    load: async () => {
      const key = (await secrets.read(secretId, 'AWSCURRENT'))?.value ?? '';
      if (isApiKey(key)) return [key];
      throw new TransientError(
        'ERR_KEYS_UNAVAILABLE',
        `The secret ${secretId} holds no API key; put one there, see README, "Deploy it"`,
      );
    },
  });
}
