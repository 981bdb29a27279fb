/** When Gemini is asked for a job again. */

/** The alarms look at hours: what they are to show has to be counted in each. */
const LONGEST_PAUSE_MS = 30 * 60_000;
/** Of the time for which a job runs already: who has waited for a day can wait for some minutes more. */
const SHARE = 1 / 8;

export interface Question {
  /** Since when the job runs. */
  readonly since: Date;
  /** Since when every question about it failed. */
  readonly failingSince: Date | undefined;
  /** What Gemini asked for (Retry-After). */
  readonly retryAfterSeconds?: number | undefined;
}

/** A job that runs is asked for less and less often; of one that gives no answer the pause doubles each time. */
export function pauseMs({ since, failingSince, retryAfterSeconds = 0 }: Question, now: Date): number {
  const age = now.getTime() - since.getTime();
  const failing = failingSince === undefined ? 0 : now.getTime() - failingSince.getTime();
  const own = Math.min(LONGEST_PAUSE_MS, Math.max(age * SHARE, failing, 0));
  return Math.max(own, retryAfterSeconds * 1000);
}
