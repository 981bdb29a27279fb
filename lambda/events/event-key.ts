/** Under what name a job, and what Gemini says about it, is known here, in whatever spelling its id comes. */
import { type FetchedJobType, JOB_TYPE, type JobType } from '../contract.ts';

interface NamedJob {
  readonly project: string;
  readonly jobType: JobType;
  readonly jobId: string;
}

/**
 * `<project>#<job type>#<id>`. The id is the last part of the resource's name, without the prefix that Google's page shows
 * (`batch_123`): `batches/abc`, `abc` and `batch_abc` are one job, as are `models/m/operations/x` and `operations/x`.
 */
export function jobKey({ project, jobType, jobId }: NamedJob): string {
  const id = jobId.slice(jobId.lastIndexOf('/') + 1);
  const { idPrefix: prefix = '' } = jobType === 'other' ? {} : JOB_TYPE[jobType];
  return `${project}#${jobType}#${id.slice(id.startsWith(prefix) ? prefix.length : 0)}`;
}

/** The id as it stands in an event that Gemini pushes. */
export function withoutCollection(jobType: FetchedJobType, id: string): string {
  const { collection } = JOB_TYPE[jobType];
  return collection !== undefined && id.startsWith(collection.path) ? id.slice(collection.path.length) : id;
}

interface AnnouncedEvent {
  readonly project: string;
  readonly scheme: string;
  readonly webhookId: string;
  readonly type: string;
  readonly jobType: JobType;
  readonly jobId: string | null;
}

/** What is announced of a job once: its end, or that it waits for an answer, which goes to a job of its own. */
export const SAID_ONCE: readonly string[] = [
  ...['succeeded', 'completed', 'generated', 'failed', 'cancelled', 'expired'],
  'requires_action',
];

/**
 * Ends for which Gemini has no event type of its own, and what it says instead. An end is one event, whatever the words: the
 * webhook of an interaction that is `incomplete` is `interaction.completed`.
 */
const SAID_AS: ReadonlyMap<string, string> = new Map([
  ['batch.partially_succeeded', 'batch.succeeded'],
  ['interaction.incomplete', 'interaction.completed'],
  ['interaction.budget_exceeded', 'interaction.completed'],
]);

export function usualType(type: string): string {
  return SAID_AS.get(type) ?? type;
}

/**
 * The idempotency key of an event. The end of a job is one event, by however many webhooks and in whatever way we learn of
 * it: `<project>#<event type>#<id>`. Anything else may be said more than once, as its progress may come to be, and is known
 * by its delivery: `<project>#<scheme>#<webhook id>`, because who can sign for one project or scheme must not be able to use
 * up the ids of another.
 */
export function eventKey({ project, scheme, webhookId, type, jobType, jobId }: AnnouncedEvent): string {
  const isSaidOnce = scheme === 'api' || SAID_AS.has(type) || SAID_ONCE.includes(type.slice(type.lastIndexOf('.') + 1));
  if (jobId === null || !isSaidOnce) return `${project}#${scheme}#${webhookId}`;
  const key = jobKey({ project, jobType, jobId });
  return `${project}#${usualType(type)}#${key.slice(key.lastIndexOf('#') + 1)}`;
}
