/** The list of job types that have a fetcher. Everything that there is for each of them maps over it. */
import { FETCHED_JOB_TYPES, type FetchedJobType } from '../../contract.ts';
import { batchJob } from './batch.ts';
import { interactionJob } from './interaction.ts';
import type { JobKind } from './job-type.ts';
import { videoJob } from './video.ts';

export const JOB_KINDS: Readonly<Record<FetchedJobType, JobKind>> = {
  batch: batchJob,
  interaction: interactionJob,
  video: videoJob,
};

/** @throws Error for a type that has no fetcher */
export function jobKindOf(jobType: string): JobKind {
  const known = FETCHED_JOB_TYPES.find((type) => type === jobType);
  if (known !== undefined) return JOB_KINDS[known];
  throw new Error(`There is no job type ${JSON.stringify(jobType)}; give one of ${FETCHED_JOB_TYPES.join(', ')}.`);
}
