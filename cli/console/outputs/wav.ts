/** Raw samples as a file that browsers play: a header before them, and nothing is copied. */
import type { StoredObject } from '../source.ts';
import { wavHeader } from './content.ts';

export function playable(object: StoredObject, rate: number): StoredObject {
  const header = wavHeader(object.bytes, rate);
  return {
    bytes: header.length + object.bytes,
    contentType: 'audio/wav',
    async open(start, end) {
      const head = header.subarray(start, Math.min(end + 1, header.length));
      const rest =
        end < header.length ? undefined : await object.open(Math.max(0, start - header.length), end - header.length);
      return ReadableStream.from(joined(head, rest));
    },
  };
}

async function* joined(head: Buffer, rest: ReadableStream<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield new Uint8Array(head);
  if (rest !== undefined) yield* rest;
}
