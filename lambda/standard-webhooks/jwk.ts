/** What is asked of every entry of a key set, whatever its algorithm (RFC 7517 §4, §5). */
import * as z from 'zod/mini';

/** Of one kind; far more than anybody publishes. Every one of them is tried for a bad signature. */
const MAX_KEYS = 100;

/** Meant for signatures, and public: who could read the private part could sign. */
export const VERIFYING = {
  use: z.optional(z.literal('sig')),
  key_ops: z.optional(z.array(z.string()).check(z.refine((operations) => operations.includes('verify')))),
  d: z.optional(z.never()),
};

/** Entry by entry: one that is of no use, or that nobody here understands, spoils none of the others. */
export function importKeys<Key>(entries: readonly unknown[], toKey: (entry: unknown) => Key | undefined): Key[] {
  const keys: Key[] = [];
  for (const entry of entries) {
    const key = toKey(entry);
    if (key !== undefined && keys.push(key) === MAX_KEYS) break;
  }
  return keys;
}

/** Undefined for what is encoded otherwise than RFC 7515 §2 says, e.g. with padding. */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
