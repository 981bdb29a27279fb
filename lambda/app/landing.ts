/** The objects of one job on their way into the bucket: counted, limited in size, and aborted together. */
import { PermanentError } from '../domain/errors.ts';
import type { ManifestObject } from '../domain/manifest.ts';
import type { Sink } from './json-extract.ts';
import type { OutputStore, OutputWriter } from './ports.ts';

export interface LandingOptions {
  readonly store: OutputStore;
  /** Ends with a slash. */
  readonly prefix: string;
  /** Of all objects together. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export class Landing {
  readonly #options: LandingOptions;
  readonly #objects: ManifestObject[] = [];
  readonly #open = new Set<OutputWriter>();
  #bytes = 0;

  constructor(options: LandingOptions) {
    this.#options = options;
  }

  get objects(): readonly ManifestObject[] {
    return this.#objects;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws PermanentError `ERR_OUTPUT_TOO_LARGE` when so many bytes more would be too many */
  expect(bytes: number): void {
    if (this.#bytes + bytes > this.#options.maxBytes) {
      throw new PermanentError('ERR_OUTPUT_TOO_LARGE', `The outputs are over ${this.#options.maxBytes} bytes`);
    }
  }

  open(name: string, contentType: string, source: string): Sink {
    const { store, prefix, signal } = this.#options;
    const key = prefix + name;
    const writer = store.open(key, contentType, signal);
    this.#open.add(writer);
    return {
      write: async (chunk) => {
        this.expect(chunk.length);
        this.#bytes += chunk.length;
        await writer.write(chunk);
      },
      finish: async () => {
        const { bytes, sha256 } = await writer.finish();
        this.#open.delete(writer);
        this.#objects.push({ key, bytes, sha256, contentType, source });
      },
    };
  }

  /** Never rejects. */
  async abort(): Promise<void> {
    await Promise.all([...this.#open].map((writer) => writer.abort()));
    this.#open.clear();
  }
}
