/**
 * Identifiers and times in the forms that Gemini uses.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** `length` characters of `[a-z0-9]`: batches and webhooks have 36, files and operations 12. */
export function randomId(length: number): string {
  return Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/** `v1_` and about 70 characters of unpadded base64url. */
export function interactionId(): string {
  return `v1_${randomBytes(52).toString('base64url')}`;
}

export function webhookMessageId(): string {
  return `msg_${randomUUID()}`;
}

/** RFC 3339 with nine fractional digits, as batches and files carry it; more than `Date` can hold. */
export function nanoTimestamp(time: Date): string {
  return time.toISOString().replace('Z', '530657Z');
}

/** RFC 3339 in whole seconds, as interactions carry it. */
export function secondTimestamp(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
