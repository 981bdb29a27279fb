/** The objects of one job on their way into the bucket: counted, limited in size, and aborted together. */
import { PermanentError } from '../domain/errors.ts';
import type { ManifestObject } from '../domain/manifest.ts';
import type { Sink } from './json-extract.ts';
import type { ByteObserver, OutputStore, OutputWriter } from './ports.ts';

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
  readonly #open = new Set<OutputWriter>();
  readonly #objects: ManifestObject[] = [];
  readonly #notes: string[] = [];
  #counts: Readonly<Record<string, number>> = {};
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

  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  get notes(): readonly string[] {
    return this.#notes;
  }

  count(counts: Readonly<Record<string, number>>): void {
    this.#counts = { ...this.#counts, ...counts };
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** @throws PermanentError `ERR_OUTPUT_TOO_LARGE` when so many bytes more would be too many */
  expect(bytes: number): void {
    if (this.#bytes + bytes > this.#options.maxBytes) {
      throw new PermanentError('ERR_OUTPUT_TOO_LARGE', `The outputs are over ${this.#options.maxBytes} bytes`);
    }
  }

  open(name: string, contentType: string, source: string, observer?: ByteObserver): Sink {
    const { store, prefix, signal } = this.#options;
    const key = prefix + name;
    const writer = store.open(key, contentType, signal, observer);
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

  /** Leaves nothing behind. Never rejects. */
  async abort(): Promise<void> {
    await Promise.all([...this.#open].map((writer) => writer.abort()));
    this.#open.clear();
  }
}
