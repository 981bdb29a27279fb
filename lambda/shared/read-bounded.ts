/** Reads a text, and no more than so much of it: who answers is not known to be who was asked. */

/** Without a byte order mark, which JSON's parsers may ignore and Node's does not (RFC 8259 §8.1). @returns undefined when it is longer */
export async function readBounded(
  { body }: { readonly body: AsyncIterable<Uint8Array> | null },
  maxBytes: number,
): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
