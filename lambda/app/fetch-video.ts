/**
 * Videos of the older kind: a long-running operation with a file for each sample. Today's video models answer as
 * interactions. https://ai.google.dev/gemini-api/docs/video
 */
import * as z from 'zod/mini';
import { PermanentError, TransientError } from '../domain/errors.ts';
import { dateOf, fileIdOf, operationNames } from '../domain/gemini-names.ts';
import { extensionOf, mediaTypeOf } from '../domain/media-type.ts';
import type { FileOutput, InlineMedia, JobKind, JobState, LandingPlan } from './job-kind.ts';

const NAME = /^(?:models\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/)?operations\/[A-Za-z0-9_-]{1,200}$/;
const MP4 = 'video/mp4';

const Sample = z.looseObject({
  video: z.optional(
    z.looseObject({
      uri: z.optional(z.string()),
      encodedVideo: z.optional(z.string()),
      encoding: z.optional(z.string()),
    }),
  ),
});
const Operation = z.looseObject({
  name: z.string().check(z.regex(NAME)),
  done: z.optional(z.boolean()),
  error: z.optional(z.looseObject({ code: z.optional(z.number()), message: z.optional(z.string()) })),
  metadata: z.catch(z.optional(z.record(z.string(), z.unknown())), undefined),
  response: z.optional(
    z.looseObject({
      generateVideoResponse: z.optional(
        z.looseObject({
          generatedSamples: z.optional(z.array(Sample)),
          raiMediaFilteredCount: z.optional(z.int()),
          raiMediaFilteredReasons: z.optional(z.array(z.string())),
        }),
      ),
    }),
  ),
});
type Operation = z.infer<typeof Operation>;

export const videoJob: JobKind = {
  jobType: 'video',
  resourcePaths: operationNames,
  isBulk: (path) => path.at(-1) === 'encodedVideo',
  stateOf: (outline) => stateOf(parseOperation(outline)),
  plan: planVideo,
};

function parseOperation(outline: unknown): Operation {
  const parsed = Operation.safeParse(outline);
  if (parsed.success) return parsed.data;
  throw new PermanentError('ERR_OUTPUT_INVALID', 'What Gemini answered is not a video operation');
}

function stateOf({ name, done, error, metadata }: Operation): JobState {
  return {
    jobName: name,
    status: done !== true ? 'running' : error === undefined ? 'generated' : 'failed',
    hasEnded: done === true,
    createdAt: dateOf(metadata?.['createTime']),
    endedAt: dateOf(metadata?.['endTime']) ?? dateOf(metadata?.['updateTime']),
    error: error ? { code: String(error.code ?? 'unknown'), message: error.message ?? '' } : null,
  };
}

function planVideo(outline: unknown): LandingPlan {
  const operation = parseOperation(outline);
  const { hasEnded, ...state } = stateOf(operation);
  if (!hasEnded) throw new TransientError('ERR_OUTPUT_NOT_READY', 'The operation is still running');
  const response = operation.response?.generateVideoResponse;
  const { media, files } = planSamples(response?.generatedSamples ?? []);
  return {
    ...state,
    status: statusOf(operation, media.length + files.length),
    model: /^models\/[^/]+/.exec(state.jobName)?.[0] ?? null,
    usage: null,
    counts: { filtered: response?.raiMediaFilteredCount ?? 0 },
    notes: response?.raiMediaFilteredReasons ?? [],
    resourceObject: 'operation.json',
    omit: (path) => path.at(-1) === 'encodedVideo',
    lines: undefined,
    text: undefined,
    media,
    files,
  };
}

/** A job whose every sample the safety filter took has ended without an error, and will never have outputs. */
function statusOf({ error, response }: Operation, samples: number): string {
  if (error !== undefined) return 'failed';
  if (samples > 0) return 'succeeded';
  if ((response?.generateVideoResponse?.raiMediaFilteredCount ?? 0) > 0) return 'filtered';
  throw new TransientError('ERR_OUTPUT_NOT_READY', 'The operation is done, but names no sample');
}

function planSamples(samples: readonly z.infer<typeof Sample>[]): { media: InlineMedia[]; files: FileOutput[] } {
  const media: InlineMedia[] = [];
  const files: FileOutput[] = [];
  for (const [index, { video }] of samples.entries()) {
    const name = (contentType: string) => `video-${String(index).padStart(2, '0')}.${extensionOf(contentType)}`;
    if (video?.encodedVideo !== undefined) {
      const contentType = mediaTypeOf(video.encoding, MP4);
      const pointer = `/response/generateVideoResponse/generatedSamples/${index}/video/encodedVideo`;
      media.push({ pointer, name: name(contentType), contentType });
    } else {
      const fileId = fileIdOf(video?.uri);
      if (fileId === undefined)
        throw new PermanentError('ERR_OUTPUT_INVALID', `Sample ${index} names no file at Gemini`);
      files.push({ fileId, name, contentType: mediaTypeOf(video?.encoding, MP4), isLines: false });
    }
  }
  return { media, files };
}
