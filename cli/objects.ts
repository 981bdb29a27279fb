/** What is stored for a job: its manifests, found by the place that the ledger knows. */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  NoSuchKey,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { MANIFEST_NAME } from '../lambda/contract.ts';
import type { Deployment } from './deployment.ts';

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

/** `…/job=<id>/<status>/manifest.json` is beside the other attempts at the job. */
export function folderOf(manifestKey: string): string {
  return manifestKey
    .split('/')
    .slice(0, -2)
    .map((part) => `${part}/`)
    .join('');
}

/** Of one job: a fetch that failed leaves one beside that of a later one. @param manifestKey of any of them */
export async function findManifests(
  { clients: { s3 }, description: { outputBucket: Bucket } }: Deployment,
  manifestKey: string,
): Promise<readonly FoundManifest[]> {
  const { CommonPrefixes = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket, Prefix: folderOf(manifestKey), Delimiter: '/' }),
  );
  const found: FoundManifest[] = [];
  for (const { Prefix: folder } of CommonPrefixes) {
    const key = `${folder}${MANIFEST_NAME}`;
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
      found.push({ bucket: Bucket, key, manifest: JSON.parse((await Body?.transformToString()) ?? '{}') });
    } catch (error) {
      // Objects without a manifest are a fetch that is under way.
      if (!(error instanceof NoSuchKey)) throw error;
    }
  }
  return found;
}

interface Version {
  readonly Key: string | undefined;
  readonly VersionId: string | undefined;
}

/** Those right under a prefix. */
export async function listFolders(
  { clients: { s3 }, description: { outputBucket: Bucket } }: Deployment,
  Prefix: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { CommonPrefixes = [] } of paginateListObjectsV2(
    { client: s3 },
    { Bucket, Prefix, Delimiter: '/' },
  )) {
    found.push(...CommonPrefixes.flatMap((folder) => folder.Prefix ?? []));
  }
  return found;
}

/** Every version of every object, delete markers too. */
export async function listVersions(
  { clients: { s3 }, description: { outputBucket: Bucket } }: Deployment,
  Prefix: string,
): Promise<readonly Version[]> {
  const found: Version[] = [];
  let marker: { readonly KeyMarker?: string | undefined; readonly VersionIdMarker?: string | undefined } | undefined =
    {};
  while (marker !== undefined) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({ Bucket, Prefix, ...marker }),
    );
    const { Versions = [], DeleteMarkers = [], NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
    found.push(...[...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId })));
    marker = page.IsTruncated ? { KeyMarker, VersionIdMarker } : undefined;
  }
  if (found.length > 0) return found;
  // A bucket that keeps no versions, as that of the local run.
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
    found.push(...Contents.map(({ Key }) => ({ Key, VersionId: undefined })));
  }
  return found;
}

/** As many as S3 takes in one call. */
const DELETED_PER_CALL = 1000;

/** @throws Error when S3 refuses one */
export async function deleteVersions(
  { clients: { s3 }, description: { outputBucket: Bucket } }: Deployment,
  versions: readonly Version[],
): Promise<void> {
  for (let from = 0; from < versions.length; from += DELETED_PER_CALL) {
    const Objects = versions.slice(from, from + DELETED_PER_CALL).map(({ Key, VersionId }) => ({ Key, VersionId }));
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    const [refused] = Errors;
    if (refused !== undefined) throw new Error(`S3 refuses to delete ${refused.Key}: ${refused.Message}`);
  }
}
