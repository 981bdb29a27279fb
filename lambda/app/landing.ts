/** The objects of one job on their way into the bucket: counted, limited in size, and aborted or put away together. */
import { PermanentError } from '../domain/errors.ts';
import type { LandingProgress } from '../domain/landing-progress.ts';
import type { ManifestObject } from '../domain/manifest.ts';
import type { Sink } from './json-extract.ts';
import type { ByteObserver, Clock, LandingStore, OutputStore, OutputWriter, UploadState } from './ports.ts';

export interface LandingOptions {
  readonly store: OutputStore;
  readonly landings: LandingStore;
  readonly clock: Clock;
  /** Ends with a slash. */
  readonly prefix: string;
  /** Of all objects together. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

type FileProgress = NonNullable<LandingProgress['file']>;

/** What of a file does not change while it lands. */
export type FileIdentity = Omit<FileProgress, 'upload'>;

export class Landing {
  readonly #options: LandingOptions;
  readonly #open = new Set<OutputWriter>();
  /** As it was put away; undefined when this invocation began it. */
  readonly #found: LandingProgress | undefined;
  #progress: LandingProgress;
  /** The writer of the file, whose upload outlives this invocation if it must. */
  #file: { readonly identity: FileIdentity; readonly writer: OutputWriter } | undefined;
  /** Whether something of it may be put away. */
  #isSaved: boolean;
  /** Id of the upload that is known to be put away. */
  #savedUpload: string | undefined;
  #bytes: number;

  private constructor(options: LandingOptions, found: LandingProgress | undefined) {
    this.#options = options;
    this.#found = found;
    this.#isSaved = found !== undefined;
    this.#savedUpload = found?.file?.upload.uploadId;
    this.#progress = found
      ? { ...found, invocations: found.invocations + 1 }
      : { startedAt: options.clock().toISOString(), invocations: 1, objects: [], counts: {}, notes: [] };
    this.#bytes = this.#progress.objects.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Goes on where an earlier invocation was. */
  static async begin(options: LandingOptions): Promise<Landing> {
    return new Landing(options, await options.landings.load(options.prefix));
  }

  get progress(): LandingProgress {
    return this.#progress;
  }

  get objects(): readonly ManifestObject[] {
    return this.#progress.objects;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What is in the store, finished or not. */
  get storedBytes(): number {
    const { objects, file } = this.#progress;
    return objects.reduce((sum, { bytes }) => sum + bytes, file?.upload.bytes ?? 0);
  }

  /** Whether anything of this has come into the store since the landing was put away. */
  get hasAdvanced(): boolean {
    const { objects, file } = this.#progress;
    const before = this.#found?.file?.upload.bytes ?? 0;
    return objects.length > (this.#found?.objects.length ?? 0) || (file?.upload.bytes ?? 0) > before;
  }

  count(counts: Readonly<Record<string, number>>): void {
    this.#progress = { ...this.#progress, counts: { ...this.#progress.counts, ...counts } };
  }

  note(text: string): void {
    this.#progress = { ...this.#progress, notes: [...this.#progress.notes, text] };
  }

  /** @throws PermanentError `ERR_OUTPUT_TOO_LARGE` when so many bytes more would be too many */
  expect(bytes: number): void {
    if (this.#bytes + bytes > this.#options.maxBytes) {
      throw new PermanentError('ERR_OUTPUT_TOO_LARGE', `The outputs are over ${this.#options.maxBytes} bytes`);
    }
  }

  keyOf(name: string): string {
    return this.#options.prefix + name;
  }

  open(name: string, contentType: string, source: string): Sink {
    const { store, signal } = this.#options;
    const key = this.keyOf(name);
    return this.#sink({ key, contentType, source }, store.open(key, contentType, signal));
  }

  /** @param upload of an earlier invocation, to go on with */
  openFile(
    identity: FileIdentity,
    upload: FileProgress['upload'] | undefined,
    observer: ByteObserver | undefined,
  ): Sink {
    const { store, signal } = this.#options;
    const { fileId, key, contentType } = identity;
    const from = upload && { ...upload, etags: upload.etags.split(' ').filter(Boolean), observer: upload.observer };
    const checkpoint = (state: UploadState) => this.#save(identity, state);
    const writer = store.open(key, contentType, signal, { from, observer, checkpoint });
    this.#file = { identity, writer };
    this.#bytes += from?.bytes ?? 0;
    const sink = this.#sink({ key, contentType, source: `files/${fileId}` }, writer);
    return {
      write: sink.write,
      finish: async () => {
        await sink.finish();
        this.#file = undefined;
        if (this.#isSaved) await this.#forgetFile();
      },
    };
  }

  /** Begins the file again: what is there of it cannot be gone on with. */
  async restartFile(reason: string): Promise<void> {
    const { file, ...rest } = this.#progress;
    if (file === undefined) return;
    this.#progress = rest;
    this.note(reason);
    await this.#options.store.abort(file.key, file.upload.uploadId);
  }

  /** Leaves nothing behind. Never rejects. */
  async abort(): Promise<void> {
    const { store, landings, prefix } = this.#options;
    const { file } = this.#progress;
    await Promise.all([...this.#open].map((writer) => writer.abort()));
    if (file !== undefined && this.#file === undefined) await store.abort(file.key, file.upload.uploadId);
    if (this.#isSaved) await landings.forget(prefix).catch(() => {});
    this.#open.clear();
  }

  /** Keeps what there is of the file for the next invocation. Never rejects: the last checkpoint holds then. */
  async suspend(): Promise<void> {
    const file = this.#file;
    for (const writer of this.#open) if (writer !== file?.writer) await writer.abort();
    const state = await file?.writer.suspend();
    if (file !== undefined && state !== undefined) await this.#keep(file.identity, state);
    else if (file !== undefined && this.#isSaved) await this.#forgetFile().catch(() => {});
    this.#open.clear();
    this.#file = undefined;
  }

  /** The manifest is written. Never rejects: what stays behind expires. */
  async end(): Promise<void> {
    const { store, landings, prefix } = this.#options;
    const { file } = this.#progress;
    // Of a file that the job resource does not name any more.
    if (file !== undefined) await store.abort(file.key, file.upload.uploadId);
    if (this.#isSaved) await landings.forget(prefix).catch(() => {});
  }

  #sink(described: Pick<ManifestObject, 'key' | 'contentType' | 'source'>, writer: OutputWriter): Sink {
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
        const { key, contentType, source } = described;
        const objects = [...this.#progress.objects, { key, bytes, sha256, contentType, source }];
        this.#progress = { ...this.#progress, objects };
      },
    };
  }

  async #forgetFile(): Promise<void> {
    const { file: _, ...rest } = this.#progress;
    this.#progress = rest;
    await this.#options.landings.save(this.#options.prefix, rest);
  }

  /** An upload of which nothing could be put away is one that nobody would go on with. */
  async #keep(identity: FileIdentity, state: UploadState): Promise<void> {
    await this.#save(identity, state).catch(() => {});
    if (this.#savedUpload !== state.uploadId) await this.#options.store.abort(identity.key, state.uploadId);
  }

  async #save(identity: FileIdentity, { etags, ...upload }: UploadState): Promise<void> {
    const { landings, prefix } = this.#options;
    this.#progress = { ...this.#progress, file: { ...identity, upload: { ...upload, etags: etags.join(' ') } } };
    this.#isSaved = true;
    await landings.save(prefix, this.#progress);
    this.#savedUpload = upload.uploadId;
  }
}
