/** Looks in the bucket whether a job stored. */
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { MANIFEST_NAME } from '../contract.ts';
import { jobKey } from '../events/event-key.ts';
import { readManifest } from '../events/manifest.client.ts';
import type { Manifest } from '../events/manifest.ts';
import { FETCH_FAILED, jobPrefix } from '../events/output-keys.ts';
import { knownSince, type LedgerEntry } from '../ledger/facts.ts';
import { storeUnavailable } from '../shared/errors.ts';
import type { StoredOutputs } from './missed-jobs.ts';

const DAY_MS = 24 * 3600_000;

interface Stored {
  readonly key: string;
  readonly manifest: Manifest;
}

export class S3StoredOutputs implements StoredOutputs {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async find(job: LedgerEntry): Promise<Stored | undefined> {
    for (const prefix of possiblePrefixes(job)) {
      const listing = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, Delimiter: '/' });
      const { CommonPrefixes = [] } = await this.#client.send(listing).catch(unavailable);
      for (const { Prefix = '' } of CommonPrefixes) {
        if (Prefix === `${prefix}${FETCH_FAILED}/`) continue;
        // There is none beside objects of a fetch that did not end.
        const key = Prefix + MANIFEST_NAME;
        const manifest = await readManifest(this.#client, this.#bucket, key);
        if (manifest !== undefined) return { key, manifest };
      }
    }
    return undefined;
  }
}

/** Events may spell the id `batch_abc` of what the resource, and so the key, calls `abc`. */
function possiblePrefixes(job: LedgerEntry): readonly string[] {
  const { project, jobType, jobId } = job;
  const key = jobKey(job);
  const names = new Set([jobId.slice(jobId.lastIndexOf('/') + 1), key.slice(key.lastIndexOf('#') + 1)]);
  return [...names].flatMap((jobName) =>
    possibleDates(job).map((createdAt) => jobPrefix({ project, jobType, jobName, createdAt })),
  );
}

/**
 * Keys hold the day on which the job was created. Of a job that was not listed it is that of its submission, by another clock,
 * or else one of the days before its end: a batch expires after two.
 */
function possibleDates(job: LedgerEntry): readonly (Date | undefined)[] {
  if (job.createdAt !== undefined) return [job.createdAt, undefined];
  const since = knownSince(job);
  const end = job.endedAt ?? job.due;
  const days = (from: Date, offsets: readonly number[]) =>
    offsets.map((day) => new Date(from.getTime() + day * DAY_MS));
  if (since !== undefined) return [...days(since, [0, -1, 1]), undefined];
  return [...(end === undefined ? [] : days(end, [0, -1, -2, -3])), undefined];
}

function unavailable(cause: unknown): never {
  throw storeUnavailable('S3 did not say whether the job stored', cause);
}
