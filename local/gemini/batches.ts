/**
 * The Batch API, for generateContent and for embeddings, with input and output inline or in files.
 */
import { ApiError, notFound } from './api-error.ts';
import { answerRequests, type BatchRequest, type BatchResult, inlinedResponse, resultLine } from './batch-results.ts';
import { bytesContent, type FileContent, jsonLinesContent } from './file-content.ts';
import { type Answer, type Call, json, param, type Route, routesOf } from './http.ts';
import { nanoTimestamp, randomId } from './ids.ts';
import { cancelJob, eventFileUri, eventId, FOREIGN, lookUpJob, scenarioOf, startJob } from './jobs.ts';
import { page } from './paging.ts';
import type { Job, JobOutcome, World } from './state.ts';
import { parseCreateBatch, parseInputLine } from './wire.ts';

export const BATCH_SCENARIOS = ['succeeded', 'partly-failed', 'failed', 'expired', 'cancelled', FOREIGN] as const;

const TYPE_PREFIX = 'type.googleapis.com/google.ai.generativelanguage.v1main.';
/** Codes of google.rpc.Code. */
const FAILED = { code: 13, message: 'Internal error encountered.' };
const CANCELLED = { code: 1, message: 'The batch was cancelled.' };

export function batchRoutes(world: World): Route[] {
  const look = (call: Call) => lookUpJob(world, 'batch', `batches/${param(call, 'id')}`);
  const route = routesOf('classic');
  const create = (embeddings: boolean) => (call: Call) => ({ json: createBatch(world, call, embeddings).resource() });
  return [
    route('POST', '/models/{model}:batchGenerateContent', 'batches.create', create(false)),
    route('POST', '/models/{model}:asyncBatchEmbedContent', 'batches.createEmbeddings', create(true)),
    route('GET', '/batches', 'batches.list', (call) => list(world, call)),
    route('GET', '/batches/{id}', 'batches.get', (call) => ({ json: look(call).resource() })),
    route('POST', '/batches/{id}:cancel', 'batches.cancel', (call) => {
      cancelJob(world, look(call));
      return { json: {} };
    }),
    route('DELETE', '/batches/{id}', 'batches.delete', (call) => {
      world.jobs.delete(look(call).name);
      return { json: {} };
    }),
  ];
}

function list(world: World, call: Call): Answer {
  const own = [...world.jobs.values()].filter((job) => job.kind === 'batch' && job.scenario !== FOREIGN);
  const { items, nextPageToken } = page(own, call.query.get('pageSize'), call.query.get('pageToken'));
  return {
    json: {
      ...(items.length > 0 ? { operations: items.map((job) => job.resource()) } : {}),
      ...(nextPageToken ? { nextPageToken } : {}),
    },
  };
}

/** What a batch that ended well holds; undefined in every other state. */
interface Output {
  readonly results: object;
  readonly requestCount: number;
  readonly failedCount: number;
}

function createBatch(world: World, call: Call, embeddings: boolean): Job {
  const { displayName, inputConfig, webhookConfig } = parseCreateBatch(json(call));
  const { fileName } = inputConfig;
  const requests = fileName === undefined ? inlined(inputConfig.requests?.requests ?? []) : inputLines(world, fileName);
  const scenario = scenarioOf(call, BATCH_SCENARIOS, 'succeeded');
  const id = randomId(36);
  let output: Output | undefined;

  const job: Job = {
    kind: 'batch',
    name: `batches/${id}`,
    scenario,
    model: param(call, 'model'),
    createdAt: world.timers.now(),
    webhookConfig,
    status: 'running',
    endedAt: undefined,
    finish() {
      if (scenario === 'failed' || scenario === 'expired' || scenario === 'cancelled')
        return ended(world, job, scenario);
      output = makeOutput();
      const uri = 'responsesFile' in output.results ? String(output.results.responsesFile) : undefined;
      const data = { id: eventId(world, job), ...(uri ? { output_file_uri: eventFileUri(world, uri) } : {}) };
      return { status: 'succeeded', event: { type: 'batch.succeeded', data } };
    },
    resource: () => ({ name: job.name, metadata: metadata(), ...operationEnd() }),
  };
  startJob(world, job, call);
  return job;

  function makeOutput(): Output {
    const results = answerRequests(requests, { embeddings, partly: scenario === 'partly-failed', model: job.model });
    const failedCount = results.filter(({ outcome }) => 'error' in outcome).length;
    if (fileName === undefined) {
      return {
        results: { inlinedResponses: { inlinedResponses: results.map(inlinedResponse) } },
        requestCount: results.length,
        failedCount,
      };
    }
    const { content, ...counts } = resultFile(world, results, failedCount);
    const foreign = scenario === FOREIGN;
    const now = world.timers.now();
    const file = world.files.generate(now, { id: `batch-${id}`, mimeType: 'application/jsonl', content, foreign });
    return { results: { responsesFile: file.name }, ...counts };
  }

  function metadata(): object {
    const end = job.endedAt && nanoTimestamp(job.endedAt);
    return {
      '@type': `${TYPE_PREFIX}${embeddings ? 'EmbedContentBatch' : 'GenerateContentBatch'}`,
      model: `models/${job.model}`,
      ...(displayName === undefined ? {} : { displayName }),
      inputConfig,
      ...(output ? { output: output.results } : {}),
      createTime: nanoTimestamp(job.createdAt),
      ...(end ? { endTime: end } : {}),
      updateTime: end ?? nanoTimestamp(job.createdAt),
      batchStats: batchStats(),
      state: `BATCH_STATE_${job.status.toUpperCase()}`,
      ...(webhookConfig ? { webhookConfig } : {}),
      name: job.name,
    };
  }

  /** int64 as strings, and no member for a zero. */
  function batchStats(): object {
    if (!output) {
      const requestCount = String(requests.length);
      return job.endedAt ? { requestCount } : { requestCount, pendingRequestCount: requestCount };
    }
    const counts = {
      requestCount: output.requestCount,
      successfulRequestCount: output.requestCount - output.failedCount,
      failedRequestCount: output.failedCount,
    };
    return Object.fromEntries(
      Object.entries(counts).flatMap(([name, value]) => (value === 0 ? [] : [[name, String(value)]])),
    );
  }

  /** `done` is absent while the batch runs, never false. Results stand here and in the metadata, both times whole. */
  function operationEnd(): object {
    const type = `${TYPE_PREFIX}${embeddings ? 'EmbedContentBatchOutput' : 'GenerateContentBatchOutput'}`;
    if (job.endedAt === undefined) return {};
    if (output) return { done: true, response: { '@type': type, ...output.results } };
    if (job.status === 'failed') return { done: true, error: FAILED };
    if (job.status === 'cancelled') return { done: true, error: CANCELLED };
    return { done: true };
  }
}

function ended(world: World, job: Job, status: 'failed' | 'expired' | 'cancelled'): JobOutcome {
  if (status === 'cancelled') return { status };
  const error = status === 'failed' ? { error_code: String(FAILED.code), error_message: FAILED.message } : {};
  return { status, event: { type: `batch.${status}`, data: { id: eventId(world, job), ...error } } };
}

/** The results, or as many generated lines as the switch asks for, all of them successes. */
function resultFile(
  world: World,
  results: readonly BatchResult[],
  failedCount: number,
): { content: FileContent; requestCount: number; failedCount: number } {
  const { downloadSize } = world.switches.current;
  if (downloadSize === null) {
    const content = bytesContent(Buffer.from(results.map(resultLine).join('')));
    return { content, requestCount: results.length, failedCount };
  }
  const content = jsonLinesContent(downloadSize);
  return { content, requestCount: content.lines, failedCount: 0 };
}

type WireRequest = ReturnType<typeof parseInputLine>['request'];

function promptOf({ contents = [], content }: WireRequest): string {
  const parts = (content ? [content] : contents).flatMap(({ parts }) => parts ?? []);
  return parts.map(({ text }) => text ?? '').join(' ');
}

function inlined(requests: readonly { request: WireRequest; metadata?: { key?: string | undefined } | undefined }[]) {
  if (requests.length === 0) throw new ApiError(400, 'The batch has neither a file name nor requests.');
  return requests.map(
    ({ request, metadata }): BatchRequest => ({ key: metadata?.key, metadata, prompt: promptOf(request) }),
  );
}

function inputLines(world: World, fileName: string): BatchRequest[] {
  const file = world.files.files.get(fileName);
  if (!file) throw notFound();
  const lines = Buffer.concat([...file.content.chunks()])
    .toString('utf8')
    .split('\n')
    .filter(Boolean);
  try {
    return lines.map((line) => {
      const { key, request } = parseInputLine(line);
      return { key, metadata: undefined, prompt: promptOf(request) };
    });
  } catch {
    throw new ApiError(400, `${fileName} is not JSON Lines with one {"key", "request"} each.`);
  }
}
