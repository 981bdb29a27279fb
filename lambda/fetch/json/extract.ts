/** Readers that write parts of a JSON document into objects while it is read: a copy, lines, texts, decoded media. */
import { JsonString } from '../../gemini/json/string.ts';
import type { JsonPath, JsonReader, JsonType, Treatment } from '../../gemini/json/walk.ts';

/** Where a reader writes to. */
export interface Sink {
  write(chunk: Uint8Array): Promise<void>;
  finish(): Promise<void>;
}

/** What is to be written, gathered so that it is worth a call. */
class Outbox {
  readonly #sink: Sink;
  #chunks: Buffer[] = [];

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  add(chunk: Buffer | string): void {
    this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk);
  }

  async settle(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = [];
    const [first] = chunks;
    if (first !== undefined) await this.#sink.write(chunks.length === 1 ? first : Buffer.concat(chunks));
  }

  async finish(): Promise<void> {
    await this.settle();
    await this.#sink.finish();
  }
}

/** The document without the values that `omit` picks. */
export class JsonCopy implements JsonReader {
  readonly #omit: (path: JsonPath) => boolean;
  readonly #outbox: Outbox;
  /** Of each container that is open, whether it is still empty. */
  readonly #empty: boolean[] = [];

  constructor(sink: Sink, omit: (path: JsonPath) => boolean) {
    this.#outbox = new Outbox(sink);
    this.#omit = omit;
  }

  begin(path: JsonPath, type: JsonType): Treatment {
    if (this.#omit(path)) return 'skip';
    const last = this.#empty.length - 1;
    const comma = this.#empty[last] === false ? ',' : '';
    if (last >= 0) this.#empty[last] = false;
    const name = path.at(-1);
    const key = typeof name === 'string' ? `${JSON.stringify(name)}:` : '';
    const isContainer = type === 'object' || type === 'array';
    if (isContainer) this.#empty.push(true);
    this.#outbox.add(`${comma}${key}${isContainer ? (type === 'object' ? '{' : '[') : ''}`);
    return 'enter';
  }

  text(bytes: Buffer): void {
    this.#outbox.add(bytes);
  }

  end(_path: JsonPath, type: JsonType): void {
    if (type !== 'object' && type !== 'array') return;
    this.#empty.pop();
    this.#outbox.add(type === 'object' ? '}' : ']');
  }

  settle(): Promise<void> {
    return this.#outbox.settle();
  }

  async finish(): Promise<void> {
    this.#outbox.add('\n');
    await this.#outbox.finish();
  }
}

/** The elements of one array, a line each. */
export class JsonLines implements JsonReader {
  readonly #array: JsonPath;
  readonly #outbox: Outbox;

  /** @param array the path of the array */
  constructor(sink: Sink, array: JsonPath) {
    this.#outbox = new Outbox(sink);
    this.#array = array;
  }

  begin(path: JsonPath): Treatment {
    const isOnTheWay = this.#array.every((part, index) => index >= path.length || path[index] === part);
    if (!isOnTheWay) return 'skip';
    return path.length > this.#array.length ? 'take' : 'enter';
  }

  text(bytes: Buffer): void {
    this.#outbox.add(bytes);
  }

  end(path: JsonPath): void {
    if (path.length > this.#array.length) this.#outbox.add('\n');
  }

  settle(): Promise<void> {
    return this.#outbox.settle();
  }

  finish(): Promise<void> {
    return this.#outbox.finish();
  }
}

/** The strings that `choose` picks, one after the other; those of different sections are set apart by a blank line. */
export class JsonText implements JsonReader {
  readonly #choose: (path: JsonPath) => boolean;
  readonly #outbox: Outbox;
  readonly #string: JsonString;
  /** The part of the path at this depth is the section. */
  readonly #sectionDepth: number;
  #section: string | number | undefined;

  constructor(sink: Sink, choose: (path: JsonPath) => boolean, sectionDepth: number) {
    this.#outbox = new Outbox(sink);
    this.#string = new JsonString((bytes) => this.#outbox.add(bytes));
    this.#choose = choose;
    this.#sectionDepth = sectionDepth;
  }

  begin(path: JsonPath, type: JsonType): Treatment {
    if (type === 'object' || type === 'array') return 'enter';
    if (type !== 'string' || !this.#choose(path)) return 'skip';
    const section = path[this.#sectionDepth];
    if (this.#section !== undefined && this.#section !== section) this.#outbox.add('\n\n');
    this.#section = section;
    return 'take';
  }

  text(bytes: Buffer): void {
    this.#string.write(bytes);
  }

  end(): void {
    this.#string.end();
  }

  settle(): Promise<void> {
    return this.#outbox.settle();
  }

  finish(): Promise<void> {
    return this.#outbox.finish();
  }
}
