/** Where a job's outputs stand in the bucket. Every part comes from the job resource or from a validated id. */
import type { FetchedJobType } from '../contract.ts';

/** Of a fetch that failed for good. Not the job's own status, so that a later fetch can still land the outputs. */
export const FETCH_FAILED = 'fetch-failed';
/** Follows the status of a job that ended and never named its outputs: they may be there when it is fetched again. */
export const WITHOUT_OUTPUTS = '-without-outputs';
/** For a job whose resource does not say when it was created. */
const NO_DATE = 'unknown';

export interface JobPlace {
  /** Name of the Gemini project: two projects may have jobs of the same name. */
  readonly project: string;
  readonly jobType: FetchedJobType;
  /** The resource's name, e.g. `batches/abc` or `models/m/operations/x`. */
  readonly jobName: string;
  readonly createdAt: Date | undefined;
}

/** Ends with a slash. The same for every delivery about the job, whatever its webhook id and time. */
export function outputPrefix(place: JobPlace, status: string, suffix: typeof WITHOUT_OUTPUTS | '' = ''): string {
  return `${jobPrefix(place)}${safe(status, 40)}${suffix}/`;
}

/** Of all that there is of a job. Ends with a slash. */
export function jobPrefix(place: JobPlace): string {
  const date = place.createdAt?.toISOString().slice(0, 10) ?? NO_DATE;
  const id = place.jobName.slice(place.jobName.lastIndexOf('/') + 1);
  return `${place.jobType}/project=${place.project}/date=${date}/job=${safe(id, 512)}/`;
}

function safe(part: string, maxLength: number): string {
  return part.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, maxLength);
}
