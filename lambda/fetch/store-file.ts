/** A file of Gemini's on its way into the bucket: in parts, several at a time, where Gemini serves them. */

import { mediaTypeOf } from '../gemini/media-type.ts';
import type { Download, FileDownload, Gemini } from '../gemini/ports.ts';
import { PermanentError, TransientError } from '../shared/errors.ts';
import type { Wait } from '../shared/ports.ts';
import type { ReadyFile } from './store-resource.ts';
import type { DescribedObject, ObjectSink, Storing } from './storing.ts';

/** With parts of 8 MiB these are 64 of the function's 1,024 MiB. */
const PARTS_AT_A_TIME = 8;
const TRIES_OF_A_PART = 5;
const FIRST_PAUSE_MS = 500;
/** Whoever asks for more is asked by the next attempt. */
const LONGEST_PAUSE_MS = 10_000;
/** Failures of one call, which say nothing about the next. */
const PASSING: readonly string[] = [
  'ERR_GEMINI_UNAVAILABLE',
  'ERR_OUTPUT_NOT_READY',
  'ERR_OUTPUT_TRUNCATED',
  'ERR_RATE_LIMITED',
];

export interface FileAttempt {
  /** From 1. */
  readonly number: number;
  /** Whether Gemini may have deleted it: it keeps files for 48 hours after the end of the job. */
  readonly isExpired: boolean;
  readonly signal: AbortSignal;
  readonly wait: Wait;
}

/**
 * Begun again when it changes meanwhile, the second time in one stream: whoever serves parts wrongly may serve the whole.
 *
 * @throws TransientError `ERR_OUTPUT_NOT_READY` when it cannot be had yet
 * @throws PermanentError `ERR_OUTPUT_GONE` when it cannot be had any more
 */
export async function storeFile(
  gemini: Gemini,
  file: ReadyFile,
  storing: Storing,
  attempt: FileAttempt,
): Promise<void> {
  if (file.problem !== undefined) throw file.problem;
  const contentType = mediaTypeOf(file.contentType, file.resource?.mimeType);
  const origin = `files/${file.fileId}`;
  const described = { name: file.name(contentType), contentType, origin, isLines: file.isLines };
  // What an earlier attempt completed need not be downloaded again.
  if (attempt.number > 1 && (await storing.adopt(described))) return;
  for (const length of [storing.partBytes, storing.partBytes, undefined]) {
    const download = await gemini.download(file.fileId, attempt.signal, length);
    if (download === undefined) throw notThere(origin, attempt);
    if (await storeDownload(download, { described, file, storing, attempt })) return;
    storing.note(`${origin}: begun again, because Gemini did not serve the rest of the same file`);
  }
}

function notThere(origin: string, { isExpired }: FileAttempt): Error {
  if (!isExpired) return new TransientError('ERR_OUTPUT_NOT_READY', `${origin} cannot be had (yet)`);
  return new PermanentError('ERR_OUTPUT_GONE', `${origin} cannot be had; Gemini keeps files for 48 hours`);
}

/** What Gemini serves now is not the rest of what it began with. */
class FileChanged extends Error {}

interface Target {
  readonly described: DescribedObject;
  readonly file: ReadyFile;
  readonly storing: Storing;
  readonly attempt: FileAttempt;
}

/** False when the file changed meanwhile, and is to be begun again. */
async function storeDownload(download: FileDownload, { described, file, storing, attempt }: Target): Promise<boolean> {
  const { origin } = described;
  const total = download.total ?? file.resource?.sizeBytes;
  const object = storing.open(described);
  try {
    storing.expect(total ?? 0);
    if (download.readRange !== undefined && (total ?? 0) > storing.partBytes) {
      await writeParts(download, object, { total: total ?? 0, partBytes: storing.partBytes, attempt });
    } else {
      const bytes = await writeStream(download, object);
      if (total !== undefined && bytes !== total) {
        throw new TransientError('ERR_OUTPUT_TRUNCATED', `${origin} has ${total} bytes, and ${bytes} came`);
      }
    }
    await object.finish();
    return true;
  } catch (error) {
    await Promise.all([object.abort(), discard(download)]);
    if (error instanceof FileChanged) return false;
    throw error;
  }
}

async function writeStream({ chunks }: Download, object: ObjectSink): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    await object.write(chunk);
  }
  return bytes;
}

interface Parts {
  readonly total: number;
  readonly partBytes: number;
  readonly attempt: FileAttempt;
}

async function writeParts(download: FileDownload, object: ObjectSink, parts: Parts): Promise<void> {
  const { total, partBytes, attempt } = parts;
  const count = Math.ceil(total / partBytes);
  const stop = new AbortController();
  const signal = AbortSignal.any([attempt.signal, stop.signal]);
  let next = 0;
  const work = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      const start = index * partBytes;
      const length = Math.min(partBytes, total - start);
      await object.writePart(index, (buffer) =>
        retried(attempt.wait, async (number) => {
          const isFirst = index === 0 && number === 1;
          const part = isFirst ? download : await download.readRange?.(start, length, signal);
          if (part === undefined) throw new FileChanged();
          return await fill(buffer.subarray(0, length), part);
        }),
      );
    }
  };
  const workers = Array.from({ length: Math.min(PARTS_AT_A_TIME, count) }, work);
  try {
    await Promise.all(workers);
  } finally {
    // The others end before the upload is aborted under them.
    stop.abort();
    await Promise.allSettled(workers);
  }
}

async function fill(buffer: Buffer, part: Download): Promise<number> {
  let at = 0;
  for await (const chunk of part.chunks) {
    if (at + chunk.length > buffer.length) at = Number.NaN;
    if (Number.isNaN(at)) break;
    buffer.set(chunk, at);
    at += chunk.length;
  }
  if (at === buffer.length) return at;
  throw new TransientError(
    'ERR_OUTPUT_TRUNCATED',
    `Gemini sent another number of bytes than the ${buffer.length} of a part`,
  );
}

/** Of one part; the others go on meanwhile. */
async function retried<Result>(wait: Wait, step: (number: number) => Promise<Result>): Promise<Result> {
  for (let number = 1; ; number += 1) {
    try {
      return await step(number);
    } catch (error) {
      if (!(error instanceof TransientError) || !PASSING.includes(error.code) || number === TRIES_OF_A_PART)
        throw error;
      const pause = Math.max(FIRST_PAUSE_MS * 2 ** (number - 1), (error.retryAfterSeconds ?? 0) * 1000);
      if (pause > LONGEST_PAUSE_MS) throw error;
      await wait(pause);
    }
  }
}

/** Gives the connection back: a body that nobody began to read would hold it until Gemini counts as silent. */
async function discard({ chunks }: Download): Promise<void> {
  try {
    for await (const _ of chunks) return;
  } catch {
    // What is not wanted may break off.
  }
}
