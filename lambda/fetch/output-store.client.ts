/** Outputs in S3, each written once: nothing that is there is ever replaced. */
import { setTimeout as wait } from 'node:timers/promises';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { readManifest } from '../events/manifest.client.ts';
import type { Manifest } from '../events/manifest.ts';
import type { Download } from '../gemini/ports.ts';
import { storeUnavailable, TransientError } from '../shared/errors.ts';
import type { Wait } from '../shared/ports.ts';
import { writeOnce } from './conditional-write.client.ts';
import { PART_BYTES, S3OutputWriter } from './output-writer.client.ts';
import type { ByteObserver, OutputStore, OutputWriter } from './ports.ts';

const JSON_TYPE = 'application/json';

export class S3OutputStore implements OutputStore {
  readonly bucket: string;
  readonly partBytes = PART_BYTES;
  readonly #client: S3Client;
  readonly #wait: Wait;

  constructor(client: S3Client, bucket: string, pause: Wait = wait) {
    this.#client = client;
    this.bucket = bucket;
    this.#wait = pause;
  }

  open(key: string, contentType: string, signal: AbortSignal, observer?: ByteObserver): OutputWriter {
    const place = { Bucket: this.bucket, Key: key };
    return new S3OutputWriter({ client: this.#client, place, contentType, signal, observer, wait: this.#wait });
  }

  async read(key: string, signal: AbortSignal): Promise<Download | undefined> {
    const command = new GetObjectCommand({ Bucket: this.bucket, Key: key });
    try {
      const { Body, ContentLength } = await this.#client.send(command, { abortSignal: signal });
      return { chunks: readAll(Body as AsyncIterable<Uint8Array> | undefined, signal), bytes: ContentLength };
    } catch (cause) {
      if (cause instanceof NoSuchKey) return undefined;
      throw broken('An output cannot be read', cause, signal);
    }
  }

  readManifest(key: string): Promise<Manifest | undefined> {
    return readManifest(this.#client, this.bucket, key);
  }

  async writeManifest(key: string, manifest: Manifest): Promise<boolean> {
    const command = {
      Bucket: this.bucket,
      Key: key,
      Body: `${JSON.stringify(manifest, null, 2)}\n`,
      ContentType: JSON_TYPE,
      IfNoneMatch: '*',
      ChecksumAlgorithm: 'SHA256' as const,
    };
    try {
      return (await writeOnce(() => this.#client.send(new PutObjectCommand(command)), this.#wait)) !== undefined;
    } catch (cause) {
      throw storeUnavailable('The manifest cannot be written', cause);
    }
  }
}

async function* readAll(body: AsyncIterable<Uint8Array> | undefined, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* body ?? [];
  } catch (cause) {
    throw broken('S3 broke off an output', cause, signal);
  }
}

function broken(message: string, cause: unknown, signal: AbortSignal): TransientError {
  if (!signal.aborted) return storeUnavailable(message, cause);
  return new TransientError('ERR_FETCH_TIMED_OUT', 'The time of the function ran out while an output was read');
}
