/**
 * The grammar of JSON (RFC 8259), byte by byte and in pieces, as fast as one loop can be. It knows where it is only as far as
 * a reader wants to know: below what every reader takes whole or skips, it checks the grammar and no more.
 */
import { PermanentError, TransientError } from '../../shared/errors.ts';
import { Audience } from './audience.ts';
import type { JsonReader } from './walk.ts';

const MAX_DEPTH = 128;
/** Of the name of a member of what is entered; Gemini has none that is nearly as long. */
const MAX_KEY_BYTES = 16 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LETTER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What comes next. */
const VALUE = 0;
const FIRST_ELEMENT = 1;
const FIRST_KEY = 2;
const KEY = 3;
const AFTER_KEY = 4;
const AFTER_VALUE = 5;
const STRING = 6;
const ESCAPE = 7;
const HEX = 8;
const NUMBER = 9;
const LITERAL = 10;
const NOTHING = 11;

const isIn = (characters: string) => {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) table[byte] = 1;
  return table;
};
const SPACE = isIn(' \t\n\r');
const DIGIT = isIn('0123456789');
const HEX_DIGIT = isIn('0123456789abcdefABCDEF');
const ESCAPED = isIn('"\\/bfnrt');
/** What a string holds as it is. */
const PLAIN = new Uint8Array(256).fill(1, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;
const LITERALS = new Map(
  [...'tfn'].map((first, at) => [first.charCodeAt(0), Buffer.from(['true', 'false', 'null'][at] ?? '')]),
);

/** States of a number, by what was read of it, and what may follow: a row of classes for each state. */
const DIGITS = new Uint8Array(256);
for (const [characters, kind] of [
  ['0', 1],
  ['123456789', 2],
  ['.', 3],
  ['eE', 4],
  ['+', 5],
  ['-', 6],
] as const) {
  for (const byte of Buffer.from(characters)) DIGITS[byte] = kind;
}
const NUMBER_ENDS = 0;
const MINUS = 1;
const AFTER = new Uint8Array([
  //    0  1-9  .  eE  +  -
  0, 0, 0, 0, 0, 0, 0, 0, /* minus */ 0, 2, 3, 0, 0, 0, 0, 0, /* zero  */ 0, 0, 0, 4, 6, 0, 0, 0, /* whole */ 0, 3, 3,
  4, 6, 0, 0, 0, /* point */ 0, 5, 5, 0, 0, 0, 0, 0, /* part  */ 0, 5, 5, 0, 6, 0, 0, 0, /* e     */ 0, 8, 8, 0, 0, 7,
  7, 0, /* sign  */ 0, 8, 8, 0, 0, 0, 0, 0, /* power */ 0, 8, 8, 0, 0, 0, 0, 0,
]);
/** Whole, part, power: any digits may follow. */
const GOES_ON = new Uint8Array([0, 0, 0, 1, 0, 1, 0, 0, 1]);
/** Zero, whole, part, power: a number may end there. */
const COMPLETE = new Uint8Array([0, 0, 1, 1, 0, 1, 0, 0, 1]);

export class JsonScanner {
  readonly #audience: Audience;
  readonly #isObject = new Uint8Array(MAX_DEPTH + 1);
  #depth = 0;
  #state = VALUE;
  #isKey = false;
  /** Of a number: its state. Of a literal or an escape: how much of it there is. */
  #progress = 0;
  #literal: Buffer = Buffer.alloc(0);
  /** What of a key stood in the pieces before. */
  #keyParts: Buffer[] = [];

  constructor(readers: readonly JsonReader[], pieceBytes: number) {
    this.#audience = new Audience(readers, pieceBytes);
  }

  write(piece: Buffer): void {
    const audience = this.#audience;
    const length = piece.length;
    let state = this.#state;
    let keyStart = 0;
    let at = 0;
    audience.startPiece(piece);
    while (at < length) {
      const byte = piece[at] ?? 0;
      if (state === STRING) {
        while (at < length && PLAIN[piece[at] ?? 0] === 1) at += 1;
        if (at === length) break;
        const end = piece[at];
        at += 1;
        if (end === BACKSLASH) state = ESCAPE;
        else if (end !== QUOTE) throw malformed();
        else if (this.#isKey) {
          this.#endKey(piece, keyStart, at);
          state = AFTER_KEY;
        } else {
          audience.end(this.#depth, 'string', at);
          state = this.#depth === 0 ? NOTHING : AFTER_VALUE;
        }
        continue;
      }
      if (state === NUMBER) {
        let progress = this.#progress;
        while (at < length) {
          const next = AFTER[progress * 8 + (DIGITS[piece[at] ?? 0] ?? 0)] ?? 0;
          if (next === NUMBER_ENDS) break;
          progress = next;
          at += 1;
          // Most of a number is digits that change nothing.
          if (GOES_ON[progress] === 1) while (at < length && DIGIT[piece[at] ?? 0] === 1) at += 1;
        }
        this.#progress = progress;
        if (at === length) break;
        state = this.#endNumber(at);
        continue;
      }
      if (state === ESCAPE) {
        at += 1;
        if (byte === LETTER_U) {
          state = HEX;
          this.#progress = 0;
        } else if (ESCAPED[byte] === 1) state = STRING;
        else throw malformed();
        continue;
      }
      if (state === HEX) {
        if (HEX_DIGIT[byte] !== 1) throw malformed();
        at += 1;
        this.#progress += 1;
        if (this.#progress === 4) state = STRING;
        continue;
      }
      if (state === LITERAL) {
        if (byte !== this.#literal[this.#progress]) throw malformed();
        at += 1;
        this.#progress += 1;
        if (this.#progress < this.#literal.length) continue;
        audience.end(this.#depth, 'scalar', at);
        state = this.#depth === 0 ? NOTHING : AFTER_VALUE;
        continue;
      }
      if (SPACE[byte] === 1) {
        const from = at;
        do at += 1;
        while (at < length && SPACE[piece[at] ?? 0] === 1);
        audience.leaveOut(from, at);
        continue;
      }
      if (state === AFTER_VALUE) {
        if (byte === COMMA) {
          at += 1;
          state = this.#isObject[this.#depth] === 1 ? KEY : VALUE;
          continue;
        }
        state = this.#close(byte, at + 1);
        at += 1;
        continue;
      }
      if (state === AFTER_KEY) {
        if (byte !== COLON) throw malformed();
        at += 1;
        state = VALUE;
        continue;
      }
      if (state === KEY || (state === FIRST_KEY && byte === QUOTE)) {
        if (byte !== QUOTE) throw malformed();
        keyStart = at;
        at += 1;
        this.#isKey = true;
        state = STRING;
        continue;
      }
      if (state === FIRST_KEY || (state === FIRST_ELEMENT && byte === CLOSE_ARRAY)) {
        state = this.#close(byte, at + 1);
        at += 1;
        continue;
      }
      if (state === NOTHING) throw malformed();
      state = this.#beginValue(byte, at);
      at += 1;
    }
    if (this.#isKey && audience.wantsKeys) this.#keepKey(piece.subarray(keyStart));
    this.#state = state;
    audience.endPiece();
  }

  finish(): void {
    if (this.#state === NUMBER && this.#depth === 0) this.#state = this.#endNumber(0);
    if (this.#state !== NOTHING) throw malformed();
    this.#audience.endPiece();
  }

  #beginValue(byte: number, at: number): number {
    if (byte === QUOTE) {
      this.#audience.begin(this.#depth, 'string', at);
      this.#isKey = false;
      return STRING;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      const isObject = byte === OPEN_OBJECT;
      this.#audience.begin(this.#depth, isObject ? 'object' : 'array', at);
      this.#depth += 1;
      if (this.#depth > MAX_DEPTH) {
        throw new PermanentError('ERR_OUTPUT_INVALID', `Gemini's answer is nested deeper than ${MAX_DEPTH} levels`);
      }
      this.#isObject[this.#depth] = Number(isObject);
      return isObject ? FIRST_KEY : FIRST_ELEMENT;
    }
    const kind = DIGITS[byte] ?? 0;
    const first = kind === 6 ? MINUS : (AFTER[MINUS * 8 + kind] ?? 0);
    const literal = first === NUMBER_ENDS ? LITERALS.get(byte) : undefined;
    if (first === NUMBER_ENDS && literal === undefined) throw malformed();
    this.#audience.begin(this.#depth, 'scalar', at);
    this.#progress = literal === undefined ? first : 1;
    this.#literal = literal ?? this.#literal;
    return literal === undefined ? NUMBER : LITERAL;
  }

  #endNumber(at: number): number {
    if (COMPLETE[this.#progress] !== 1) throw malformed();
    this.#audience.end(this.#depth, 'scalar', at);
    return this.#depth === 0 ? NOTHING : AFTER_VALUE;
  }

  #close(byte: number, at: number): number {
    const isObject = this.#isObject[this.#depth] === 1;
    if (byte !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) throw malformed();
    this.#depth -= 1;
    this.#audience.end(this.#depth, isObject ? 'object' : 'array', at);
    return this.#depth === 0 ? NOTHING : AFTER_VALUE;
  }

  #keepKey(part: Buffer): void {
    this.#keyParts.push(Buffer.from(part));
    const bytes = this.#keyParts.reduce((sum, { length }) => sum + length, 0);
    if (bytes > MAX_KEY_BYTES) {
      throw new PermanentError('ERR_OUTPUT_INVALID', `Gemini's answer names a member by over ${MAX_KEY_BYTES} bytes`);
    }
  }

  #endKey(piece: Buffer, from: number, to: number): void {
    this.#isKey = false;
    if (!this.#audience.wantsKeys) return;
    if (this.#keyParts.length === 0 && to - from <= MAX_KEY_BYTES) {
      this.#audience.key(JSON.parse(piece.toString('utf8', from, to)));
      return;
    }
    this.#keepKey(piece.subarray(from, to));
    this.#audience.key(JSON.parse(Buffer.concat(this.#keyParts).toString('utf8')));
    this.#keyParts = [];
  }
}

/** What stood there is a customer's: no message quotes it. */
function malformed(): TransientError {
  return new TransientError('ERR_OUTPUT_TRUNCATED', 'Gemini answered with invalid JSON');
}
