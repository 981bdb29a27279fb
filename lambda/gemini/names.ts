/** Names of Gemini's resources, as events, jobs and URIs spell them. */

/**
 * What a batch of this id may be called. Google's page shows `batch_123` where the API says `batches/abc`, and no real
 * delivery has been published; the id as given comes first.
 */
export function batchNames(jobId: string): string[] {
  const id = jobId.replace(/^batches\//, '');
  return id.startsWith('batch_') ? [`batches/${id}`, `batches/${id.slice('batch_'.length)}`] : [`batches/${id}`];
}

/** Without the prefix that the API does not write before it, and that events of other jobs have. */
export function interactionId(jobId: string): string {
  return jobId.replace(/^interactions\//, '');
}

/**
 * A full operation name as it is. Of a bare id, which no page shows, the short form, which needs no model; and, as with
 * batches, the id may come as `video_123`.
 */
export function operationNames(jobId: string): string[] {
  if (jobId.includes('/')) return [jobId];
  const ids = jobId.startsWith('video_') ? [jobId, jobId.slice('video_'.length)] : [jobId];
  return ids.map((id) => `operations/${id}`);
}

/**
 * The id of a file in any URI that Gemini writes, and nothing else of it: `files/x`, `https://…/v1beta/files/x`,
 * `…/files/x:download?alt=media`. Undefined for what is not a file at Gemini, e.g. `gs://…`.
 */
export function fileIdOf(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || uri.length > 2048) return undefined;
  return /^(?:https?:\/\/[^/?#]+\/(?:[\w./-]*\/)?)?files\/([a-z0-9-]{1,128})(?=$|[:?])/.exec(uri)?.[1];
}

/** `BATCH_STATE_SUCCEEDED` and `JOB_STATE_SUCCEEDED` are `succeeded`. */
export function statusOf(state: string): string {
  return state.replace(/^(?:BATCH|JOB)_STATE_/, '').toLowerCase();
}

/** The id with which a managed agent's files are kept, as part of a file's id. */
export function environmentFileId(id: unknown): string | undefined {
  return typeof id === 'string' && /^[A-Za-z0-9_-]{1,100}$/.test(id) ? `environment-${id}` : undefined;
}

const TIMESTAMP = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 with up to nine decimals, as Google writes it; undefined for anything else. */
export function dateOf(timestamp: unknown): Date | undefined {
  if (typeof timestamp !== 'string' || !TIMESTAMP.test(timestamp)) return undefined;
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
