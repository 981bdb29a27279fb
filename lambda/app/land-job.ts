/** Carries out a plan: the job resource and what it holds inline in one pass, then each file. */
import * as z from 'zod/mini';
import { PermanentError, TransientError } from '../domain/errors.ts';
import { mediaTypeOf } from '../domain/media-type.ts';
import type { FileOutput, LandingPlan } from './job-kind.ts';
import { JsonCopy, JsonLines, JsonMedia, JsonText } from './json-extract.ts';
import { JsonLinesCounter } from './json-lines-counter.ts';
import { type JsonPath, type JsonVisitor, walkJson } from './json-walk.ts';
import type { Landing } from './landing.ts';
import type { Download, Gemini } from './ports.ts';

const MAX_FILE_RESOURCE_BYTES = 64 * 1024;

const FileResource = z.looseObject({
  state: z.optional(z.string()),
  mimeType: z.optional(z.string()),
  sizeBytes: z.optional(z.union([z.int(), z.string().check(z.regex(/^\d{1,15}$/))])),
});
type FileResource = z.infer<typeof FileResource>;

export interface ReadyFile extends FileOutput {
  readonly resource: FileResource | undefined;
}

/**
 * Asks for every file before the first byte lands, so that a file that is not ready costs no download.
 *
 * @throws TransientError `ERR_OUTPUT_NOT_READY` while Gemini still works on one
 * @throws PermanentError `ERR_OUTPUT_INVALID` when Gemini could not make one
 */
export async function inspectFiles(gemini: Gemini, plan: LandingPlan, signal: AbortSignal): Promise<ReadyFile[]> {
  const ready: ReadyFile[] = [];
  for (const file of plan.files) {
    const resource = await readFileResource(gemini, file.fileId, signal);
    if (resource?.state === 'PROCESSING') {
      throw new TransientError('ERR_OUTPUT_NOT_READY', `files/${file.fileId} is still being processed`);
    }
    if (resource?.state === 'FAILED') {
      throw new PermanentError('ERR_OUTPUT_INVALID', `Gemini could not make files/${file.fileId}`);
    }
    ready.push({ ...file, resource });
  }
  return ready;
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

/** @returns counts of what landed inline */
export async function landResource(
  download: Download,
  plan: LandingPlan,
  landing: Landing,
): Promise<Record<string, number>> {
  const copy = new JsonCopy(
    landing.open(plan.resourceObject, 'application/json', 'job#'),
    (path) => isWebhookConfig(path) || plan.omit(path),
  );
  const lines = plan.lines && new JsonLines(openLines(landing, plan.lines), plan.lines);
  const text =
    plan.text &&
    new JsonText(
      landing.open('output.md', 'text/markdown; charset=utf-8', 'job#'),
      plan.text.choose,
      plan.text.sectionDepth,
    );
  const media = new Map(plan.media.map((output) => [output.pointer, output]));
  const decoder = new JsonMedia(new Set(media.keys()), (pointer) => {
    const output = media.get(pointer);
    media.delete(pointer);
    return landing.open(output?.name ?? 'media.bin', output?.contentType ?? mediaTypeOf(), `job#${pointer}`);
  });
  const visitors: readonly (JsonVisitor | undefined)[] = [copy, lines, text, decoder];

  await walkJson(download.chunks, ...visitors.filter((visitor) => visitor !== undefined));
  if (media.size > 0) throw new TransientError('ERR_OUTPUT_TRUNCATED', 'The job resource changed while it was read');
  for (const visitor of [lines, text, copy]) await visitor?.finish();
  return { ...lines?.counts };
}

function openLines(landing: Landing, path: JsonPath) {
  return landing.open('responses.jsonl', 'application/jsonl', `job#/${path.join('/')}`);
}

/** The API echoes it, and with it the token of the dynamic URL. */
function isWebhookConfig(path: JsonPath): boolean {
  const name = path.at(-1);
  return name === 'webhook_config' || name === 'webhookConfig';
}

/**
 * @returns counts of its lines
 * @throws TransientError `ERR_OUTPUT_NOT_READY` when it cannot be had yet
 * @throws PermanentError `ERR_OUTPUT_GONE` when it cannot be had any more
 */
export async function landFile(
  gemini: Gemini,
  file: ReadyFile,
  landing: Landing,
  attempt: { readonly signal: AbortSignal; readonly isExpired: boolean },
): Promise<Record<string, number>> {
  const { fileId, resource } = file;
  const download = await gemini.download(fileId, attempt.signal);
  if (download === undefined) {
    if (!attempt.isExpired) {
      throw new TransientError('ERR_OUTPUT_NOT_READY', `files/${fileId} cannot be had (yet)`);
    }
    throw new PermanentError('ERR_OUTPUT_GONE', `files/${fileId} cannot be had; Gemini keeps files for 48 hours`);
  }
  const sizeBytes = resource?.sizeBytes === undefined ? undefined : Number(resource.sizeBytes);
  const total = download.bytes ?? sizeBytes;
  landing.expect(total ?? 0);
  const contentType = mediaTypeOf(file.contentType, resource?.mimeType);
  const counter = file.isLines ? new JsonLinesCounter() : undefined;
  const sink = landing.open(file.name(contentType), contentType, `files/${fileId}`, counter);
  let bytes = 0;
  for await (const chunk of download.chunks) {
    bytes += chunk.length;
    await sink.write(chunk);
  }
  if (total !== undefined && bytes !== total) {
    throw new TransientError('ERR_OUTPUT_TRUNCATED', `files/${fileId} has ${total} bytes, and ${bytes} came`);
  }
  await sink.finish();
  return { ...counter?.counts };
}
