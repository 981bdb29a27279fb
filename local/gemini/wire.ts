/**
 * Request bodies of the classic families. Like Gemini's front end, it takes field names in camelCase and in snake_case and
 * refuses what it does not know.
 */
import * as z from 'zod';
import { ApiError } from './api-error.ts';

const text = z.string();
const content = z.looseObject({ parts: z.array(z.looseObject({ text: text.optional() })).optional() });

/** An object of the wire whose keys may come in either case. */
function message<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.preprocess(camelKeys, z.strictObject(shape));
}

function camelKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key.replaceAll(/_([a-z])/g, (_, c: string) => c.toUpperCase()),
      field,
    ]),
  );
}

const uris = z.array(z.url()).min(1);

const BatchRequest = z.looseObject({
  request: z.looseObject({ contents: z.array(content).optional(), content: content.optional() }),
  metadata: z.looseObject({ key: text.optional() }).optional(),
});

const CreateBatch = message({
  batch: message({
    displayName: text.optional(),
    model: text.optional(),
    priority: z.union([text, z.number()]).optional(),
    inputConfig: message({
      fileName: text.optional(),
      requests: message({ requests: z.array(BatchRequest).min(1) }).optional(),
    }),
    // No userMetadata: https://github.com/googleapis/go-genai/issues/779
    webhookConfig: message({ uris }).optional(),
  }),
});

const CreateVideo = message({
  instances: z.array(z.looseObject({ prompt: text.optional() })).min(1),
  parameters: z.looseObject({ sampleCount: z.int().min(1).max(8).optional() }).optional(),
  webhookConfig: message({ uris, userMetadata: z.record(text, z.unknown()).optional() }).optional(),
});

const StartUpload = z.looseObject({
  file: message({
    name: text.optional(),
    displayName: text.optional(),
    mimeType: text.optional(),
    sizeBytes: z.union([text, z.number()]).optional(),
  }).optional(),
});

/** One line of an uploaded batch input file. */
const InputLine = z.looseObject({ key: text.optional(), request: BatchRequest.shape.request });

export function parseCreateBatch(body: unknown) {
  return parse(CreateBatch, body).batch;
}

export function parseCreateVideo(body: unknown) {
  return parse(CreateVideo, body);
}

export function parseUpload(body: unknown) {
  return parse(StartUpload, body).file ?? {};
}

export function parseInputLine(line: string) {
  return InputLine.parse(JSON.parse(line));
}

function parse<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = (issue?.path ?? [])
    .map((key) => String(key).replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`))
    .join('.');
  if (issue?.code === 'unrecognized_keys') {
    throw new ApiError(
      400,
      `Invalid JSON payload received. Unknown name "${issue.keys[0]}" at '${path}': Cannot find field.`,
    );
  }
  throw new ApiError(400, `Invalid value at '${path}': ${issue?.message}`);
}
