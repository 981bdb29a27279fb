/** Reads JSON of any size as a stream of tokens, each with the place where it stands. */
import { pipeline, Readable } from 'node:stream';
import parser from 'stream-json/parser.js';
import { PermanentError, PipelineError, TransientError } from '../domain/errors.ts';

/** Keys are whole, numbers are whole and as written, strings come in chunks. */
export type JsonToken =
  | { readonly name: 'startObject' | 'endObject' | 'startArray' | 'endArray' | 'startString' | 'endString' }
  | { readonly name: 'keyValue' | 'stringChunk' | 'numberValue'; readonly value: string }
  | { readonly name: 'nullValue' | 'trueValue' | 'falseValue'; readonly value: null | boolean };

/** Member names and indices from the root. One array that changes with every token: copy what is to be kept. */
export type JsonPath = readonly (string | number)[];

export interface JsonVisitor {
  /** A promise when the walk must wait. A key's path is that of the member it begins. */
  visit(token: JsonToken, path: JsonPath): Promise<void> | undefined;
}

const MAX_DEPTH = 128;
const OPTIONS = {
  packKeys: true,
  packStrings: false,
  packNumbers: true,
  streamKeys: false,
  streamStrings: true,
  streamNumbers: false,
};

/**
 * @throws TransientError `ERR_OUTPUT_TRUNCATED` for what is not JSON: an answer of Gemini's that breaks off
 * @throws PermanentError `ERR_OUTPUT_INVALID` for what is nested too deep
 */
export async function walkJson(source: AsyncIterable<Uint8Array>, ...visitors: readonly JsonVisitor[]): Promise<void> {
  const place = new Place();
  // Errors of every stage reach the loop, and leaving the loop ends every stage.
  const tokens = pipeline(Readable.from(source, { objectMode: false }), parser.asStream(OPTIONS), () => {});
  try {
    for await (const token of tokens as AsyncIterable<JsonToken>) {
      place.before(token);
      for (const visitor of visitors) {
        const busy = visitor.visit(token, place.path);
        if (busy) await busy;
      }
      place.after(token);
    }
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause;
    // The parser's message quotes what it met, which is a customer's data: it goes no further.
    throw new TransientError('ERR_OUTPUT_TRUNCATED', 'Gemini answered with JSON that does not hold');
  }
}

/** Keeps the path of the token at hand. Containers hold a last element for the member or index within them. */
class Place {
  readonly path: (string | number)[] = [];

  before(token: JsonToken): void {
    if (token.name === 'endObject' || token.name === 'endArray') {
      this.path.pop();
      return;
    }
    const last = this.path.length - 1;
    const here = this.path[last];
    if (token.name === 'keyValue') this.path[last] = token.value;
    else if (typeof here === 'number' && token.name !== 'stringChunk' && token.name !== 'endString') {
      this.path[last] = here + 1;
    }
  }

  after(token: JsonToken): void {
    if (token.name === 'startObject') this.path.push('');
    if (token.name === 'startArray') this.path.push(-1);
    if (this.path.length > MAX_DEPTH) {
      throw new PermanentError('ERR_OUTPUT_INVALID', `Gemini's answer is nested deeper than ${MAX_DEPTH} levels`);
    }
  }
}

/** Tells which tokens belong to values that `choose` picks, whole subtrees, by their first token. */
export class Subtrees {
  readonly #choose: (path: JsonPath) => boolean;
  #depth = 0;

  constructor(choose: (path: JsonPath) => boolean) {
    this.#choose = choose;
  }

  /** `outside`, `start` (the value's first token, or all of it), `inside`, `end`. A key belongs to what holds it. */
  classify(token: JsonToken, path: JsonPath): 'outside' | 'start' | 'inside' | 'end' {
    const opens = token.name === 'startObject' || token.name === 'startArray' || token.name === 'startString';
    const closes = token.name === 'endObject' || token.name === 'endArray' || token.name === 'endString';
    if (this.#depth > 0) {
      this.#depth += opens ? 1 : closes ? -1 : 0;
      return this.#depth === 0 ? 'end' : 'inside';
    }
    if (token.name === 'keyValue' || closes || token.name === 'stringChunk' || !this.#choose(path)) return 'outside';
    this.#depth = opens ? 1 : 0;
    return 'start';
  }
}

/** JSON Pointer (RFC 6901). */
export function pointerOf(path: JsonPath): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
