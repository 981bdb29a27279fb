/** Outputs in S3. An object of one part is put, a larger one is uploaded in parts; neither can be seen before its end. */
import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { OutputStore, OutputWriter } from '../app/ports.ts';
import { TransientError } from '../domain/errors.ts';
import { Manifest } from '../domain/manifest.ts';

/** Times the 10,000 parts that S3 allows: 80 GiB. One is filled while another is on its way. */
const PART_BYTES = 8 * 1024 * 1024;
const JSON_TYPE = 'application/json';

export class S3OutputStore implements OutputStore {
  readonly bucket: string;
  readonly #client: S3Client;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.bucket = bucket;
  }

  open(key: string, contentType: string, signal: AbortSignal): OutputWriter {
    return new S3OutputWriter(this.#client, { Bucket: this.bucket, Key: key }, contentType, signal);
  }

  async readManifest(key: string): Promise<Manifest | undefined> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
      return Manifest.parse(JSON.parse((await Body?.transformToString()) ?? ''));
    } catch (cause) {
      if (cause instanceof NoSuchKey) return undefined;
      throw unavailable('The manifest cannot be read', cause);
    }
  }

  async writeManifest(key: string, manifest: Manifest): Promise<boolean> {
    const command = new PutObjectCommand({
      Bucket: this.bucket,
      Key: key,
      Body: `${JSON.stringify(manifest, null, 2)}\n`,
      ContentType: JSON_TYPE,
      IfNoneMatch: '*',
    });
    try {
      await this.#client.send(command);
      return true;
    } catch (cause) {
      const status = cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined;
      // 412: it is there. A 409 means that another write is under way, and the SDK has repeated ours by then.
      if (status === 412) return false;
      throw unavailable('The manifest cannot be written', cause);
    }
  }
}

interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

class S3OutputWriter implements OutputWriter {
  readonly #client: S3Client;
  readonly #place: Place;
  readonly #contentType: string;
  readonly #signal: AbortSignal;
  readonly #hash = createHash('sha256');
  readonly #parts: { PartNumber: number; ETag: string | undefined }[] = [];
  #bytes = 0;
  #part: Buffer = Buffer.alloc(0);
  /** The buffer of the part that is on its way; free when the next one is sent. */
  #spare: Buffer | undefined;
  #filled = 0;
  #uploadId: string | undefined;
  /** The part on its way; settles without rejecting, so that nobody need be listening. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor(client: S3Client, place: Place, contentType: string, signal: AbortSignal) {
    this.#client = client;
    this.#place = place;
    this.#contentType = contentType;
    this.#signal = signal;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
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
    const rest = this.#part.subarray(0, this.#filled);
    if (this.#uploadId === undefined) {
      const command = new PutObjectCommand({ ...this.#place, Body: rest, ContentType: this.#contentType });
      await this.#within((options) => this.#client.send(command, options));
    } else {
      await this.#sendPart(rest);
      await this.#settled();
      const upload = { UploadId: this.#uploadId, MultipartUpload: { Parts: this.#parts } };
      const command = new CompleteMultipartUploadCommand({ ...this.#place, ...upload });
      await this.#within((options) => this.#client.send(command, options));
    }
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async abort(): Promise<void> {
    await this.#sending;
    if (this.#uploadId === undefined) return;
    const command = new AbortMultipartUploadCommand({ ...this.#place, UploadId: this.#uploadId });
    // The bucket's lifecycle aborts what stays behind.
    await this.#client.send(command).catch(() => {});
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
    await this.#startUpload();
    const full = this.#part;
    await this.#sendPart(full);
    // Two buffers take turns: new ones would wait for the garbage collector, and a GiB of them with it.
    this.#part = this.#spare ?? Buffer.allocUnsafeSlow(PART_BYTES);
    this.#spare = full;
    this.#filled = 0;
  }

  async #startUpload(): Promise<void> {
    if (this.#uploadId !== undefined) return;
    const command = new CreateMultipartUploadCommand({ ...this.#place, ContentType: this.#contentType });
    this.#uploadId = (await this.#within((options) => this.#client.send(command, options))).UploadId;
    if (this.#uploadId === undefined) throw unavailable('S3 gave no upload id', undefined);
  }

  /** Returns when the part before this one is done: one is filled while one is sent. */
  async #sendPart(body: Uint8Array): Promise<void> {
    await this.#settled();
    const PartNumber = this.#parts.length + 1;
    const part: { PartNumber: number; ETag: string | undefined } = { PartNumber, ETag: undefined };
    this.#parts.push(part);
    const command = new UploadPartCommand({ ...this.#place, UploadId: this.#uploadId, PartNumber, Body: body });
    this.#sending = this.#within((options) => this.#client.send(command, options)).then(
      ({ ETag }) => {
        part.ETag = ETag;
      },
      (error: unknown) => error,
    );
  }

  async #settled(): Promise<void> {
    const error = await this.#sending;
    if (error !== undefined) throw error;
  }

  /** `call` is `client.send` of one command: its overloads cannot be passed through. */
  async #within<Output>(call: (options: { abortSignal: AbortSignal }) => Promise<Output>): Promise<Output> {
    try {
      return await call({ abortSignal: this.#signal });
    } catch (cause) {
      if (this.#signal.aborted) {
        throw new TransientError('ERR_FETCH_TIMED_OUT', 'The time of the function ran out during an upload');
      }
      throw unavailable('S3 did not take the output', cause);
    }
  }
}

function unavailable(message: string, cause: unknown): TransientError {
  return new TransientError('ERR_STORE_UNAVAILABLE', message, { cause });
}
