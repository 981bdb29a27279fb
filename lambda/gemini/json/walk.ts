/** Reads JSON of any size in pieces, and gives each reader what it wants of it. */
import { JsonScanner } from './scanner.ts';

/** Member names and indices from the root. One array that changes with every value: copy what is to be kept. */
export type JsonPath = readonly (string | number)[];

export type JsonType = 'object' | 'array' | 'string' | 'scalar';

/** What a reader wants of a value: its children one by one (of what has none, the same as `take`), its text, or nothing. */
export type Treatment = 'enter' | 'take' | 'skip';

export interface JsonReader {
  /** A value begins: the root, or a child of what was entered. */
  begin(path: JsonPath, type: JsonType): Treatment;
  /** Some of the text of what is taken, as it was written, without the white space between its tokens. Valid until `settle`. */
  text(bytes: Buffer): void;
  /** What was entered or taken is complete. */
  end(path: JsonPath, type: JsonType): void;
  /** After each piece of the document: resolves when there is room for the next. */
  settle?(): Promise<void>;
}

/** The longest piece: as much is in memory of a document, and of what readers make of it. */
const PIECE_BYTES = 256 * 1024;

/**
 * @throws TransientError `ERR_OUTPUT_TRUNCATED` for what is not JSON: an answer of Gemini's that breaks off
 * @throws PermanentError `ERR_OUTPUT_INVALID` for what is nested too deep
 */
export async function walkJson(source: AsyncIterable<Uint8Array>, ...readers: readonly JsonReader[]): Promise<void> {
  const scanner = new JsonScanner(readers, PIECE_BYTES);
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
      scanner.write(bytes.subarray(start, start + PIECE_BYTES));
      for (const reader of readers) await reader.settle?.();
    }
  }
  scanner.finish();
  for (const reader of readers) await reader.settle?.();
}

/** JSON Pointer (RFC 6901). */
export function pointerOf(path: JsonPath): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
