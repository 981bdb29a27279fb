import type { AlarmOverrides } from './alarm-overrides.ts';

/** The choice that every deployment has to make: who is told, or why nobody is. */
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
   * Alarms when no event was accepted for so many hours, up to 168. Only for projects that always have jobs.
   *
   * @default - no such alarm
   */
  readonly noDeliveryHours?: number;

  /**
   * Where `docs/runbook.md` is for those who are woken: put in front of the heading in each alarm's description.
   *
   * @default 'docs/runbook.md'
   */
  readonly runbookUrl?: string;

  /**
   * Tunes alarms, or leaves them out, by their headings in the runbook: `{ 'slow-answers': { threshold: 5000 }, 'payload-mismatch': false }`.
   *
   * @default - every alarm as the runbook describes it
   */
  readonly overrides?: AlarmOverrides;
}

/** Alarms with a destination, or none, in words. */
export class Monitoring {
  /** Alarms, a topic that they reach, and a dashboard. */
  static alarms(options: AlarmOptions): Monitoring {
    if (options.email === undefined && options.topicArn === undefined) {
      throw new Error('Monitoring.alarms reaches nobody; give an e-mail or a topic, or choose Monitoring.optOut.');
    }
    const { noDeliveryHours: hours } = options;
    if (hours !== undefined && !(Number.isInteger(hours) && hours >= 1 && hours <= 168)) {
      throw new Error(`noDeliveryHours is ${hours}; give a whole number of hours from 1 to 168.`);
    }
    return new Monitoring(options, undefined);
  }

  /**
   * No alarms; the dashboard is there all the same.
   *
   * @param reason a sentence that stands in the synthesis' warnings
   */
  static optOut(reason: string): Monitoring {
    if (reason.trim().length < 10)
      throw new Error('Monitoring.optOut needs a reason in words; say who watches instead.');
    return new Monitoring(undefined, reason.trim());
  }

  /** Undefined when opted out. */
  readonly options: AlarmOptions | undefined;
  readonly optOutReason: string | undefined;

  private constructor(options: AlarmOptions | undefined, optOutReason: string | undefined) {
    this.options = options;
    this.optOutReason = optOutReason;
  }
}
