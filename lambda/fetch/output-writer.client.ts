/**
 * One object on its way into S3, which takes it only where none is: put when it is smaller than a part, else uploaded in
 * parts. S3 compares a checksum of whatever it gets: the SHA-256 that the manifest has for an object in one piece, the
 * CRC-32 of the whole for one in parts, whose SHA-256 it would know by part only.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { PermanentError, storeUnavailable, TransientError } from '../shared/errors.ts';
import type { Wait } from '../shared/ports.ts';
import { writeOnce } from './conditional-write.client.ts';
import { crc32Of, ObjectDigest } from './object-digest.ts';
import type { ByteObserver, OutputWriter, WrittenObject } from './ports.ts';

export const PART_BYTES = 8 * 1024 * 1024;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;

interface WriterOptions {
  readonly client: S3Client;
  readonly place: { readonly Bucket: string; readonly Key: string };
  readonly contentType: string;
  readonly signal: AbortSignal;
  readonly observer: ByteObserver | undefined;
  readonly wait: Wait;
}

export class S3OutputWriter implements OutputWriter {
  readonly #options: WriterOptions;
  readonly #digest: ObjectDigest;
  readonly #parts: CompletedPart[] = [];
  /** Of each part whether the digest has it; the next one waits for it. */
  readonly #digested: PromiseWithResolvers<void>[] = [];
  /** Parts on their way; they settle without rejecting. */
  readonly #sending = new Set<Promise<unknown>>();
  /** Buffers that are taken in turns: new ones would wait for the garbage collector, and a GiB of them with it. */
  readonly #spare: Buffer[] = [];
  #upload: Promise<string> | undefined;
  #part: Buffer = Buffer.alloc(0);
  #filled = 0;
  /** The part before the one that is being filled. */
  #before: Promise<void> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#digest = new ObjectDigest(options.observer);
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.length; ) {
      if (this.#filled === this.#part.length) await this.#makeRoom(chunk.length - offset);
      const taken = Math.min(chunk.length - offset, this.#part.length - this.#filled);
      this.#part.set(chunk.subarray(offset, offset + taken), this.#filled);
      this.#filled += taken;
      offset += taken;
    }
  }

  async writePart(index: number, fill: (buffer: Buffer) => Promise<number>): Promise<void> {
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(PART_BYTES);
    const upload = this.#startUpload();
    // Nobody may be listening yet.
    upload.catch(() => {});
    try {
      const body = buffer.subarray(0, await fill(buffer));
      await upload;
      await this.#sendPart(index, body);
    } catch (error) {
      this.#digestedOf(index).reject(error);
      throw error;
    } finally {
      this.#spare.push(buffer);
    }
  }

  async finish(): Promise<WrittenObject | undefined> {
    const { bytes, sha256 } = this.#upload === undefined ? await this.#put() : await this.#complete(await this.#upload);
    return sha256 && { bytes, sha256: sha256.toString('hex') };
  }

  async abort(): Promise<void> {
    await Promise.all(this.#sending);
    const UploadId = await this.#upload?.catch(() => undefined);
    if (UploadId === undefined) return;
    const { client, place } = this.#options;
    // The bucket's lifecycle aborts what stays behind.
    await client.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => {});
  }

  async #put(): Promise<{ bytes: number; sha256: Buffer | undefined }> {
    const { client, place, contentType, signal, wait } = this.#options;
    const body = this.#part.subarray(0, this.#filled);
    this.#digest.add(body);
    const sha256 = this.#digest.sha256();
    const command = {
      ...place,
      Body: body,
      ContentType: contentType,
      IfNoneMatch: '*',
      ChecksumAlgorithm: 'SHA256' as const,
      ChecksumSHA256: sha256.toString('base64'),
    };
    const put = () => client.send(new PutObjectCommand(command), { abortSignal: signal });
    const output = await this.#within(writeOnce(put, wait));
    return { bytes: body.length, sha256: output && sha256 };
  }

  async #complete(UploadId: string): Promise<{ bytes: number; sha256: Buffer | undefined }> {
    const { client, place, signal, wait } = this.#options;
    if (this.#filled > 0) await this.#sendStreamed();
    await this.#before;
    const command = {
      ...place,
      UploadId,
      MultipartUpload: { Parts: this.#parts },
      IfNoneMatch: '*',
      ChecksumType: 'FULL_OBJECT' as const,
      ChecksumCRC32: this.#digest.crc32,
      MpuObjectSize: this.#digest.bytes,
    };
    const complete = () => client.send(new CompleteMultipartUploadCommand(command), { abortSignal: signal });
    const output = await this.#within(writeOnce(complete, wait));
    if (output === undefined) await this.abort();
    return { bytes: this.#digest.bytes, sha256: output && this.#digest.sha256() };
  }

  /** Small objects get small buffers: the buffer grows to a part's size, and only a full part is sent. */
  async #makeRoom(needed: number): Promise<void> {
    if (this.#filled < PART_BYTES) {
      const size = Math.min(PART_BYTES, Math.max(64 * 1024, 4 * this.#filled, this.#filled + needed));
      const larger = Buffer.allocUnsafeSlow(size);
      this.#part.copy(larger, 0, 0, this.#filled);
      this.#part = larger;
      return;
    }
    await this.#startUpload();
    await this.#sendStreamed();
    this.#part = this.#spare.pop() ?? Buffer.allocUnsafeSlow(PART_BYTES);
  }

  /** Returns when the part before this one is done: one is filled while one is sent. */
  async #sendStreamed(): Promise<void> {
    await this.#before;
    const full = this.#part;
    this.#before = this.#sendPart(this.#parts.length, full.subarray(0, this.#filled)).finally(() =>
      this.#spare.push(full),
    );
    this.#before.catch(() => {});
    this.#filled = 0;
  }

  /** Not within the time limit: an upload whose id is not known cannot be aborted. */
  #startUpload(): Promise<string> {
    const { client, place, contentType } = this.#options;
    const command = {
      ...place,
      ContentType: contentType,
      ChecksumAlgorithm: 'CRC32' as const,
      ChecksumType: 'FULL_OBJECT' as const,
    };
    this.#upload ??= this.#within(client.send(new CreateMultipartUploadCommand(command))).then(({ UploadId }) => {
      if (UploadId === undefined) throw storeUnavailable('S3 gave no upload id', undefined);
      return UploadId;
    });
    return this.#upload;
  }

  /** Sent at once, digested in its turn. */
  async #sendPart(index: number, body: Buffer): Promise<void> {
    if (index >= MAX_PARTS) {
      throw new PermanentError('ERR_OUTPUT_TOO_LARGE', `The output is over the 78 GiB of ${MAX_PARTS} parts`);
    }
    const { client, place, signal } = this.#options;
    const PartNumber = index + 1;
    const ChecksumCRC32 = crc32Of(body);
    const command = {
      ...place,
      UploadId: await this.#upload,
      PartNumber,
      Body: body,
      ChecksumAlgorithm: 'CRC32' as const,
    };
    const sending = this.#within(
      client.send(new UploadPartCommand({ ...command, ChecksumCRC32 }), { abortSignal: signal }),
    );
    const settled = sending.catch(() => {});
    this.#sending.add(settled);
    try {
      if (index > 0) await this.#digestedOf(index - 1).promise;
      this.#digest.add(body);
      this.#digestedOf(index).resolve();
      const { ETag } = await sending;
      this.#parts[index] = { PartNumber, ETag, ChecksumCRC32 };
    } finally {
      // The buffer is given back after this.
      await settled;
      this.#sending.delete(settled);
    }
  }

  #digestedOf(index: number): PromiseWithResolvers<void> {
    const known = this.#digested[index] ?? Promise.withResolvers<void>();
    if (this.#digested[index] === undefined) known.promise.catch(() => {});
    this.#digested[index] = known;
    return known;
  }

  async #within<Output>(call: Promise<Output>): Promise<Output> {
    try {
      return await call;
    } catch (cause) {
      if (this.#options.signal.aborted) {
        throw new TransientError('ERR_FETCH_TIMED_OUT', 'The time of the function ran out during an upload');
      }
      throw storeUnavailable('S3 did not take the output', cause);
    }
  }
}
