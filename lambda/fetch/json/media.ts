/** Base64 strings at known places of a JSON document, decoded into objects while it is read. */

import { JsonString } from '../../gemini/json/string.ts';
import { type JsonPath, type JsonReader, type JsonType, pointerOf, type Treatment } from '../../gemini/json/walk.ts';
import type { Sink } from './extract.ts';

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
/** As some write media: RFC 2397. */
const DATA_URL = /^data:[^,]{0,200};base64,/;
const LONGEST_DATA_URL = 256;

/** One digit alone is six bits, of which no byte can be made: something is missing. */
function isBase64(text: string): boolean {
  const padding = text.indexOf('=');
  return BASE64.test(text) && (padding < 0 ? text.length : padding) % 4 !== 1;
}

export interface MediaSink extends Sink {
  /** Never rejects. */
  abort(): Promise<void>;
}

type Step = (sink: MediaSink) => Promise<void>;

export class JsonMedia implements JsonReader {
  readonly #pointers: ReadonlySet<string>;
  readonly #open: (pointer: string) => MediaSink;
  readonly #refuse: (pointer: string) => void;
  readonly #string = new JsonString((bytes) => this.#decode(bytes.toString('latin1')));
  /** What is to be done with the sinks, in order. */
  #steps: { readonly sink: MediaSink; readonly step: Step }[] = [];
  #sink: MediaSink | undefined;
  #base64 = '';
  /** Whether its beginning was looked at, which may be that of a `data:` URL. */
  #isBegun = false;
  #isPadded = false;
  #isBroken = false;

  /**
   * @param open called once for each pointer in `pointers`, in the order of the document
   * @param refuse called for what is not base64, which becomes no object: bytes that nobody notices to be missing are worse
   */
  constructor(pointers: ReadonlySet<string>, open: (pointer: string) => MediaSink, refuse: (pointer: string) => void) {
    this.#pointers = pointers;
    this.#open = open;
    this.#refuse = refuse;
  }

  begin(path: JsonPath, type: JsonType): Treatment {
    if (this.#pointers.size === 0) return 'skip';
    if (type === 'object' || type === 'array') return 'enter';
    const pointer = type === 'string' ? pointerOf(path) : '';
    if (!this.#pointers.has(pointer)) return 'skip';
    this.#sink = this.#open(pointer);
    this.#base64 = '';
    this.#isBegun = false;
    this.#isPadded = false;
    this.#isBroken = false;
    return 'take';
  }

  text(bytes: Buffer): void {
    this.#string.write(bytes);
  }

  end(path: JsonPath): void {
    if (this.#sink === undefined) return;
    this.#string.end();
    this.#flush(true);
    if (this.#isBroken) this.#refuse(pointerOf(path));
    this.#do(this.#isBroken ? (sink) => sink.abort() : (sink) => sink.finish());
    this.#sink = undefined;
  }

  async settle(): Promise<void> {
    const steps = this.#steps;
    this.#steps = [];
    for (const { sink, step } of steps) await step(sink);
  }

  #decode(text: string): void {
    this.#base64 += text;
    this.#flush(false);
  }

  #flush(isEnd: boolean): void {
    if (!this.#isBegun && !isEnd && this.#base64.length < LONGEST_DATA_URL) return;
    const text = (this.#isBegun ? this.#base64 : this.#base64.replace(DATA_URL, '')).replaceAll(/\s/g, '');
    this.#isBegun = true;
    const whole = isEnd ? text.length : text.length - (text.length % 4);
    const group = text.slice(0, whole);
    this.#base64 = text.slice(whole);
    if (group === '') return;
    // Node ignores what is not base64, and what comes after padding.
    this.#isBroken ||= this.#isPadded || !isBase64(group);
    this.#isPadded = group.endsWith('=');
    if (this.#isBroken) return;
    const bytes = Buffer.from(group, 'base64');
    this.#do((sink) => sink.write(bytes));
  }

  #do(step: Step): void {
    if (this.#sink !== undefined) this.#steps.push({ sink: this.#sink, step });
  }
}
