/** What landed for a job: its manifests, found by the place that the ledger knows. */
import { GetObjectCommand, ListObjectsV2Command, NoSuchKey } from '@aws-sdk/client-s3';
import { MANIFEST_NAME } from '../lambda/contract.ts';
import { type Deployment, resourceOf } from './deployment.ts';

interface Manifest {
  readonly outcome: string;
  readonly job: { readonly status: string; readonly createdAt: string | null; readonly endedAt: string | null };
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly objects: readonly { readonly key: string; readonly bytes: number }[];
  readonly timings: { readonly startedAt: string; readonly finishedAt: string };
}

export interface FoundManifest {
  readonly bucket: string;
  readonly key: string;
  readonly manifest: Manifest;
}

/** Of one job: a fetch that failed leaves one beside that of a later one. @param manifestKey of any of them */
export async function findManifests(deployment: Deployment, manifestKey: string): Promise<readonly FoundManifest[]> {
  const Bucket = resourceOf(deployment, 'AWS::S3::Bucket', 'OutputBucketOutputs');
  const { s3 } = deployment.clients;
  const Prefix = manifestKey
    .split('/')
    .slice(0, -2)
    .map((part) => `${part}/`)
    .join('');
  const { CommonPrefixes = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, Delimiter: '/' }));
  const found: FoundManifest[] = [];
  for (const { Prefix: folder } of CommonPrefixes) {
    const key = `${folder}${MANIFEST_NAME}`;
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
      found.push({ bucket: Bucket, key, manifest: JSON.parse((await Body?.transformToString()) ?? '{}') });
    } catch (error) {
      // Objects without a manifest are a landing that is under way.
      if (!(error instanceof NoSuchKey)) throw error;
    }
  }
  return found;
}
