/** The small part of a large JSON document: everything but what is left out, and long strings. */
import { PermanentError } from '../domain/errors.ts';
import { type JsonPath, type JsonToken, type JsonVisitor, Subtrees } from './json-walk.ts';

/** Longer strings are outputs, which nobody plans by. */
const LONGEST_STRING = 16 * 1024;
const MAX_SIZE = 8 * 1024 * 1024;

type Container = { [name: string]: unknown } | unknown[];

/** What was left out, or too long, stands as an empty value of its kind. */
export class JsonOutline implements JsonVisitor {
  readonly #omitted: Subtrees;
  readonly #containers: Container[] = [];
  #text = '';
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
    this.#grow(token);
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
        return;
      case 'stringChunk':
        if (this.#text.length <= LONGEST_STRING) this.#text += token.value;
        return;
      case 'endString':
        this.#put(this.#text.length <= LONGEST_STRING ? this.#text : '', path);
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

  #put(value: unknown, path: JsonPath): void {
    const container = this.#containers.at(-1);
    if (container === undefined) this.#root = value;
    else if (Array.isArray(container)) container.push(value);
    // Not an assignment: a member called __proto__ is a member.
    else Object.defineProperty(container, String(path.at(-1)), { value, enumerable: true, configurable: true });
  }

  #grow(token: JsonToken): void {
    const counted = token.name === 'stringChunk' && this.#text.length > LONGEST_STRING ? 0 : 16;
    this.#size +=
      counted + ('value' in token && typeof token.value === 'string' && counted > 0 ? token.value.length : 0);
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
