/**
 * The token of the dynamic route: what binds a delivery that Google signs for everybody to this deployment.
 *
 * The secret holds two, one after the other: the one that stands in URLs, and the one that will after the next rotation.
 * Both are accepted, so that a token has been known to every warm verifier for a whole interval before anybody can use it.
 *
 *     AWSCURRENT   current ─ next          a rotation moves on by one:    next ─ newer
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { TOKEN_LENGTH } from '../contract.ts';

/** 43 URL-safe characters hold 256 bits. */
const TWO_TOKENS = new RegExp(`^[A-Za-z0-9_-]{${2 * TOKEN_LENGTH}}$`);

/** SHA-256 of a token: equally long for every token, so that comparing leaks no length. */
export type TokenDigest = Buffer;

/** Of both tokens; none for a value of another form. */
export function digestTokens(secretValue: string): readonly TokenDigest[] {
  if (!TWO_TOKENS.test(secretValue)) return [];
  return [secretValue.slice(0, TOKEN_LENGTH), secretValue.slice(TOKEN_LENGTH)].map(digestToken);
}

/** The value after a rotation; two new tokens when there was none of this form, or none is to be kept. */
export function nextTokens(secretValue = ''): string {
  return (TWO_TOKENS.test(secretValue) ? secretValue.slice(TOKEN_LENGTH) : newToken()) + newToken();
}

function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares with every token, whichever matches, in constant time. */
export function matchesToken(given: string, tokens: readonly TokenDigest[]): boolean {
  const hash = digestToken(given);
  return tokens.map((token) => timingSafeEqual(token, hash)).includes(true);
}

export function digestToken(token: string): TokenDigest {
  return createHash('sha256').update(token).digest();
}
