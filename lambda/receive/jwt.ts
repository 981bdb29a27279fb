/**
 * RS256 JWT, which Google's page still documents for dynamic webhooks while its traffic is `v1a`
 * (googleapis/python-genai#2927). The event is in the verified claims, because nothing binds headers or body to a JWT.
 */
import { createHash } from 'node:crypto';
import { createLocalJWKSet, errors, type JWK, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod/mini';
import { RequestError } from '../shared/errors.ts';
import type { KeySource } from '../shared/ports.ts';
import type { VerifiedDelivery } from '../standard-webhooks/delivery.ts';
import { TOLERANCE_SECONDS } from '../standard-webhooks/headers.ts';
import { decodeBase64url, importKeys, VERIFYING } from '../standard-webhooks/jwk.ts';
import type { JwtVerifier } from './ports.ts';

/** Google's issuers (OpenID Connect, "Validating an ID token", and the API's own host). */
const ISSUERS = ['https://generativelanguage.googleapis.com', 'https://accounts.google.com', 'accounts.google.com'];
/** Longer than Gemini's 24 h of retries with one token, and well within the time an id is remembered. */
const MAX_TOKEN_AGE_SECONDS = 25 * 3600;

const RsaJwk = z.object({
  ...VERIFYING,
  kty: z.literal('RSA'),
  n: z.string(),
  e: z.string(),
  kid: z.optional(z.string()),
  alg: z.optional(z.literal('RS256')),
});

/**
 * The RSA keys among a JWKS document's entries, with nothing of an entry but what describes the key; what is weak is left
 * out: with an exponent of 1 anybody can sign. Bounds of NIST SP 800-131A and FIPS 186-5 §5.1; beyond 8192 bits a
 * verification costs too much.
 */
export function importRsaKeys(entries: readonly unknown[]): readonly JWK[] {
  return importKeys(entries, (entry) => {
    const jwk = RsaJwk.safeParse(entry);
    if (!jwk.success) return undefined;
    const { use: _use, key_ops: _operations, ...key } = jwk.data;
    const [modulus, exponent] = [toInteger(key.n), toInteger(key.e)];
    const isStrong = modulus >= 2n ** 2047n && modulus < 2n ** 8192n && exponent > 2n ** 16n && exponent < 2n ** 256n;
    return isStrong && modulus % 2n === 1n && exponent % 2n === 1n ? key : undefined;
  });
}

/** 0 for what is no number. */
function toInteger(base64url: string): bigint {
  const bytes = decodeBase64url(base64url);
  return bytes === undefined || bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

export class JoseJwtVerifier implements JwtVerifier {
  readonly #keys: KeySource<JWK>;
  readonly #audiences: readonly string[];

  constructor(keys: KeySource<JWK>, audiences: readonly string[]) {
    this.#keys = keys;
    this.#audiences = audiences;
  }

  async verify(token: string, now: Date): Promise<Omit<VerifiedDelivery, 'project'>> {
    const current = await this.#keys.current();
    const payload = (await this.#claims(token, current, now)) ?? (await this.#claimsAfterRefresh(token, current, now));
    if (payload === undefined) throw new RequestError('ERR_SIGNATURE_MISMATCH', 'The JWT is invalid');
    const sha256 = digest(token);
    return {
      scheme: 'jwt',
      // Hashed, because it may be of any length and hold any character, and cut it would be another delivery's as well.
      webhookId: typeof payload.jti === 'string' && payload.jti !== '' ? digest(payload.jti) : sha256,
      attemptedAt: now,
      payload,
      bodySha256: sha256,
    };
  }

  async #claimsAfterRefresh(token: string, seen: readonly JWK[], now: Date): Promise<JWTPayload | undefined> {
    const refreshed = await this.#keys.refreshed(seen);
    return refreshed === undefined ? undefined : this.#claims(token, refreshed, now);
  }

  /** Undefined when no key verifies the token; invalid claims are final. */
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
      throw new RequestError('ERR_SIGNATURE_MISMATCH', 'The JWT is invalid');
    }
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
