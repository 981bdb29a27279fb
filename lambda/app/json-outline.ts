/** The small part of a large JSON document: everything but what is left out, and long strings. */
import { PermanentError } from '../domain/errors.ts';
import { type JsonPath, type JsonToken, type JsonVisitor, Subtrees } from './json-walk.ts';

/** Longer strings are outputs, which nobody plans by. Twice as long as the longest URI that is read. */
const LONGEST_STRING = 4 * 1024;
/** What a token costs beside its text. */
const OVERHEAD = 16;
const MAX_SIZE = 8 * 1024 * 1024;

type Container = { [name: string]: unknown } | unknown[];

/** What was left out, or too long, stands as an empty value of its kind. */
export class JsonOutline implements JsonVisitor {
  readonly #omitted: Subtrees;
  readonly #containers: Container[] = [];
  #text = '';
  /** Of the string at hand, as far as it counts in the size; undefined when it was too long, and is forgotten. */
  #textSize: number | undefined = 0;
  #size = 0;
  #root: unknown;

  constructor(omit: (path: JsonPath) => boolean) {
    this.#omitted = new Subtrees(omit);
  }

  get value(): unknown {
    return this.#root;
  }

  visit(token: JsonToken, path: JsonPath): undefined {
    const kind = this.#omitted.classify(token, path);
    if (kind === 'inside' || kind === 'end') return;
    if (token.name !== 'stringChunk') this.#grow(token.name === 'keyValue' ? OVERHEAD + token.value.length : OVERHEAD);
    if (kind === 'start') this.#put(placeholder(token), path);
    else this.#build(token, path);
  }

  #build(token: JsonToken, path: JsonPath): void {
    switch (token.name) {
      case 'startObject':
      case 'startArray': {
        const container: Container = token.name === 'startArray' ? [] : {};
        this.#put(container, path);
        this.#containers.push(container);
        return;
      }
      case 'endObject':
      case 'endArray':
        this.#containers.pop();
        return;
      case 'startString':
        this.#text = '';
        this.#textSize = 0;
        return;
      case 'stringChunk':
        this.#collect(token.value);
        return;
      case 'endString':
        this.#put(this.#text, path);
        return;
      case 'numberValue':
        this.#put(Number(token.value), path);
        return;
      case 'nullValue':
      case 'trueValue':
      case 'falseValue':
        this.#put(token.value, path);
        return;
      case 'keyValue':
        return;
    }
  }

  #collect(chunk: string): void {
    if (this.#textSize === undefined) return;
    this.#text += chunk;
    this.#textSize += OVERHEAD + chunk.length;
    this.#grow(OVERHEAD + chunk.length);
    if (this.#text.length <= LONGEST_STRING) return;
    this.#size -= this.#textSize;
    this.#textSize = undefined;
    this.#text = '';
  }

  #put(value: unknown, path: JsonPath): void {
    const container = this.#containers.at(-1);
    if (container === undefined) this.#root = value;
    else if (Array.isArray(container)) container.push(value);
    // Not an assignment: a member called __proto__ is a member.
    else Object.defineProperty(container, String(path.at(-1)), { value, enumerable: true, configurable: true });
  }

  #grow(size: number): void {
    this.#size += size;
    if (this.#size > MAX_SIZE) {
      throw new PermanentError('ERR_OUTPUT_INVALID', 'The job resource is over 8 MiB even without its outputs');
    }
  }
}

function placeholder(token: JsonToken): unknown {
  if (token.name === 'startObject') return {};
  if (token.name === 'startArray') return [];
  if (token.name === 'startString') return '';
  return null;
}
