/** Counts the lines of a JSON Lines file, and those with an `error`, while its bytes pass by. */
import type { ByteObserver } from './ports.ts';

const LF = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const KEY = Buffer.from('error');

interface State {
  lines: number;
  errors: number;
  isBlank: boolean;
  isError: boolean;
  depth: number;
  inString: boolean;
  escaped: boolean;
  /** Whether the next string at depth 1 is a key, and how much of it agrees with `error`; -1 when it does not. */
  expectsKey: boolean;
  matched: number;
}

/** Looks at each line's own members only: an `error` in a model's answer is not one. */
export class JsonLinesCounter implements ByteObserver {
  readonly #state: State = {
    ...{ lines: 0, errors: 0, isBlank: true, isError: false, depth: 0 },
    ...{ inString: false, escaped: false, expectsKey: false, matched: -1 },
  };

  /** A last line without a newline counts. */
  get counts(): { readonly lines: number; readonly lineErrors: number } {
    const { lines, errors, isBlank, isError } = this.#state;
    return { lines: lines + (isBlank ? 0 : 1), lineErrors: errors + (isError ? 1 : 0) };
  }

  write(chunk: Uint8Array): void {
    const state = this.#state;
    for (const byte of chunk) {
      if (state.inString) readString(state, byte);
      else readStructure(state, byte);
    }
  }
}

function readString(state: State, byte: number): void {
  if (state.escaped) state.escaped = false;
  else if (byte === BACKSLASH) state.escaped = true;
  else if (byte === QUOTE) {
    state.inString = false;
    if (state.matched === KEY.length) state.isError = true;
    state.matched = -1;
    return;
  }
  if (state.matched >= 0) state.matched = byte === KEY[state.matched] ? state.matched + 1 : -1;
}

function readStructure(state: State, byte: number): void {
  switch (byte) {
    case QUOTE:
      state.inString = true;
      state.matched = state.expectsKey ? 0 : -1;
      state.expectsKey = false;
      break;
    case LF:
      endLine(state);
      return;
    case 0x7b: // {
    case 0x5b: // [
      state.depth += 1;
      state.expectsKey = state.depth === 1 && byte === 0x7b;
      break;
    case 0x7d: // }
    case 0x5d: // ]
      state.depth -= 1;
      break;
    case COMMA:
      state.expectsKey = state.depth === 1;
      break;
  }
  if (byte > 0x20) state.isBlank = false;
}

function endLine(state: State): void {
  if (!state.isBlank) state.lines += 1;
  if (state.isError) state.errors += 1;
  Object.assign(state, { isBlank: true, isError: false, depth: 0, expectsKey: false });
}
