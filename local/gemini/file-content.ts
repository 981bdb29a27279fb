/**
 * The bytes of a file at Gemini. Large ones are made while they are sent and never exist as a whole.
 */
import { createHash } from 'node:crypto';
import { mp4 } from './media.ts';

export interface FileContent {
  readonly size: number;
  /** Hex; undefined for content that is only made while it is sent. */
  readonly sha256: string | undefined;
  chunks(): Iterable<Buffer>;
}

export function bytesContent(bytes: Buffer): FileContent {
  return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), chunks: () => [bytes] };
}

export function videoContent(size: number): FileContent {
  return { size, sha256: undefined, chunks: () => mp4(size) };
}

/** Bytes of one generated result line, the line feed included. */
const LINE_BYTES = 1024;

/** A batch result file of exactly `size` bytes (at least 1,024): one valid JSON line per request. */
export function jsonLinesContent(size: number): FileContent & { readonly lines: number } {
  const lines = Math.floor(size / LINE_BYTES);
  return {
    size,
    lines,
    sha256: undefined,
    *chunks() {
      for (let line = 1; line < lines; line++) yield resultLine(line, LINE_BYTES);
      yield resultLine(lines, LINE_BYTES + (size % LINE_BYTES));
    },
  };
}

function resultLine(number: number, bytes: number): Buffer {
  const line = (text: string) =>
    `${JSON.stringify({
      key: `request-${String(number).padStart(9, '0')}`,
      response: {
        candidates: [{ content: { parts: [{ text }], role: 'model' }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 160, totalTokenCount: 164 },
      },
    })}\n`;
  return Buffer.from(line('x'.repeat(bytes - line('').length)));
}
