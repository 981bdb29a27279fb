/** Outputs in S3. An object of one part is put, a larger one is uploaded in parts; neither can be seen before its end. */
import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { ByteObserver, OutputStore, OutputWriter } from '../app/ports.ts';
import { Manifest } from '../domain/manifest.ts';
import { S3OutputWriter, unavailable } from './s3-output-writer.ts';

const JSON_TYPE = 'application/json';

export class S3OutputStore implements OutputStore {
  readonly bucket: string;
  readonly #client: S3Client;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.bucket = bucket;
  }

  open(key: string, contentType: string, signal: AbortSignal, observer?: ByteObserver): OutputWriter {
    const place = { Bucket: this.bucket, Key: key };
    return new S3OutputWriter({ client: this.#client, place, contentType, signal, observer });
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
