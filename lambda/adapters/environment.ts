/** Reads a function's environment once, at init, and reports every fault together. */
import { ConfigError } from '../domain/errors.ts';

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

  /** @throws ConfigError with every fault found so far. */
  check(): void {
    if (this.#faults.length > 0) throw new ConfigError(this.#faults);
  }
}
