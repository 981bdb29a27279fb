/** The small part of a large JSON document: everything but what is left out, and long strings. */
import { PermanentError } from '../../shared/errors.ts';
import type { JsonPath, JsonReader, JsonType, Treatment } from './walk.ts';

/** Longer strings are outputs, which nobody plans by. */
const LONGEST_STRING = 16 * 1024;
/** Of one in a document that is large without its outputs, too: what is planned by is shorter still. */
const LONGEST_OF_MANY = 1024;
const MANY = 4 * 1024 * 1024;
const MAX_SIZE = 8 * 1024 * 1024;
/** What a value costs beside its text. */
const OVERHEAD = 16;

type Container = { [name: string]: unknown } | unknown[];

/** What was left out, or too long, stands as an empty value of its kind. */
export class JsonOutline implements JsonReader {
  readonly #omit: (path: JsonPath) => boolean;
  readonly #containers: Container[] = [];
  #chunks: Buffer[] = [];
  #bytes = 0;
  #size = 0;
  #root: unknown;

  constructor(omit: (path: JsonPath) => boolean) {
    this.#omit = omit;
  }

  get value(): unknown {
    return this.#root;
  }

  begin(path: JsonPath, type: JsonType): Treatment {
    this.#grow(OVERHEAD + String(path.at(-1) ?? '').length);
    if (this.#omit(path)) {
      this.#put(placeholder(type), path);
      return 'skip';
    }
    this.#chunks = [];
    this.#bytes = 0;
    if (type !== 'object' && type !== 'array') return 'take';
    const container = type === 'array' ? [] : {};
    this.#put(container, path);
    this.#containers.push(container);
    return 'enter';
  }

  text(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes <= LONGEST_STRING) this.#chunks.push(Buffer.from(bytes));
  }

  end(path: JsonPath, type: JsonType): void {
    if (type === 'object' || type === 'array') {
      this.#containers.pop();
      return;
    }
    const longest = this.#size > MANY ? LONGEST_OF_MANY : LONGEST_STRING;
    if (this.#bytes > longest) {
      this.#put(placeholder(type), path);
      return;
    }
    this.#grow(this.#bytes);
    this.#put(JSON.parse(Buffer.concat(this.#chunks).toString('utf8')), path);
  }

  #put(value: unknown, path: JsonPath): void {
    const container = this.#containers.at(-1);
    if (container === undefined) this.#root = value;
    else if (Array.isArray(container)) container.push(value);
    // Not an assignment: a member called __proto__ is a member.
    else Object.defineProperty(container, String(path.at(-1)), { value, enumerable: true, configurable: true });
  }

  #grow(bytes: number): void {
    this.#size += bytes;
    if (this.#size > MAX_SIZE) {
      throw new PermanentError('ERR_OUTPUT_INVALID', 'The job resource is over 8 MiB even without its outputs');
    }
  }
}

function placeholder(type: JsonType): unknown {
  if (type === 'object') return {};
  if (type === 'array') return [];
  return type === 'string' ? '' : null;
}
