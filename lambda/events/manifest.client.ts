/** Reads manifests out of the bucket. */
import { GetObjectCommand, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';
import { storeUnavailable } from '../shared/errors.ts';
import { Manifest } from './manifest.ts';

/** Undefined when there is no such object. @throws TransientError `ERR_STORE_UNAVAILABLE` */
export async function readManifest(client: S3Client, Bucket: string, Key: string): Promise<Manifest | undefined> {
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    return Manifest.parse(JSON.parse((await Body?.transformToString()) ?? ''));
  } catch (cause) {
    if (cause instanceof NoSuchKey) return undefined;
    throw storeUnavailable('The manifest cannot be read', cause);
  }
}
