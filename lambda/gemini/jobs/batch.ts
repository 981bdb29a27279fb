/**
 * Batches: an operation whose outputs are a result file, or stand inline, once in `response` and once more in
 * `metadata.output`. https://ai.google.dev/gemini-api/docs/batch-api
 */
import * as z from 'zod/mini';
import { PermanentError, TransientError } from '../../shared/errors.ts';
import type { JsonPath } from '../json/walk.ts';
import { batchNames, dateOf, fileIdOf, statusOf } from '../names.ts';
import { failureOf, lenient } from './job-error.ts';
import type { FileOutput, JobKind, JobState, OutputPlan } from './job-type.ts';

const INLINE = ['inlinedResponses', 'inlinedEmbedContentResponses'] as const;
/** `response` is read first: an answer without `metadata.output` has been seen, none without `response`. */
const OUTPUT_PLACES: readonly JsonPath[] = [['response', 'output'], ['response'], ['metadata', 'output']];
const ENDED = ['succeeded', 'partially_succeeded', 'failed', 'cancelled', 'expired'];
/** Ended all the same where `done` says so, which then has the last word. */
const RUNNING = ['unspecified', 'pending', 'running'];
/** Without outputs of theirs nothing is missing. */
const ENDED_BADLY = ['failed', 'cancelled', 'expired'];

const record = z.record(z.string(), z.unknown());
const count = lenient(z.union([z.int(), z.string().check(z.regex(/^\d{1,15}$/))]));
const Batch = z.looseObject({
  name: z.string().check(z.regex(/^batches\/[A-Za-z0-9_-]{1,200}$/)),
  done: lenient(z.boolean()),
  error: z.optional(z.unknown()),
  response: lenient(record),
  metadata: z.catch(
    z.looseObject({
      state: lenient(z.string().check(z.regex(/^\w{1,60}$/))),
      model: lenient(z.string()),
      displayName: lenient(z.string()),
      output: lenient(record),
      batchStats: lenient(
        z.looseObject({ requestCount: count, successfulRequestCount: count, failedRequestCount: count }),
      ),
    }),
    {},
  ),
});
type Batch = z.infer<typeof Batch>;

export const batchJob: JobKind = {
  jobType: 'batch',
  resourcePaths: batchNames,
  isBulk: (path) => isInlineArray(path) || path.join('/') === 'metadata/inputConfig/requests',
  stateOf: (outline) => stateOf(parseBatch(outline)),
  plan: planBatch,
};

function parseBatch(outline: unknown): Batch {
  const parsed = Batch.safeParse(outline);
  if (parsed.success) return parsed.data;
  throw new PermanentError('ERR_OUTPUT_INVALID', 'What Gemini answered is not a batch');
}

function stateOf(batch: Batch): JobState {
  const { name, metadata, error } = batch;
  const status = statusOfBatch(batch);
  return {
    jobName: name,
    status,
    hasEnded: batch.done === true || ENDED.includes(status),
    createdAt: dateOf(metadata['createTime']),
    endedAt: dateOf(metadata['endTime']) ?? dateOf(metadata['updateTime']),
    displayName: metadata.displayName ?? null,
    error: failureOf(error),
  };
}

function planBatch(outline: unknown): OutputPlan {
  const batch = parseBatch(outline);
  const { hasEnded, ...state } = stateOf(batch);
  const { status } = state;
  if (!hasEnded) throw new TransientError('ERR_OUTPUT_NOT_READY', `The batch is ${status}`);
  const endedBadly = ENDED_BADLY.includes(status) || state.error !== null;
  const output = findOutput(batch, endedBadly);
  const { metadata } = batch;
  return {
    ...state,
    model: metadata.model ?? null,
    usage: null,
    counts: countsOf(metadata.batchStats),
    notes: [],
    missing: output || endedBadly ? undefined : 'The batch has ended, but names neither responses nor a file at Gemini',
    resourceObject: 'batch.json',
    omit: (path) => output?.lines !== undefined && isInlineArray(path),
    lines: output?.lines,
    text: undefined,
    media: [],
    files: output?.file ? [output.file] : [],
  };
}

function statusOfBatch({ metadata, done, error }: Batch): string {
  const status = statusOf(metadata.state ?? 'unspecified');
  if (!RUNNING.includes(status)) return status;
  if (done !== true) return 'running';
  return failureOf(error) === null ? 'succeeded' : 'failed';
}

/** Counters that are zero are absent; what Gemini does not count is not made up. */
function countsOf(stats: Batch['metadata']['batchStats']): Record<string, number> {
  if (stats?.requestCount === undefined) return {};
  return { requests: Number(stats.requestCount), failedRequests: Number(stats.failedRequestCount ?? 0) };
}

/** @param isOptional whether what there is may be less than it says, as beside a failure */
function findOutput(batch: Batch, isOptional: boolean): { lines?: JsonPath; file?: FileOutput } | undefined {
  for (const place of OUTPUT_PLACES) {
    const output = at(batch, place);
    const inline = INLINE.map((name) => [name, name]).find((path) => Array.isArray(at(output, path)));
    if (inline) return { lines: [...place, ...inline] };
    const fileId = fileIdOf(at(output, ['responsesFile']));
    if (fileId === undefined) continue;
    const contentType = 'application/jsonl';
    return { file: { fileId, name: () => 'responses.jsonl', contentType, isLines: true, isOptional } };
  }
  return undefined;
}

function at(value: unknown, path: JsonPath): unknown {
  return path.reduce<unknown>((found, part) => {
    const parsed = record.safeParse(found);
    return parsed.success ? parsed.data[part] : undefined;
  }, value);
}

/** The inner array; the nesting is double: `inlinedResponses.inlinedResponses`. */
function isInlineArray(path: JsonPath): boolean {
  const name = path.at(-1);
  return INLINE.some((inline) => name === inline && path.at(-2) === inline) && (path.length === 3 || path.length === 4);
}
