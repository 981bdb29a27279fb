/** A batch's responses as rows: errors first, then the others, as far as a page can hold them. */

const MOST_ROWS = 200;
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_RAW = 20_000;

export interface LineRow {
  /** From 1. */
  readonly line: number;
  readonly key: string;
  readonly isError: boolean;
  readonly text: string;
  readonly tokens: number | undefined;
  readonly raw: string;
}

export interface LineTable {
  readonly rows: readonly LineRow[];
  readonly lines: number;
  readonly errors: number;
  /** Whether the object goes on after what was read. */
  readonly isCut: boolean;
}

export async function readLineTable(stream: ReadableStream<Uint8Array>): Promise<LineTable> {
  const errors: LineRow[] = [];
  const others: LineRow[] = [];
  const counts = { lines: 0, errors: 0 };
  const read = { bytes: 0, isCut: false };
  for await (const text of linesOf(stream, read)) {
    if (text.trim() === '') continue;
    counts.lines += 1;
    const row = rowOf(text, counts.lines);
    if (row.isError) counts.errors += 1;
    const list = row.isError ? errors : others;
    if (list.length < MOST_ROWS) list.push(row);
  }
  return { rows: [...errors, ...others].slice(0, MOST_ROWS), ...counts, isCut: read.isCut };
}

async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  read: { bytes: number; isCut: boolean },
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // In parts: a line may be as long as the object, and is put together once.
  let begun: string[] = [];
  for await (const chunk of stream) {
    read.bytes += chunk.length;
    const [first = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n');
    begun.push(first);
    for (const next of more) {
      yield begun.join('');
      begun = [next];
    }
    if (read.bytes >= MOST_BYTES) {
      read.isCut = true;
      return;
    }
  }
  yield begun.join('');
}

function rowOf(text: string, line: number): LineRow {
  const raw = text.length > MOST_RAW ? `${text.slice(0, MOST_RAW)}…` : text;
  const value = parse(text);
  if (value === undefined)
    return { line, key: '', isError: true, text: 'This line is not JSON.', tokens: undefined, raw };
  const key = textAt(value, ['key']) ?? textAt(value, ['metadata', 'key']) ?? '';
  const error = at(value, ['error']);
  if (error !== undefined && error !== null) {
    const message = textAt(error, ['message']) ?? JSON.stringify(error);
    const code = at(error, ['code']);
    return {
      line,
      key,
      isError: true,
      text: code === undefined ? message : `${code}: ${message}`,
      tokens: undefined,
      raw,
    };
  }
  const tokens = at(value, ['response', 'usageMetadata', 'totalTokenCount']);
  return {
    line,
    key,
    isError: false,
    text: answerOf(value),
    tokens: typeof tokens === 'number' ? tokens : undefined,
    raw,
  };
}

/** The first candidate's words; the length of an embedding; else the line itself. */
function answerOf(value: unknown): string {
  const parts = at(value, ['response', 'candidates', '0', 'content', 'parts']);
  const words = Array.isArray(parts) ? parts.flatMap((part) => textAt(part, ['text']) ?? []).join(' ') : '';
  if (words !== '') return words.length > 400 ? `${words.slice(0, 399)}…` : words;
  const values = at(value, ['response', 'embedding', 'values']) ?? at(value, ['embedding', 'values']);
  if (Array.isArray(values)) return `an embedding of ${values.length} values`;
  return JSON.stringify(value).slice(0, 200);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function at(value: unknown, path: readonly string[]): unknown {
  let found: unknown = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

function textAt(value: unknown, path: readonly string[]): string | undefined {
  const found = at(value, path);
  return typeof found === 'string' ? found : undefined;
}
