/** Events go to everybody on the bus; who has the dynamic URL can have Google sign for us. */
import { TOKEN_LENGTH } from '../contract.ts';

/** Gemini's API echoes the dynamic URL there, in both spellings. */
const CONFIG = ['webhook_config', 'webhookConfig'];
const DYNAMIC_URL = new RegExp(`/dynamic/[A-Za-z0-9_-]{${TOKEN_LENGTH}}`);

/**
 * A copy without webhook configurations, and without any text that holds a dynamic URL or the token.
 *
 * @param value JSON whose depth is bounded
 * @param token that the delivery came with
 */
export function withoutToken(
  value: Readonly<Record<string, unknown>>,
  token: string | undefined,
): Record<string, unknown> {
  const holdsToken = (text: string) => DYNAMIC_URL.test(text) || (Boolean(token) && text.includes(token ?? ''));

  /** Undefined for what is left out. */
  function copy(entry: unknown): unknown {
    if (typeof entry === 'string') return holdsToken(entry) ? undefined : entry;
    if (Array.isArray(entry)) return entry.map(copy).filter((member) => member !== undefined);
    return typeof entry === 'object' && entry !== null ? copyOf(entry) : entry;
  }

  function copyOf(object: object): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(object)
        .filter(([name]) => !CONFIG.includes(name) && !holdsToken(name))
        .map(([name, member]) => [name, copy(member)])
        .filter(([, member]) => member !== undefined),
    );
  }

  return copyOf(value);
}
