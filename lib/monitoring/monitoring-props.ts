import type { AlarmOverrides } from './alarm-overrides.ts';

/** The choice that every deployment has to make: who is notified, or why nobody is. */
export interface AlarmOptions {
  /**
   * Gets a message for every alarm, once its owner has confirmed the subscription.
   *
   * @default - no e-mail
   */
  readonly email?: string;

  /**
   * ARN of a topic of one's own in the place of that which the stack makes. If it is encrypted, its key must let
   * `cloudwatch.amazonaws.com` use it.
   *
   * @default - a topic of the stack's, encrypted
   */
  readonly topicArn?: string;

  /**
   * Alarms when no event was accepted for so many hours. Only for projects that always have jobs.
   *
   * @default - no such alarm
   */
  readonly noDeliveryHours?: number;

  /**
   * Where `docs/runbook.md` is for those who are woken: put in front of the heading in each alarm's description.
   *
   * @default - `docs/runbook.md`
   */
  readonly runbookUrl?: string;

  /**
   * Tunes alarms, or leaves them out, by their headings in the runbook: `{ 'slow-answers': { threshold: 5000 }, 'payload-mismatch': false }`.
   *
   * @default - every alarm as the runbook describes it
   */
  readonly overrides?: AlarmOverrides;
}

/**
 * Alarms with a destination, or none, in words.
 *
 * @example
 * ```ts
 * import { Monitoring } from 'gemini-webhooks-aws';
 *
 * export const alarms = Monitoring.alarms({
 *   email: 'on-call@example.com',
 *   overrides: { 'slow-answers': { threshold: 5000 }, 'payload-mismatch': false },
 * });
 * export const none = Monitoring.optOut('The platform team watches the dashboard.');
 * ```
 */
export class Monitoring {
  /** Alarms, a topic that they reach, and a dashboard. */
  static alarms(options: AlarmOptions): Monitoring {
    return new Monitoring(options, undefined);
  }

  /**
   * No alarms; the dashboard is there all the same.
   *
   * @param reason a sentence that stands in the synthesis' warnings
   */
  static optOut(reason: string): Monitoring {
    return new Monitoring(undefined, reason);
  }

  /** Undefined when opted out. */
  readonly options: AlarmOptions | undefined;
  readonly optOutReason: string | undefined;

  private constructor(options: AlarmOptions | undefined, optOutReason: string | undefined) {
    this.options = options;
    this.optOutReason = optOutReason;
  }
}
