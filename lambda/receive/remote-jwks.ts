/** Fetches a JWKS document, bounded in time and size. Caching and cooldowns are the caller's. */
import * as z from 'zod/mini';
import { TransientError } from '../shared/errors.ts';
import { readBounded } from '../shared/read-bounded.ts';

/** Gemini waits a few seconds for the answer; jose's default of 5 s would use them up. */
const TIMEOUT_MS = 1_500;
const MAX_BYTES = 64 * 1024;

/** Whoever imports an entry decides whether it can be used: one that cannot be must not spoil the others (RFC 7517 §5). */
const Jwks = z.object({ keys: z.array(z.unknown()) });

/** @throws TransientError `ERR_KEYS_UNAVAILABLE` */
export function loadJwks(url: string, fetchFn: typeof fetch): () => Promise<readonly unknown[]> {
  return async () => {
    try {
      const response = await fetchFn(url, {
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { accept: 'application/json' },
      });
      if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
      const text = await readBounded(response, MAX_BYTES);
      if (text === undefined) throw new Error('The document is over 64 KiB');
      return Jwks.parse(JSON.parse(text)).keys;
    } catch (cause) {
      throw new TransientError('ERR_KEYS_UNAVAILABLE', `The key set at ${url} cannot be read`, { cause });
    }
  };
}
