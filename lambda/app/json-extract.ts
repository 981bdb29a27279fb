/** Visitors that write parts of a JSON document into objects while it is read: a copy, lines, texts, decoded media. */
import { type JsonPath, type JsonToken, type JsonVisitor, pointerOf, Subtrees } from './json-walk.ts';

/** Where a visitor writes to. Opened when there is something to write. */
export interface Sink {
  write(chunk: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  /** Never rejects. */
  abort(): Promise<void>;
}

const FLUSH_CHARACTERS = 64 * 1024;

/** Collects text and hands it on in chunks that are worth a call. */
class TextBuffer {
  readonly #sink: Sink;
  #text = '';

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  add(text: string): Promise<void> | undefined {
    this.#text += text;
    return this.#text.length >= FLUSH_CHARACTERS ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    // The second half of a surrogate pair may come with the next chunk.
    const isHalf = /[\uD800-\uDBFF]$/.test(this.#text);
    const whole = isHalf ? this.#text.slice(0, -1) : this.#text;
    this.#text = isHalf ? this.#text.slice(-1) : '';
    if (whole !== '') await this.#sink.write(Buffer.from(whole, 'utf8'));
  }
}

/** Turns tokens back into JSON text, numbers as they were written. */
class JsonWriter {
  /** Whether the container at hand is still empty; a key has written its comma already. */
  readonly #empty: boolean[] = [];
  #afterKey = false;

  text(token: JsonToken): string {
    switch (token.name) {
      case 'keyValue': {
        const text = `${this.#separator()}${JSON.stringify(token.value)}:`;
        this.#afterKey = true;
        return text;
      }
      case 'startObject':
      case 'startArray': {
        const text = this.#separator() + (token.name === 'startObject' ? '{' : '[');
        this.#empty.push(true);
        return text;
      }
      case 'endObject':
      case 'endArray':
        this.#empty.pop();
        return token.name === 'endObject' ? '}' : ']';
      case 'startString':
        return `${this.#separator()}"`;
      case 'stringChunk':
        return JSON.stringify(token.value).slice(1, -1);
      case 'endString':
        return '"';
      case 'numberValue':
      case 'nullValue':
      case 'trueValue':
      case 'falseValue':
        return this.#separator() + String(token.value);
    }
  }

  #separator(): string {
    const last = this.#empty.length - 1;
    const needed = !this.#afterKey && this.#empty[last] === false;
    this.#afterKey = false;
    if (last >= 0) this.#empty[last] = false;
    return needed ? ',' : '';
  }
}

/** The document without the members that `omit` picks. */
export class JsonCopy implements JsonVisitor {
  readonly #omitted: Subtrees;
  readonly #omit: (path: JsonPath) => boolean;
  readonly #writer = new JsonWriter();
  readonly #buffer: TextBuffer;
  readonly #sink: Sink;

  constructor(sink: Sink, omit: (path: JsonPath) => boolean) {
    this.#sink = sink;
    this.#buffer = new TextBuffer(sink);
    this.#omit = omit;
    this.#omitted = new Subtrees(omit);
  }

  visit(token: JsonToken, path: JsonPath): Promise<void> | undefined {
    if (this.#omitted.classify(token, path) !== 'outside') return undefined;
    if (token.name === 'keyValue' && this.#omit(path)) return undefined;
    return this.#buffer.add(this.#writer.text(token));
  }

  async finish(): Promise<void> {
    await this.#buffer.add('\n');
    await this.#buffer.flush();
    await this.#sink.finish();
  }
}

/** The elements of one array, a line each. */
export class JsonLines implements JsonVisitor {
  readonly #elements: Subtrees;
  readonly #depth: number;
  readonly #buffer: TextBuffer;
  readonly #sink: Sink;
  #writer = new JsonWriter();
  #lines = 0;
  #errors = 0;

  /** @param array the path of the array */
  constructor(sink: Sink, array: JsonPath) {
    this.#sink = sink;
    this.#buffer = new TextBuffer(sink);
    this.#depth = array.length;
    this.#elements = new Subtrees(
      (path) => path.length === array.length + 1 && array.every((part, index) => path[index] === part),
    );
  }

  get counts(): { readonly lines: number; readonly lineErrors: number } {
    return { lines: this.#lines, lineErrors: this.#errors };
  }

  visit(token: JsonToken, path: JsonPath): Promise<void> | undefined {
    const kind = this.#elements.classify(token, path);
    if (kind === 'outside') return undefined;
    const opens = token.name === 'startObject' || token.name === 'startArray' || token.name === 'startString';
    const isValue = opens || token.name === 'numberValue' || token.name === 'trueValue' || token.name === 'falseValue';
    // One that is null is absent.
    if (isValue && path.length === this.#depth + 2 && path.at(-1) === 'error') this.#errors += 1;
    const isLast = kind === 'end' || (kind === 'start' && !opens);
    const text = this.#writer.text(token);
    if (!isLast) return this.#buffer.add(text);
    this.#writer = new JsonWriter();
    this.#lines += 1;
    return this.#buffer.add(`${text}\n`);
  }

  async finish(): Promise<void> {
    await this.#buffer.flush();
    await this.#sink.finish();
  }
}

/** The strings that `choose` picks, one after the other, with a blank line where `isApart` says so. */
export class JsonText implements JsonVisitor {
  readonly #texts: Subtrees;
  readonly #buffer: TextBuffer;
  readonly #sink: Sink;
  #section: string | number | undefined;

  /** Texts of different `sections` (the part of the path at that depth) are set apart. */
  readonly #sectionDepth: number;

  constructor(sink: Sink, choose: (path: JsonPath) => boolean, sectionDepth: number) {
    this.#sink = sink;
    this.#buffer = new TextBuffer(sink);
    this.#texts = new Subtrees(choose);
    this.#sectionDepth = sectionDepth;
  }

  visit(token: JsonToken, path: JsonPath): Promise<void> | undefined {
    const kind = this.#texts.classify(token, path);
    if (kind === 'start' && token.name === 'startString') {
      const section = path[this.#sectionDepth];
      const apart = this.#section !== undefined && this.#section !== section;
      this.#section = section;
      return apart ? this.#buffer.add('\n\n') : undefined;
    }
    return kind === 'inside' && token.name === 'stringChunk' ? this.#buffer.add(token.value) : undefined;
  }

  async finish(): Promise<void> {
    await this.#buffer.flush();
    await this.#sink.finish();
  }
}

/** Base64 strings at known places, bare or in a `data:` URL (RFC 2397), decoded. */
export class JsonMedia implements JsonVisitor {
  readonly #media: Subtrees;
  readonly #open: (pointer: string) => Sink;
  readonly #refuse: (pointer: string) => void;
  #pointer = '';
  #sink: Sink | undefined;
  #base64 = '';
  /** Whether nothing of the string was decoded yet. */
  #isHead = true;

  /**
   * @param open called once for each pointer in `pointers`, in the order of the document
   * @param refuse called for those that are not base64, of which nothing stays
   */
  constructor(pointers: ReadonlySet<string>, open: (pointer: string) => Sink, refuse: (pointer: string) => void) {
    this.#media = new Subtrees((path) => pointers.size > 0 && pointers.has(pointerOf(path)));
    this.#open = open;
    this.#refuse = refuse;
  }

  visit(token: JsonToken, path: JsonPath): Promise<void> | undefined {
    const kind = this.#media.classify(token, path);
    if (kind === 'outside') return undefined;
    if (kind === 'start') {
      this.#pointer = pointerOf(path);
      this.#sink = this.#open(this.#pointer);
      this.#isHead = true;
    }
    if (token.name === 'stringChunk') {
      if (this.#sink !== undefined) this.#base64 += token.value;
      return this.#base64.length >= FLUSH_CHARACTERS ? this.#flush() : undefined;
    }
    return kind === 'end' ? this.#end() : undefined;
  }

  async #flush(): Promise<void> {
    const text = this.#take();
    const whole = text.length - (text.length % 4);
    this.#base64 = text.slice(whole);
    await this.#decode(text.slice(0, whole));
  }

  async #end(): Promise<void> {
    await this.#decode(this.#take());
    await this.#sink?.finish();
    this.#sink = undefined;
  }

  /** What there is to decode. The head of a `data:` URL is far shorter than what is collected before. */
  #take(): string {
    const text = this.#base64.replaceAll(/\s/g, '');
    this.#base64 = '';
    if (!this.#isHead) return text;
    this.#isHead = false;
    return text.replace(/^data:[^,]{0,1000};base64,/i, '');
  }

  async #decode(base64: string): Promise<void> {
    // Node ignores what is not base64: bytes would be missing, and nobody would notice.
    if (/^[A-Za-z0-9+/_-]*={0,2}$/.test(base64)) {
      if (base64 !== '') await this.#sink?.write(Buffer.from(base64, 'base64'));
      return;
    }
    await this.#sink?.abort();
    this.#sink = undefined;
    this.#base64 = '';
    this.#refuse(this.#pointer);
  }
}
