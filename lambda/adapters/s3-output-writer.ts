/** One object on its way into S3: put when it is smaller than a part, else uploaded in parts. */
import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { ByteObserver, OutputWriter } from '../app/ports.ts';
import { TransientError } from '../domain/errors.ts';

/** S3 takes 10,000 of them, 78 GiB. One is filled while another is on its way. */
const PART_BYTES = 8 * 1024 * 1024;

interface WriterOptions {
  readonly client: S3Client;
  readonly place: { readonly Bucket: string; readonly Key: string };
  readonly contentType: string;
  readonly signal: AbortSignal;
  readonly observer: ByteObserver | undefined;
}

export class S3OutputWriter implements OutputWriter {
  readonly #options: WriterOptions;
  readonly #hash = createHash('sha256');
  readonly #etags: string[] = [];
  #bytes = 0;
  #part: Buffer = Buffer.alloc(0);
  /** The buffer of the part that is on its way; free when the next one is sent. */
  #spare: Buffer | undefined;
  #filled = 0;
  #uploadId: string | undefined;
  /** The part on its way; settles without rejecting, so that nobody need be listening. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#bytes += chunk.length;
    for (let offset = 0; offset < chunk.length; ) {
      if (this.#filled === this.#part.length) await this.#nextPart(chunk.length - offset);
      const taken = Math.min(chunk.length - offset, this.#part.length - this.#filled);
      this.#part.set(chunk.subarray(offset, offset + taken), this.#filled);
      this.#filled += taken;
      offset += taken;
    }
  }

  async finish(): Promise<{ bytes: number; sha256: string }> {
    const { client, place, contentType, signal } = this.#options;
    const rest = this.#part.subarray(0, this.#filled);
    if (this.#uploadId === undefined) {
      this.#see(rest);
      const command = new PutObjectCommand({ ...place, Body: rest, ContentType: contentType });
      await this.#within(client.send(command, { abortSignal: signal }));
    } else {
      await this.#sendPart(rest);
      await this.#settled();
      const Parts = this.#etags.map((ETag, index) => ({ PartNumber: index + 1, ETag }));
      const completed = { ...place, UploadId: this.#uploadId, MultipartUpload: { Parts } };
      await this.#within(client.send(new CompleteMultipartUploadCommand(completed), { abortSignal: signal }));
    }
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async abort(): Promise<void> {
    const { client, place } = this.#options;
    await this.#sending;
    if (this.#uploadId === undefined) return;
    const command = new AbortMultipartUploadCommand({ ...place, UploadId: this.#uploadId });
    // The bucket's lifecycle aborts what stays behind.
    await client.send(command).catch(() => {});
  }

  /** Small objects get small buffers: the buffer grows to a part's size, and only a full part is sent. */
  async #nextPart(needed: number): Promise<void> {
    if (this.#filled < PART_BYTES) {
      const size = Math.min(PART_BYTES, Math.max(64 * 1024, 4 * this.#filled, this.#filled + needed));
      const larger = Buffer.allocUnsafeSlow(size);
      this.#part.copy(larger, 0, 0, this.#filled);
      this.#part = larger;
      return;
    }
    const full = this.#part;
    await this.#startUpload();
    await this.#sendPart(full);
    // Two buffers take turns: new ones would wait for the garbage collector, and a GiB of them with it.
    this.#part = this.#spare ?? Buffer.allocUnsafeSlow(PART_BYTES);
    this.#spare = full;
    this.#filled = 0;
  }

  async #startUpload(): Promise<void> {
    if (this.#uploadId !== undefined) return;
    const { client, place, contentType } = this.#options;
    const command = new CreateMultipartUploadCommand({ ...place, ContentType: contentType });
    // Not within the time limit: an upload whose id is not known cannot be aborted.
    const { UploadId } = await this.#within(client.send(command));
    if (UploadId === undefined) throw unavailable('S3 gave no upload id', undefined);
    this.#uploadId = UploadId;
  }

  /** Returns when the part before this one is done: one is filled while one is sent. */
  async #sendPart(body: Uint8Array): Promise<void> {
    await this.#settled();
    this.#see(body);
    const { client, place, signal } = this.#options;
    const part = { ...place, UploadId: this.#uploadId, PartNumber: this.#etags.length + 1, Body: body };
    this.#sending = this.#within(client.send(new UploadPartCommand(part), { abortSignal: signal })).then(
      ({ ETag = '' }) => void this.#etags.push(ETag),
      (error: unknown) => error,
    );
  }

  async #settled(): Promise<void> {
    const error = await this.#sending;
    if (error !== undefined) throw error;
  }

  #see(body: Uint8Array): void {
    this.#hash.update(body);
    this.#options.observer?.write(body);
  }

  async #within<Output>(call: Promise<Output>): Promise<Output> {
    try {
      return await call;
    } catch (cause) {
      if (this.#options.signal.aborted) {
        throw new TransientError('ERR_FETCH_TIMED_OUT', 'The time of the function ran out during an upload');
      }
      throw unavailable('S3 did not take the output', cause);
    }
  }
}

export function unavailable(message: string, cause: unknown): TransientError {
  return new TransientError('ERR_STORE_UNAVAILABLE', message, { cause });
}
