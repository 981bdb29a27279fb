/** The token of the dynamic route: what binds a delivery that Google signs for everybody to this deployment. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Shorter tokens could be guessed; 32 URL-safe characters hold 192 bits. */
const MIN_TOKEN_LENGTH = 32;

/** SHA-256 of a token: equally long for every token, so that comparing leaks no length. */
export type TokenDigest = Buffer;

/** Undefined for a token that is too short or would not stand in a URL's path as it is. */
export function digestConfiguredToken(token: string): TokenDigest | undefined {
  return token.length >= MIN_TOKEN_LENGTH && /^[A-Za-z0-9_-]+$/.test(token) ? digest(token) : undefined;
}

/** Compares with every token, whichever matches, in constant time. */
export function matchesToken(given: string, tokens: readonly TokenDigest[]): boolean {
  const hash = digest(given);
  return tokens.map((token) => timingSafeEqual(token, hash)).includes(true);
}

function digest(token: string): TokenDigest {
  return createHash('sha256').update(token).digest();
}
