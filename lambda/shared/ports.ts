/**
 * What every slice needs from the outside, in its own words: no AWS type, no HTTP code. Clients implement such ports; tests
 * pass fakes that run the same contract suites.
 */
import type { METRIC_SERIES, MetricName, SubscribableEvent } from '../contract.ts';

/** The only source of time. */
export type Clock = () => Date;

/** Resolves after that time. */
export type Wait = (milliseconds: number) => Promise<void>;

/**
 * Keys that change while the function is warm. Both methods throw `TransientError('ERR_KEYS_UNAVAILABLE')` only when
 * there is nothing that may be used at all.
 */
export interface KeySource<Key> {
  /** The cached keys; loads them when there are none or they are too old. */
  current(): Promise<readonly Key[]>;
  /**
   * Asked for after `seen` (the array that `current` gave) did not match. Undefined when nothing newer is to be had:
   * the cooldown runs, or the source is away.
   */
  refreshed(seen: readonly Key[]): Promise<readonly Key[] | undefined>;
}

export interface Metrics {
  /** Adds `value` (default 1) to a count, under one set of dimensions. */
  count<Name extends MetricName>(name: Name, dimension?: Dimensions<Name>, value?: number): void;
  /** One observation of a duration in seconds. */
  seconds<Name extends MetricName>(name: Name, value: number, dimension: Dimensions<Name>): void;
}
/** Exactly those that alarms and dashboard look at. */
type Dimensions<Name extends MetricName> = {
  readonly [name in (typeof METRIC_SERIES)[Name]['dimensions'][number]]: string;
};

/** Structured log lines. Fields are ids, codes, counts and times: never a secret, token, signature or body. */
export interface Log {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}
interface LogFields {
  readonly [name: string]: string | number | boolean | null | undefined;
}

/** What a webhook is to be. */
export interface WantedWebhook {
  readonly name: string;
  readonly uri: string;
  readonly events: readonly SubscribableEvent[];
}
