/** Counts the lines of a JSON Lines file, and those with an `error`, while its bytes pass by. */
import type { ByteObserver } from './ports.ts';

const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const FIRST_OF_NULL = 0x6e;
const KEY = Buffer.from('error');
const QUOTED_KEY = Buffer.from('"error"');

interface Line {
  isBlank: boolean;
  isError: boolean;
  depth: number;
  /** And not an array, whose commas announce no key. */
  isObject: boolean;
  inString: boolean;
  escaped: boolean;
  /** Whether the next string at depth 1 is a key, and how much of it agrees with `error`; -1 when it does not. */
  expectsKey: boolean;
  matched: number;
  /** Whether the value of an own member `error` comes next. */
  expectsError: boolean;
}

const NEW_LINE: Line = {
  ...{ isBlank: true, isError: false, depth: 0, isObject: false, inString: false, escaped: false },
  ...{ expectsKey: false, matched: -1, expectsError: false },
};

/** Looks at each line's own members only: an `error` in a model's answer is not one. Nor is one that is `null`. */
export class JsonLinesCounter implements ByteObserver {
  readonly #line = { ...NEW_LINE };
  #lines = 0;
  #errors = 0;

  /** A last line without a newline counts. */
  get counts(): { readonly lines: number; readonly lineErrors: number } {
    const { isBlank, isError } = this.#line;
    return { lines: this.#lines + Number(!isBlank), lineErrors: this.#errors + Number(isError) };
  }

  /** A whole line without the bytes `"error"` needs no look at its structure: native searches find its end. */
  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let key = bytes.indexOf(QUOTED_KEY);
    for (let start = 0; start < bytes.length; ) {
      const feed = bytes.indexOf(LF, start);
      const end = feed === -1 ? bytes.length : feed;
      if (key !== -1 && key < start) key = bytes.indexOf(QUOTED_KEY, start);
      if (feed !== -1 && this.#line.isBlank && (key === -1 || key > end))
        this.#lines += Number(hasText(bytes, start, end));
      else this.#read(bytes, start, end, feed !== -1);
      start = end + 1;
    }
  }

  #read(bytes: Buffer, start: number, end: number, isWhole: boolean): void {
    const line = this.#line;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (line.inString) readString(line, byte);
      else readStructure(line, byte);
    }
    // Whatever it broke off within: no line goes on in the next one.
    if (!isWhole) return;
    this.#lines += Number(!line.isBlank);
    this.#errors += Number(line.isError);
    Object.assign(line, NEW_LINE);
  }
}

function hasText(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if ((bytes[at] ?? 0) > SPACE) return true;
  return false;
}

function readString(line: Line, byte: number): void {
  if (line.escaped) line.escaped = false;
  else if (byte === BACKSLASH) line.escaped = true;
  else if (byte === QUOTE) {
    line.inString = false;
    line.expectsError = line.matched === KEY.length;
    line.matched = -1;
    return;
  }
  if (line.matched >= 0) line.matched = byte === KEY[line.matched] ? line.matched + 1 : -1;
}

function readStructure(line: Line, byte: number): void {
  if (byte <= SPACE) return;
  line.isBlank = false;
  if (line.expectsError && byte !== COLON) {
    line.isError ||= byte !== FIRST_OF_NULL;
    line.expectsError = false;
  }
  switch (byte) {
    case QUOTE:
      line.inString = true;
      line.matched = line.expectsKey ? 0 : -1;
      line.expectsKey = false;
      break;
    case 0x7b: // {
    case 0x5b: // [
      line.depth += 1;
      if (line.depth === 1) line.isObject = byte === 0x7b;
      line.expectsKey = line.depth === 1 && line.isObject;
      break;
    case 0x7d: // }
    case 0x5d: // ]
      line.depth -= 1;
      break;
    case COMMA:
      line.expectsKey = line.depth === 1 && line.isObject;
      break;
  }
}
