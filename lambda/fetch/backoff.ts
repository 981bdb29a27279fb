/** How long a message waits before its next attempt. */

const FIRST_SECONDS = 5;
/** The queue's attempts must end within the 48 hours for which Gemini keeps files; see lib/fetcher.ts. */
const LONGEST_SECONDS = 3600;

/**
 * Doubles from 5 s to an hour, and never comes sooner than Gemini asked for, up to that hour: who asks for more is
 * asked again each hour.
 *
 * @param receiveCount from 1
 */
export function backoffSeconds(receiveCount: number, askedForSeconds = 0): number {
  return Math.min(LONGEST_SECONDS, Math.max(FIRST_SECONDS * 2 ** (receiveCount - 1), Math.ceil(askedForSeconds)));
}
