/**
 * Batches: an operation whose outputs are a result file, or stand inline, once in `response` and once more in
 * `metadata.output`. https://ai.google.dev/gemini-api/docs/batch-api
 */
import * as z from 'zod/mini';
import { PermanentError, TransientError } from '../domain/errors.ts';
import { batchNames, dateOf, fileIdOf, statusOf } from '../domain/gemini-names.ts';
import type { FileOutput, JobKind, JobState, LandingPlan } from './job-kind.ts';
import type { JsonPath } from './json-walk.ts';

const INLINE = ['inlinedResponses', 'inlinedEmbedContentResponses'] as const;
/** `response` is read first: an answer without `metadata.output` has been seen, none without `response`. */
const OUTPUT_PLACES: readonly JsonPath[] = [['response', 'output'], ['response'], ['metadata', 'output']];
const ENDED = ['succeeded', 'failed', 'cancelled', 'expired'];

const record = z.record(z.string(), z.unknown());
const count = z.catch(z.optional(z.union([z.int(), z.string().check(z.regex(/^\d{1,15}$/))])), undefined);
const Batch = z.looseObject({
  name: z.string().check(z.regex(/^batches\/[A-Za-z0-9_-]{1,200}$/)),
  done: z.optional(z.boolean()),
  error: z.optional(z.looseObject({ code: z.optional(z.number()), message: z.optional(z.string()) })),
  response: z.optional(record),
  metadata: z.looseObject({
    state: z.optional(z.string()),
    model: z.optional(z.string()),
    output: z.optional(record),
    batchStats: z.optional(
      z.looseObject({ requestCount: count, successfulRequestCount: count, failedRequestCount: count }),
    ),
  }),
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
    hasEnded: ENDED.includes(status),
    createdAt: dateOf(metadata['createTime']),
    endedAt: dateOf(metadata['endTime']) ?? dateOf(metadata['updateTime']),
    error: error ? { code: String(error.code ?? 'unknown'), message: error.message ?? '' } : null,
  };
}

function planBatch(outline: unknown): LandingPlan {
  const batch = parseBatch(outline);
  const { hasEnded, ...state } = stateOf(batch);
  const { status } = state;
  if (!hasEnded) throw new TransientError('ERR_OUTPUT_NOT_READY', `The batch is ${status}`);
  const output = status === 'succeeded' ? findOutput(batch) : undefined;
  if (status === 'succeeded' && output === undefined) {
    throw new TransientError('ERR_OUTPUT_NOT_READY', 'The batch succeeded, but names neither a file nor responses');
  }
  const { metadata } = batch;
  return {
    ...state,
    model: metadata.model ?? null,
    usage: null,
    counts: countsOf(metadata.batchStats),
    notes: [],
    resourceObject: 'batch.json',
    omit: isInlineArray,
    lines: output?.lines,
    text: undefined,
    media: [],
    files: output?.file ? [output.file] : [],
  };
}

function statusOfBatch({ metadata, done, error }: Batch): string {
  if (metadata.state !== undefined) return statusOf(metadata.state);
  if (done !== true) return 'running';
  return error === undefined ? 'succeeded' : 'failed';
}

/** Counters that are zero are absent; what Gemini does not count is not made up. */
function countsOf(stats: Batch['metadata']['batchStats']): Record<string, number> {
  if (stats?.requestCount === undefined) return {};
  return { requests: Number(stats.requestCount), failedRequests: Number(stats.failedRequestCount ?? 0) };
}

function findOutput(batch: Batch): { lines?: JsonPath; file?: FileOutput } | undefined {
  for (const place of OUTPUT_PLACES) {
    const output = at(batch, place);
    const inline = INLINE.map((name) => [name, name]).find((path) => Array.isArray(at(output, path)));
    if (inline) return { lines: [...place, ...inline] };
    const uri = at(output, ['responsesFile']);
    if (uri === undefined) continue;
    const fileId = fileIdOf(uri);
    if (fileId === undefined) throw new PermanentError('ERR_OUTPUT_INVALID', 'The batch names no file at Gemini');
    return { file: { fileId, name: () => 'responses.jsonl', contentType: 'application/jsonl', isLines: true } };
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
