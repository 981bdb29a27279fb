/**
 * RS256 JWT, which Google's page still documents for dynamic webhooks while its traffic is `v1a`
 * (googleapis/python-genai#2927). The event is in the verified claims, because nothing binds headers or body to a JWT.
 */
import { createHash } from 'node:crypto';
import { createLocalJWKSet, errors, type JWK, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod/mini';
import type { JwtVerifier, KeySource } from '../app/ports.ts';
import type { VerifiedDelivery } from '../domain/delivery.ts';
import { RequestError } from '../domain/errors.ts';
import { TOLERANCE_SECONDS } from '../domain/webhook-headers.ts';

/** Google's issuers (OpenID Connect, "Validating an ID token", and the API's own host). */
const ISSUERS = ['https://generativelanguage.googleapis.com', 'https://accounts.google.com', 'accounts.google.com'];
/** Longer than Gemini's 24 h of retries with one token, and well within the time an id is remembered. */
const MAX_TOKEN_AGE_SECONDS = 25 * 3600;

const RsaJwk = z.object({
  kty: z.literal('RSA'),
  n: z.string(),
  e: z.string(),
  kid: z.optional(z.string()),
  alg: z.optional(z.string()),
  use: z.optional(z.string()),
});

/** The RSA keys among a JWKS document's entries, with nothing of an entry but what describes the key. */
export function importRsaKeys(entries: readonly unknown[]): readonly JWK[] {
  return entries.flatMap((entry) => {
    const jwk = RsaJwk.safeParse(entry);
    return jwk.success ? (jwk.data as JWK) : [];
  });
}

export class JoseJwtVerifier implements JwtVerifier {
  readonly #keys: KeySource<JWK>;
  readonly #audiences: readonly string[];

  constructor(keys: KeySource<JWK>, audiences: readonly string[]) {
    this.#keys = keys;
    this.#audiences = audiences;
  }

  async verify(token: string, now: Date): Promise<Omit<VerifiedDelivery, 'source'>> {
    const current = await this.#keys.current();
    const payload = (await this.#claims(token, current, now)) ?? (await this.#claimsAfterRefresh(token, current, now));
    if (payload === undefined) throw new RequestError('ERR_SIGNATURE_MISMATCH', 'The JWT does not hold');
    const sha256 = createHash('sha256').update(token).digest('hex');
    return {
      scheme: 'jwt',
      webhookId: typeof payload.jti === 'string' && payload.jti !== '' ? payload.jti.slice(0, 256) : sha256,
      attemptedAt: now,
      payload,
      bodySha256: sha256,
    };
  }

  async #claimsAfterRefresh(token: string, seen: readonly JWK[], now: Date): Promise<JWTPayload | undefined> {
    const refreshed = await this.#keys.refreshed(seen);
    return refreshed === undefined ? undefined : this.#claims(token, refreshed, now);
  }

  /** Undefined when no key verifies the token; claims that do not hold are final. */
  async #claims(token: string, keys: readonly JWK[], now: Date): Promise<JWTPayload | undefined> {
    const keySet = createLocalJWKSet({ keys: [...keys] });
    const options = {
      algorithms: ['RS256'],
      issuer: ISSUERS,
      audience: [...this.#audiences],
      currentDate: now,
      clockTolerance: TOLERANCE_SECONDS,
      maxTokenAge: MAX_TOKEN_AGE_SECONDS,
      requiredClaims: ['exp'],
    };
    try {
      return (await jwtVerify(token, keySet, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        for await (const key of error) {
          const result = await jwtVerify(token, key, options).catch(() => undefined);
          if (result !== undefined) return result.payload;
        }
        return undefined;
      }
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed)
        return undefined;
      throw new RequestError('ERR_SIGNATURE_MISMATCH', 'The JWT does not hold');
    }
  }
}
