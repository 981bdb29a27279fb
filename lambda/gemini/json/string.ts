/** The text of a JSON string, quotes and escapes and all, as the bytes that it stands for. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const SIMPLE: Readonly<Record<number, string>> = { 98: '\b', 102: '\f', 110: '\n', 114: '\r', 116: '\t' };

export class JsonString {
  readonly #emit: (bytes: Buffer) => void;
  /** An escape that is not complete: a backslash, and up to four digits. */
  #escape = '';
  /** The first half of a surrogate pair, whose other half may follow. */
  #high = '';

  constructor(emit: (bytes: Buffer) => void) {
    this.#emit = emit;
  }

  /** The grammar was checked: a quote that is not escaped begins or ends the string. */
  write(text: Buffer): void {
    let at = 0;
    while (at < text.length) {
      if (this.#escape !== '') {
        this.#continue(text[at] ?? 0);
        at += 1;
        continue;
      }
      const backslash = text.indexOf(BACKSLASH, at);
      const end = backslash < 0 ? text.length : backslash;
      this.#plain(text.subarray(at, end));
      if (backslash >= 0) this.#escape = '\\';
      at = end + 1;
    }
  }

  /** The string is complete. */
  end(): void {
    this.#characters('');
  }

  #plain(bytes: Buffer): void {
    const from = bytes[0] === QUOTE ? 1 : 0;
    const to = bytes.length > from && bytes.at(-1) === QUOTE ? bytes.length - 1 : bytes.length;
    if (from === to) return;
    this.#characters('');
    this.#emit(bytes.subarray(from, to));
  }

  #continue(byte: number): void {
    this.#escape += String.fromCharCode(byte);
    const isLong = this.#escape.charCodeAt(1) === LETTER_U;
    if (isLong && this.#escape.length < 6) return;
    const character = isLong
      ? String.fromCharCode(Number.parseInt(this.#escape.slice(2), 16))
      : (SIMPLE[byte] ?? String.fromCharCode(byte));
    this.#escape = '';
    this.#characters(character);
  }

  #characters(text: string): void {
    const all = this.#high + text;
    const isHalf = text !== '' && /[\uD800-\uDBFF]$/.test(all);
    this.#high = isHalf ? all.slice(-1) : '';
    const whole = isHalf ? all.slice(0, -1) : all;
    if (whole !== '') this.#emit(Buffer.from(whole, 'utf8'));
  }
}
