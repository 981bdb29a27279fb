/**
 * One object on its way into S3: put when it is smaller than a part, else uploaded in parts, which another process may go on
 * with.
 */
import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { createSHA256, type IHasher } from 'hash-wasm';
import type { OutputWriter, ResumableOptions, UploadState } from '../app/ports.ts';
import { PermanentError, TransientError } from '../domain/errors.ts';

const MIB = 1024 * 1024;
/**
 * S3 allows 10,000 parts of an upload: they grow, so that small outputs need little memory and together they hold 390 GiB.
 * One is filled while another is on its way. The size depends on the number alone, so that an upload can be gone on with.
 */
const PART_SIZES = [
  { upTo: 2000, bytes: 8 * MIB },
  { upTo: 6000, bytes: 32 * MIB },
  { upTo: 10_000, bytes: 64 * MIB },
] as const;
/** How many parts an upload may lose when its process dies. */
const CHECKPOINT_PARTS = 16;

interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

interface WriterOptions {
  readonly client: S3Client;
  readonly place: Place;
  readonly contentType: string;
  readonly signal: AbortSignal;
  readonly resumable: ResumableOptions | undefined;
}

export class S3OutputWriter implements OutputWriter {
  readonly #options: WriterOptions;
  readonly #from: UploadState | undefined;
  readonly #etags: string[];
  /** Of an upload in parts: its state can be saved, and Node's own cannot. */
  #hash: IHasher | undefined;
  #bytes: number;
  #part: Buffer = Buffer.alloc(0);
  /** The buffer of the part that is on its way; free when the next one is sent. */
  #spare: Buffer | undefined;
  #filled = 0;
  /** Of the part that is being filled, from 0. */
  #partIndex: number;
  /** How many parts the last checkpoint has. */
  #savedParts: number;
  /** The store does not know the upload any more. */
  #isGone = false;
  #uploadId: string | undefined;
  /** After the last part that is in the store. */
  #settled: UploadState | undefined;
  /** The part on its way; settles without rejecting, so that nobody need be listening. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#from = options.resumable?.from;
    this.#settled = this.#from;
    this.#uploadId = this.#from?.uploadId;
    this.#etags = [...(this.#from?.etags ?? [])];
    this.#partIndex = this.#etags.length;
    this.#savedParts = this.#etags.length;
    this.#bytes = this.#from?.bytes ?? 0;
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
    const { client, place, contentType, resumable } = this.#options;
    const rest = this.#part.subarray(0, this.#filled);
    if (this.#uploadId === undefined) {
      resumable?.observer?.write(rest);
      const command = new PutObjectCommand({ ...place, Body: rest, ContentType: contentType });
      await this.#within((options) => client.send(command, options));
      return { bytes: this.#bytes, sha256: createHash('sha256').update(rest).digest('hex') };
    }
    // An upload that was gone on with may have ended with a full part, and none may be empty.
    if (rest.length > 0) await this.#sendPart(rest);
    await this.#settle(1);
    const hash = await this.#hasher();
    await this.#complete(this.#uploadId);
    return { bytes: this.#bytes, sha256: hash.digest('hex') };
  }

  /**
   * Takes S3 up to minutes for many parts, and is not within the time limit: should the process end before the answer, the
   * next one asks for it again. An upload that was completed is unknown from then on, and its object is there.
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
   */
  async #complete(UploadId: string): Promise<void> {
    const { client, place } = this.#options;
    const Parts = this.#etags.map((ETag, index) => ({ PartNumber: index + 1, ETag }));
    try {
      await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
    } catch (cause) {
      this.#isGone = isNoSuchUpload(cause);
      if (this.#isGone && (await this.#isThere())) return;
      throw unavailable('S3 did not complete the upload', cause);
    }
  }

  /** Whether the object is the one that these parts make. */
  async #isThere(): Promise<boolean> {
    const { client, place } = this.#options;
    const command = new ListObjectsV2Command({ Bucket: place.Bucket, Prefix: place.Key, MaxKeys: 1 });
    const { Contents: [found] = [] } = await client.send(command).catch((cause: unknown) => {
      throw unavailable('S3 did not tell whether the output is there', cause);
    });
    return found?.Key === place.Key && found.ETag === etagOf(this.#etags);
  }

  async abort(): Promise<void> {
    const { client, place } = this.#options;
    await this.#sending;
    if (this.#uploadId === undefined) return;
    const command = new AbortMultipartUploadCommand({ ...place, UploadId: this.#uploadId });
    // The bucket's lifecycle aborts what stays behind.
    await client.send(command).catch(() => {});
  }

  async suspend(): Promise<UploadState | undefined> {
    await this.#sending;
    return this.#isGone ? undefined : this.#settled;
  }

  /** Small objects get small buffers: the buffer grows to a part's size, and only a full part is sent. */
  async #nextPart(needed: number): Promise<void> {
    const partBytes = bytesOfPart(this.#partIndex);
    if (this.#filled < partBytes) {
      const size = Math.min(partBytes, Math.max(64 * 1024, 4 * this.#filled, this.#filled + needed));
      const larger = Buffer.allocUnsafeSlow(size);
      this.#part.copy(larger, 0, 0, this.#filled);
      this.#part = larger;
      return;
    }
    await this.#startUpload();
    const full = this.#part;
    await this.#sendPart(full);
    // Two buffers take turns: new ones would wait for the garbage collector, and a GiB of them with it.
    const size = bytesOfPart(this.#partIndex);
    this.#part = this.#spare?.length === size ? this.#spare : Buffer.allocUnsafeSlow(size);
    this.#spare = full;
    this.#filled = 0;
  }

  async #startUpload(): Promise<void> {
    if (this.#uploadId !== undefined) return;
    const { client, place, contentType, resumable } = this.#options;
    const command = new CreateMultipartUploadCommand({ ...place, ContentType: contentType });
    // Not within the time limit: an upload whose id is not known cannot be aborted.
    const { UploadId } = await this.#within(() => client.send(command));
    if (UploadId === undefined) throw unavailable('S3 gave no upload id', undefined);
    this.#uploadId = UploadId;
    if (resumable === undefined) return;
    // Before its first part, so that no upload is forgotten when the process dies.
    this.#settled = await this.#state(UploadId, 0);
    await resumable.checkpoint(this.#settled);
  }

  /** Returns when the part before this one is done: one is filled while one is sent. */
  async #sendPart(body: Uint8Array): Promise<void> {
    await this.#settle();
    const { client, place, resumable } = this.#options;
    const UploadId = this.#uploadId ?? '';
    const hash = await this.#hasher();
    hash.update(body);
    resumable?.observer?.write(body);
    const PartNumber = this.#etags.length + 1;
    const bytes = (this.#settled?.bytes ?? 0) + body.length;
    const after = resumable && (await this.#state(UploadId, bytes));
    const command = new UploadPartCommand({ ...place, UploadId, PartNumber, Body: body });
    this.#sending = this.#within((options) => client.send(command, options)).then(
      ({ ETag = '' }) => {
        this.#etags.push(ETag);
        this.#settled = after && { ...after, etags: [...this.#etags] };
      },
      (error: unknown) => error,
    );
    this.#partIndex = PartNumber;
  }

  /** @param parts that have to be new for a checkpoint */
  async #settle(parts: number = CHECKPOINT_PARTS): Promise<void> {
    const error = await this.#sending;
    if (error !== undefined) throw error;
    const { resumable } = this.#options;
    if (resumable === undefined || this.#settled === undefined) return;
    if (this.#etags.length - this.#savedParts < parts) return;
    this.#savedParts = this.#etags.length;
    await resumable.checkpoint(this.#settled);
  }

  async #state(uploadId: string, bytes: number): Promise<UploadState> {
    const hash = await this.#hasher();
    return {
      uploadId,
      etags: [...this.#etags],
      bytes,
      sha256: Buffer.from(hash.save()).toString('base64'),
      observer: this.#options.resumable?.observer?.save(),
    };
  }

  async #hasher(): Promise<IHasher> {
    if (this.#hash !== undefined) return this.#hash;
    this.#hash = await createSHA256();
    this.#hash.init();
    if (this.#from !== undefined) this.#hash.load(Buffer.from(this.#from.sha256, 'base64'));
    return this.#hash;
  }

  /** `call` is `client.send` of one command: its overloads cannot be passed through. */
  async #within<Output>(call: (options: { abortSignal: AbortSignal }) => Promise<Output>): Promise<Output> {
    const { signal } = this.#options;
    try {
      return await call({ abortSignal: signal });
    } catch (cause) {
      this.#isGone ||= isNoSuchUpload(cause);
      if (signal.aborted) {
        throw new TransientError('ERR_FETCH_TIMED_OUT', 'The time of the function ran out during an upload');
      }
      throw unavailable('S3 did not take the output', cause);
    }
  }
}

/** @param index from 0 */
function bytesOfPart(index: number): number {
  const size = PART_SIZES.find(({ upTo }) => index < upTo);
  if (size !== undefined) return size.bytes;
  throw new PermanentError('ERR_OUTPUT_TOO_LARGE', 'The output is over the 390 GiB of 10,000 parts');
}

function isNoSuchUpload(cause: unknown): boolean {
  return cause instanceof S3ServiceException && cause.name === 'NoSuchUpload';
}

/**
 * Of an object in parts, as S3 makes it where it does not encrypt with KMS: the MD5 of the parts' MD5s, and their number.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
function etagOf(parts: readonly string[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part.replaceAll('"', ''), 'hex');
  return `"${hash.digest('hex')}-${parts.length}"`;
}

export function unavailable(message: string, cause: unknown): TransientError {
  return new TransientError('ERR_STORE_UNAVAILABLE', message, { cause });
}
