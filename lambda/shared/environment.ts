/** Reads a function's environment once, at init, and reports every fault together. */
import * as z from 'zod/mini';
import { ENV, SUBSCRIBABLE_EVENTS } from '../contract.ts';
import { ConfigError } from './errors.ts';
import type { WantedWebhook } from './ports.ts';

export class EnvironmentReader {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #faults: string[] = [];

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  /** Empty when missing: `check` will throw. */
  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) this.#faults.push(`${name} is not set; deploy the function with the stack's own template`);
    return value ?? '';
  }

  /** Undefined when missing or empty. */
  optional(name: string): string | undefined {
    return this.#env[name] || undefined;
  }

  integer(name: string, bounds: { readonly min: number; readonly max: number }): number {
    const value = this.required(name);
    const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (value !== '' && !(parsed >= bounds.min && parsed <= bounds.max)) {
      this.#faults.push(`${name} is "${value}"; set an integer from ${bounds.min} to ${bounds.max}`);
    }
    return parsed;
  }

  /** Comma separated; no entries when missing. */
  list(name: string): readonly string[] {
    return (this.optional(name) ?? '')
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
  }

  url(name: string, fallback: string): string {
    const value = this.optional(name) ?? fallback;
    if (!URL.canParse(value)) this.#faults.push(`${name} is not a URL; unset it to use ${fallback}`);
    return value;
  }

  /** JSON: a record by project of what `entry` describes, at least one. Empty when it is invalid: `check` will throw. */
  projects<Entry>(name: string, entry: z.ZodMiniType<Entry>): Readonly<Record<string, Entry>> {
    const value = this.required(name);
    if (value === '') return {};
    try {
      const projects = z.record(z.string(), entry).parse(JSON.parse(value));
      if (Object.keys(projects).length > 0) return projects;
    } catch {
      // Reported below.
    }
    this.#faults.push(
      `${name} does not name the secrets of any project; deploy the function with the stack's own template`,
    );
    return {};
  }

  /** JSON: seconds for each of the keys; here they are milliseconds. Empty when it is invalid: `check` will throw. */
  millisecondsBy<Key extends string>(name: string, keys: readonly Key[]): Readonly<Record<Key, number>> {
    const value = this.required(name);
    try {
      return z
        .record(
          z.enum(keys),
          z.pipe(
            z.int().check(z.positive()),
            z.transform((seconds) => seconds * 1000),
          ),
        )
        .parse(JSON.parse(value));
    } catch {
      if (value !== '') this.#faults.push(`${name} has no seconds for each of ${keys.join(', ')}`);
      return Object.create(null);
    }
  }

  /** The webhook that was deployed for the project of this function. */
  webhook(): WantedWebhook {
    const events = this.list(ENV.subscribedEvents);
    const known = SUBSCRIBABLE_EVENTS.filter((event) => events.includes(event));
    if (known.length === 0 || known.length !== events.length) {
      this.#faults.push(`${ENV.subscribedEvents} is not a list of ${SUBSCRIBABLE_EVENTS.join(', ')}`);
    }
    return { name: this.required(ENV.webhookName), uri: this.required(ENV.webhookUrl), events: known };
  }

  /** @throws ConfigError with every fault found so far. */
  check(): void {
    if (this.#faults.length > 0) throw new ConfigError(this.#faults);
  }
}
