/** The objects of one job on their way into the bucket: counted, limited in size, and aborted together. */
import { createHash } from 'node:crypto';
import type { ManifestObject } from '../events/manifest.ts';
import { PermanentError, TransientError } from '../shared/errors.ts';
import type { Sink } from './json/extract.ts';
import { JsonLinesCounter } from './lines-counter.ts';
import type { OutputStore, OutputWriter, WrittenObject } from './ports.ts';

/** How many objects are completed at a time; a small one is in memory until it is. */
const FINISHING_AT_A_TIME = 4;

export interface StoringOptions {
  readonly store: OutputStore;
  /** Ends with a slash. */
  readonly prefix: string;
  /** Of all objects together. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface DescribedObject {
  readonly name: string;
  readonly contentType: string;
  readonly origin: string;
  /** Whether it is JSON Lines, whose lines and errors are counted. */
  readonly isLines?: boolean;
}

export interface ObjectSink extends Sink {
  writePart: OutputWriter['writePart'];
  /** Never rejects. */
  abort(): Promise<void>;
}

export class Storing {
  readonly #options: StoringOptions;
  readonly #open = new Set<OutputWriter>();
  /** In the order in which they were begun. */
  readonly #objects: (ManifestObject | undefined)[] = [];
  readonly #notes: string[] = [];
  readonly #finishing = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #counts: Readonly<Record<string, number>> = {};
  /** Of what came so far, finished or not. */
  #bytes = 0;

  constructor(options: StoringOptions) {
    this.#options = options;
  }

  get partBytes(): number {
    return this.#options.store.partBytes;
  }

  get objects(): readonly ManifestObject[] {
    return this.#objects.filter((object) => object !== undefined);
  }

  get bytes(): number {
    return this.objects.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  get notes(): readonly string[] {
    return this.#notes;
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** @throws PermanentError `ERR_OUTPUT_TOO_LARGE` when so many bytes more would be too many */
  expect(bytes: number): void {
    const { maxBytes } = this.#options;
    const sum = this.#bytes + bytes;
    if (sum <= maxBytes) return;
    throw new PermanentError(
      'ERR_OUTPUT_TOO_LARGE',
      `The outputs have at least ${sum} bytes, and ${maxBytes} may be stored`,
    );
  }

  open(described: DescribedObject): ObjectSink {
    const { store, prefix, signal } = this.#options;
    const counter = described.isLines ? new JsonLinesCounter() : undefined;
    const writer = store.open(prefix + described.name, described.contentType, signal, counter);
    const place = this.#objects.push(undefined) - 1;
    let written = 0;
    const grow = (bytes: number) => {
      this.expect(bytes);
      this.#bytes += bytes;
      written += bytes;
    };
    this.#open.add(writer);
    return {
      write: async (chunk) => {
        grow(chunk.length);
        await writer.write(chunk);
      },
      writePart: (index, fill) =>
        writer.writePart(index, async (buffer) => {
          const bytes = await fill(buffer);
          grow(bytes);
          return bytes;
        }),
      finish: () =>
        this.#finishSoon(async () => {
          const own = await writer.finish();
          this.#open.delete(writer);
          const object = own ?? (await this.#readBack(described));
          if (object === undefined) {
            throw new TransientError(
              'ERR_STORE_UNAVAILABLE',
              'S3 refused an output as if there were one, and has none',
            );
          }
          this.#keep(place, described, object, own && counter);
        }),
      abort: async () => {
        this.#open.delete(writer);
        this.#bytes -= written;
        await writer.abort();
      },
    };
  }

  /** Takes an object that an earlier attempt left for the one that would be written. False when there is none. */
  async adopt(described: DescribedObject): Promise<boolean> {
    const place = this.#objects.push(undefined) - 1;
    const object = await this.#readBack(described);
    if (object === undefined) return false;
    this.#bytes += object.bytes;
    this.#keep(place, described, object, undefined);
    return true;
  }

  /** Every object is in the bucket. @throws what one of them failed by */
  async settle(): Promise<void> {
    await Promise.all(this.#finishing);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Leaves nothing behind. Never rejects. */
  async abort(): Promise<void> {
    await Promise.all(this.#finishing);
    await Promise.all([...this.#open].map((writer) => writer.abort()));
    this.#open.clear();
  }

  /** Resolves when few enough others are under way; what fails is thrown by the next call, or by `settle`. */
  async #finishSoon(step: () => Promise<void>): Promise<void> {
    while (this.#finishing.size >= FINISHING_AT_A_TIME) await Promise.race(this.#finishing);
    if (this.#failure !== undefined) throw this.#failure.error;
    const finishing = step()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#finishing.delete(finishing));
    this.#finishing.add(finishing);
  }

  /** What is in the bucket is what the manifest has to say, and no object there is ever replaced. */
  async #readBack(described: DescribedObject): Promise<WrittenObject | undefined> {
    const { store, prefix, signal } = this.#options;
    const found = await store.read(prefix + described.name, signal);
    if (found === undefined) return undefined;
    const hash = createHash('sha256');
    const counter = described.isLines ? new JsonLinesCounter() : undefined;
    let bytes = 0;
    for await (const chunk of found.chunks) {
      hash.update(chunk);
      counter?.write(chunk);
      bytes += chunk.length;
    }
    this.#counts = { ...this.#counts, ...counter?.counts };
    return { bytes, sha256: hash.digest('hex') };
  }

  #keep(
    place: number,
    { name, contentType, origin }: DescribedObject,
    { bytes, sha256 }: WrittenObject,
    counter: JsonLinesCounter | undefined,
  ): void {
    this.#objects[place] = { key: this.#options.prefix + name, bytes, sha256, contentType, origin };
    this.#counts = { ...this.#counts, ...counter?.counts };
  }
}
