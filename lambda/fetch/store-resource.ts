/** Carries out a plan: the job resource and what it holds inline in one pass, then each file. */
import * as z from 'zod/mini';
import type { FileOutput, OutputPlan } from '../gemini/jobs/job-type.ts';
import { type JsonPath, type JsonReader, walkJson } from '../gemini/json/walk.ts';
import { mediaTypeOf } from '../gemini/media-type.ts';
import type { Download, Gemini } from '../gemini/ports.ts';
import { PermanentError, TransientError } from '../shared/errors.ts';
import { JsonCopy, JsonLines, JsonText } from './json/extract.ts';
import { JsonMedia } from './json/media.ts';
import type { Storing } from './storing.ts';

const MAX_FILE_RESOURCE_BYTES = 64 * 1024;

const FileResource = z.looseObject({
  state: z.optional(z.string()),
  mimeType: z.optional(z.string()),
  /** A decimal string on the wire. */
  sizeBytes: z.optional(z.coerce.number().check(z.int(), z.gte(0))),
});
type FileResource = z.infer<typeof FileResource>;

export interface ReadyFile extends FileOutput {
  readonly resource: FileResource | undefined;
  /** Why it cannot be had: what else there is may land without it. */
  readonly problem: PermanentError | TransientError | undefined;
}

/**
 * Asks for every file before the first byte lands, so that a file that is not ready costs no download.
 *
 * @throws TransientError `ERR_OUTPUT_NOT_READY` while Gemini still works on one that is needed
 */
export async function inspectFiles(gemini: Gemini, plan: OutputPlan, signal: AbortSignal): Promise<ReadyFile[]> {
  const ready: ReadyFile[] = [];
  const resources = await Promise.all(plan.files.map(({ fileId }) => readFileResource(gemini, fileId, signal)));
  for (const [index, file] of plan.files.entries()) {
    const resource = resources[index];
    const problem = problemOf(file.fileId, resource);
    if (problem instanceof TransientError && !file.isOptional) throw problem;
    ready.push({ ...file, resource, problem });
  }
  return ready;
}

function problemOf(fileId: string, resource: FileResource | undefined): ReadyFile['problem'] {
  switch (resource?.state) {
    case 'PROCESSING':
      return new TransientError('ERR_OUTPUT_NOT_READY', `files/${fileId} is still being processed`);
    case 'FAILED':
      return new PermanentError('ERR_OUTPUT_INVALID', `Gemini could not make files/${fileId}`);
    default:
      return undefined;
  }
}

/** Undefined when it cannot be seen: the download has the last word. */
async function readFileResource(gemini: Gemini, id: string, signal: AbortSignal): Promise<FileResource | undefined> {
  const download = await gemini.get(`files/${id}`, signal).catch((error: unknown) => {
    // Seen for result files, whose ids are longer than documented: 400 here, and a download all the same.
    if (error instanceof TransientError && error.code === 'ERR_GEMINI_REFUSED') return undefined;
    throw error;
  });
  if (download === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of download.chunks) {
    bytes += chunk.length;
    if (bytes > MAX_FILE_RESOURCE_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return FileResource.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch {
    return undefined;
  }
}

/** The job resource, and what it holds inline. */
export async function storeResource(download: Download, plan: OutputPlan, storing: Storing): Promise<void> {
  const copy = new JsonCopy(
    storing.open({ name: plan.resourceObject, contentType: 'application/json', origin: 'job#' }),
    (path) => isWebhookConfig(path) || plan.omit(path),
  );
  const lines = plan.lines && new JsonLines(openLines(storing, plan.lines), plan.lines);
  const text =
    plan.text &&
    new JsonText(
      storing.open({ name: 'output.md', contentType: 'text/markdown; charset=utf-8', origin: 'job#' }),
      plan.text.choose,
      plan.text.sectionDepth,
    );
  const media = new Map(plan.media.map((output) => [output.pointer, output]));
  const open = (pointer: string) => {
    const output = media.get(pointer);
    media.delete(pointer);
    const contentType = output?.contentType ?? mediaTypeOf();
    return storing.open({ name: output?.name ?? 'media.bin', contentType, origin: `job#${pointer}` });
  };
  const refuse = (pointer: string) => storing.note(`${pointer}: the media is not base64, and is not stored`);
  const decoder = new JsonMedia(new Set(media.keys()), open, refuse);
  const readers: readonly (JsonReader | undefined)[] = [copy, lines, text, decoder];

  await walkJson(download.chunks, ...readers.filter((reader) => reader !== undefined));
  if (media.size > 0) throw new TransientError('ERR_OUTPUT_TRUNCATED', 'The job resource changed while it was read');
  for (const reader of [lines, text, copy]) await reader?.finish();
}

function openLines(storing: Storing, path: JsonPath) {
  const origin = `job#/${path.join('/')}`;
  return storing.open({ name: 'responses.jsonl', contentType: 'application/jsonl', origin, isLines: true });
}

/** The API echoes it, and with it the token of the dynamic URL. */
function isWebhookConfig(path: JsonPath): boolean {
  const name = path.at(-1);
  return name === 'webhook_config' || name === 'webhookConfig';
}
