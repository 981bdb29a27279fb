/** Asks Gemini how far jobs are, by the streaming reader of the fetchers: a batch's results may stand in the answer. */
import * as z from 'zod/mini';
import { PermanentError, TransientError } from '../../shared/errors.ts';
import { JsonOutline } from '../json/outline.ts';
import { type JsonPath, walkJson } from '../json/walk.ts';
import { KeptDownload } from '../kept-download.ts';
import type { Gemini } from '../ports.ts';
import { batchJob } from './batch.ts';
import type { JobKind, JobState } from './job-type.ts';

const PAGE_SIZE = 50;

const record = z.record(z.string(), z.unknown());
/** An empty list is `{}`. */
const BatchPage = z.looseObject({
  operations: z._default(z.array(z.unknown()), []),
  nextPageToken: z.optional(z.string()),
});

/** What the creator of a job wrote into it. */
interface Creator {
  readonly userMetadata: Readonly<Record<string, unknown>>;
  /** Whether the job has a webhook of its own, which gets every event. */
  readonly hasWebhook: boolean;
}

export interface JobAtGemini extends JobState, Creator {}

export interface JobPage {
  readonly jobs: readonly JobAtGemini[];
  /** Entries that are no batches as far as can be seen. */
  readonly unreadable: number;
  readonly nextPageToken: string | undefined;
}

/** Undefined when the API key may not see the job. @throws TransientError; PermanentError when the resource makes no sense */
export async function readJob(
  gemini: Gemini,
  kind: JobKind,
  jobId: string,
  signal: AbortSignal,
): Promise<JobAtGemini | undefined> {
  const found = await findJob(gemini, kind, jobId, signal);
  return found && describe(kind, found.outline);
}

/** A resource without its bulk, and where it was found. */
interface FoundJob {
  readonly path: string;
  readonly outline: unknown;
  /** Has the whole resource once more, if it was small enough. */
  readonly kept: KeptDownload;
}

/** Tries the names that the id may stand for. Undefined when the API key may not see any of them. */
export async function findJob(
  gemini: Gemini,
  kind: JobKind,
  jobId: string,
  signal: AbortSignal,
): Promise<FoundJob | undefined> {
  for (const path of kind.resourcePaths(jobId)) {
    const read = await readOutline(gemini, path, kind.isBulk, signal);
    if (read !== undefined) return { path, ...read };
  }
  return undefined;
}

/** One page of all batches, in whatever order Gemini has them: none is documented. @throws TransientError when it is refused */
export async function listBatches(
  gemini: Gemini,
  pageToken: string | undefined,
  signal: AbortSignal,
): Promise<JobPage> {
  const query = new URLSearchParams({ pageSize: String(PAGE_SIZE), ...(pageToken && { pageToken }) });
  const isBulk = (path: JsonPath) => batchJob.isBulk(path.slice(2));
  const read = await readOutline(gemini, `batches?${query}`, isBulk, signal);
  // A list is always there: what hides it may hide every batch.
  if (read === undefined) throw new TransientError('ERR_GEMINI_REFUSED', 'Gemini does not show the list of batches');
  const page = BatchPage.safeParse(read.outline);
  if (!page.success) throw new PermanentError('ERR_OUTPUT_INVALID', 'What Gemini answered is not a list of batches');
  const { operations, nextPageToken } = page.data;
  const jobs = operations.flatMap((operation) => attempt(() => describe(batchJob, operation)));
  return { jobs, unreadable: operations.length - jobs.length, nextPageToken: nextPageToken || undefined };
}

async function readOutline(
  gemini: Gemini,
  path: string,
  isBulk: (path: JsonPath) => boolean,
  signal: AbortSignal,
): Promise<Omit<FoundJob, 'path'> | undefined> {
  const download = await gemini.get(path, signal);
  if (download === undefined) return undefined;
  const outline = new JsonOutline(isBulk);
  const kept = new KeptDownload(download);
  await walkJson(kept.chunks, outline);
  return { outline: outline.value, kept };
}

function describe(kind: JobKind, outline: unknown): JobAtGemini {
  return { ...kind.stateOf(outline), ...creatorOf(outline) };
}

export function creatorOf(outline: unknown): Creator {
  const config = webhookConfigOf(outline);
  const metadata = [config?.['user_metadata'], config?.['userMetadata']].map((value) => record.safeParse(value));
  return { userMetadata: metadata.find(({ success }) => success)?.data ?? {}, hasWebhook: config !== undefined };
}

/** Of an interaction at the top, of a batch in its metadata. It holds the dynamic URL: nothing else is taken from it. */
function webhookConfigOf(outline: unknown): Readonly<Record<string, unknown>> | undefined {
  const top = record.safeParse(outline).data;
  const places = [top, record.safeParse(top?.['metadata']).data];
  return places
    .flatMap((place) => [place?.['webhook_config'], place?.['webhookConfig']])
    .map((value) => record.safeParse(value))
    .find(({ success }) => success)?.data;
}

function attempt<Value>(make: () => Value): Value[] {
  try {
    return [make()];
  } catch (error) {
    if (error instanceof PermanentError) return [];
    throw error;
  }
}
