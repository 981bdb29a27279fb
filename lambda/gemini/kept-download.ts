/** A download that is kept while it is read, as long as it is small: what is asked for once need not be asked for again. */
import type { Download } from './ports.ts';

const LARGEST_KEPT = 4 * 1024 * 1024;

export class KeptDownload implements Download {
  readonly bytes: number | undefined;
  readonly #source: Download;
  #chunks: Uint8Array[] | undefined = [];
  #size = 0;
  #isWhole = false;

  constructor(source: Download) {
    this.#source = source;
    this.bytes = source.bytes;
  }

  /** The first reading. */
  get chunks(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  /** All of it once more; undefined when it was too large to be kept, or was not read to its end. */
  again(): Download | undefined {
    const chunks = this.#chunks;
    if (chunks === undefined || !this.#isWhole) return undefined;
    async function* kept() {
      yield* chunks ?? [];
    }
    return { chunks: kept(), bytes: this.#size };
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source.chunks) {
      this.#size += chunk.length;
      if (this.#size > LARGEST_KEPT) this.#chunks = undefined;
      this.#chunks?.push(chunk);
      yield chunk;
    }
    this.#isWhole = true;
  }
}
