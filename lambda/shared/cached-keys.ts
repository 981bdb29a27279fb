/**
 * Keys and secrets kept warm: loaded once, refreshed single-flight, and at most once per cooldown, so that bad
 * signatures cannot be turned into load on the source. While the source is away the last known good keys serve.
 */
import { TransientError } from './errors.ts';
import type { Clock, KeySource } from './ports.ts';

export interface CachedKeysOptions<Key> {
  /** Rejects when the source cannot be reached or holds nothing usable. */
  readonly load: () => Promise<readonly Key[]>;
  readonly clock: Clock;
  /** Keys older than this are loaded anew before they are used. */
  readonly maxAgeSeconds: number;
  /** Time between two loads that a mismatch or a failed load asks for. */
  readonly cooldownSeconds: number;
  /** How old keys may get while the source is away. */
  readonly staleSeconds: number;
  /** Called whenever keys older than `maxAgeSeconds` are served. */
  readonly onStale?: () => void;
}

/** Without any keys every delivery is answered 503, so the next load is tried sooner than the cooldown says. */
const COLD_RETRY_SECONDS = 2;

export function cachedKeys<Key>(options: CachedKeysOptions<Key>): KeySource<Key> {
  let cached: { readonly keys: readonly Key[]; readonly loadedAt: number } | undefined;
  let lastAttemptAt = Number.NEGATIVE_INFINITY;
  let inFlight: Promise<void> | undefined;
  let lastFailure: unknown;

  const seconds = () => options.clock().getTime() / 1000;
  const age = () => (cached === undefined ? Number.POSITIVE_INFINITY : seconds() - cached.loadedAt);
  const cooldown = () =>
    cached === undefined ? Math.min(COLD_RETRY_SECONDS, options.cooldownSeconds) : options.cooldownSeconds;
  const mayLoad = () => inFlight !== undefined || seconds() - lastAttemptAt >= cooldown();

  async function attempt(): Promise<void> {
    lastAttemptAt = seconds();
    try {
      cached = { keys: await options.load(), loadedAt: lastAttemptAt };
    } catch (error) {
      lastFailure = error;
    }
  }

  /** Never rejects; several callers share one load. */
  function load(): Promise<void> {
    inFlight ??= attempt().finally(() => {
      inFlight = undefined;
    });
    return inFlight;
  }

  return {
    async current() {
      if (age() >= options.maxAgeSeconds && mayLoad()) await load();
      if (cached === undefined || age() >= options.staleSeconds) {
        throw new TransientError('ERR_KEYS_UNAVAILABLE', 'No key that may be used is at hand', { cause: lastFailure });
      }
      if (age() >= options.maxAgeSeconds) options.onStale?.();
      return cached.keys;
    },

    async refreshed(seen) {
      if (cached?.keys === seen && mayLoad()) await load();
      return cached === undefined || cached.keys === seen ? undefined : cached.keys;
    },
  };
}
