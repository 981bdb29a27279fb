/** Everything the verifier verifies with: where each key comes from, how long it is kept, how often it may be asked for. */

import { cachedKeys } from '../shared/cached-keys.ts';
import { TransientError } from '../shared/errors.ts';
import type { Clock, KeySource, Metrics } from '../shared/ports.ts';
import type { SecretReader } from '../shared/secrets.client.ts';
import { importEd25519Keys } from '../standard-webhooks/signature.ts';
import type { AuthenticatePorts } from './authenticate.ts';
import { importRsaKeys, JoseJwtVerifier } from './jwt.ts';
import { loadJwks } from './remote-jwks.ts';
import { loadDynamicTokens, loadOriginSecrets, loadSigningSecrets } from './webhook-secrets.ts';

export interface VerificationKeysOptions {
  readonly secrets: SecretReader;
  /** Ids of the secrets, by project. */
  readonly projects: Readonly<
    Record<string, { readonly signingSecretId: string; readonly dynamicTokenSecretId: string }>
  >;
  readonly origin?: { readonly header: string; readonly secretId: string } | undefined;
  readonly jwksUrl: string;
  /** JWT stays off while this is empty. */
  readonly jwtAudiences: readonly string[];
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** So soon a revocation is in force, and so late where Secrets Manager cannot be read. */
const OURS = { maxAgeSeconds: 30, staleSeconds: 300 };
/** Public, and changed by nobody here. */
const GOOGLES = { maxAgeSeconds: 600, staleSeconds: 24 * 3600 };

export function createAuthenticatePorts(options: VerificationKeysOptions): AuthenticatePorts {
  const { secrets, clock, metrics } = options;
  const cached = <Key>(load: () => Promise<readonly Key[]>, ages: typeof OURS): KeySource<Key> =>
    cachedKeys({ load, clock, ...ages, cooldownSeconds: 30, onStale: () => metrics.count('StaleKeysServed') });
  const jwks = loadJwks(options.jwksUrl, options.fetch);
  const { origin } = options;
  return {
    origin: origin && {
      header: origin.header,
      secrets: cached(loadOriginSecrets(secrets, origin.secretId, clock), OURS),
    },
    projects: new Map(
      Object.entries(options.projects).map(([name, { signingSecretId, dynamicTokenSecretId }]) => [
        name,
        {
          signingSecrets: cached(loadSigningSecrets(secrets, signingSecretId, clock), OURS),
          dynamicTokens: cached(loadDynamicTokens(secrets, dynamicTokenSecretId, clock), OURS),
        },
      ]),
    ),
    ed25519Keys: cached(async () => nonEmpty(importEd25519Keys(await jwks())), GOOGLES),
    jwt:
      options.jwtAudiences.length === 0
        ? undefined
        : new JoseJwtVerifier(
            cached(async () => nonEmpty(importRsaKeys(await jwks())), GOOGLES),
            options.jwtAudiences,
          ),
  };
}

/** A document without a usable key must not replace keys that were good. */
function nonEmpty<Key>(keys: readonly Key[]): readonly Key[] {
  if (keys.length === 0) throw new TransientError('ERR_KEYS_UNAVAILABLE', 'The key set holds no usable key');
  return keys;
}
