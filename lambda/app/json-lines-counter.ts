/** Counts the lines of a JSON Lines file, and those with an `error`, while its bytes pass by. */
import * as z from 'zod/mini';
import type { ByteObserver } from './ports.ts';

const LF = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const KEY = Buffer.from('error');

const State = z.tuple([
  z.int(),
  z.int(),
  z.boolean(),
  z.boolean(),
  z.int(),
  z.boolean(),
  z.boolean(),
  z.boolean(),
  z.int(),
]);

/** Looks at each line's own members only: an `error` in a model's answer is not one. */
export class JsonLinesCounter implements ByteObserver {
  #lines = 0;
  #errors = 0;
  #isBlank = true;
  #isError = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Whether the next string at depth 1 is a key, and how much of it agrees with `error`; -1 when it does not. */
  #expectsKey = false;
  #matched = -1;

  /** @param saved what `save` gave, to go on there */
  constructor(saved?: string) {
    if (saved === undefined) return;
    [
      this.#lines,
      this.#errors,
      this.#isBlank,
      this.#isError,
      this.#depth,
      this.#inString,
      this.#escaped,
      this.#expectsKey,
      this.#matched,
    ] = State.parse(JSON.parse(saved));
  }

  save(): string {
    const state: z.infer<typeof State> = [
      this.#lines,
      this.#errors,
      this.#isBlank,
      this.#isError,
      this.#depth,
      this.#inString,
      this.#escaped,
      this.#expectsKey,
      this.#matched,
    ];
    return JSON.stringify(state);
  }

  /** A last line without a newline counts. */
  get counts(): { readonly lines: number; readonly lineErrors: number } {
    return { lines: this.#lines + (this.#isBlank ? 0 : 1), lineErrors: this.#errors + (this.#isError ? 1 : 0) };
  }

  write(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#inString) this.#string(byte);
      else this.#structure(byte);
    }
  }

  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      if (this.#matched === KEY.length) this.#isError = true;
      this.#matched = -1;
      return;
    }
    if (this.#matched >= 0) this.#matched = byte === KEY[this.#matched] ? this.#matched + 1 : -1;
  }

  #structure(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        this.#matched = this.#expectsKey ? 0 : -1;
        this.#expectsKey = false;
        break;
      case LF:
        this.#endLine();
        return;
      case 0x7b: // {
      case 0x5b: // [
        this.#depth += 1;
        this.#expectsKey = this.#depth === 1 && byte === 0x7b;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        this.#depth -= 1;
        break;
      case COMMA:
        this.#expectsKey = this.#depth === 1;
        break;
    }
    if (byte > 0x20) this.#isBlank = false;
  }

  #endLine(): void {
    if (!this.#isBlank) this.#lines += 1;
    if (this.#isError) this.#errors += 1;
    this.#isBlank = true;
    this.#isError = false;
    this.#depth = 0;
    this.#expectsKey = false;
  }
}
