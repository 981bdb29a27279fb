/**
 * Videos of the older kind: a long-running operation with a file for each sample. Today's video models answer as
 * interactions. https://ai.google.dev/gemini-api/docs/video
 */
import * as z from 'zod/mini';
import { PermanentError, TransientError } from '../../shared/errors.ts';
import { extensionOf, mediaTypeOf } from '../media-type.ts';
import { dateOf, fileIdOf, operationNames } from '../names.ts';
import { failureOf, lenient } from './job-error.ts';
import type { FileOutput, InlineMedia, JobKind, JobState, OutputPlan } from './job-type.ts';

const NAME = /^(?:(?<model>models\/[A-Za-z0-9][A-Za-z0-9._-]{0,99})\/)?operations\/[A-Za-z0-9_-]{1,200}$/;
const MP4 = 'video/mp4';

const Video = z.looseObject({
  uri: lenient(z.string()),
  encodedVideo: lenient(z.string()),
  encoding: lenient(z.string()),
});
const Sample = z.catch(z.looseObject({ video: lenient(Video) }), {});
const Operation = z.looseObject({
  name: z.string().check(z.regex(NAME)),
  done: lenient(z.boolean()),
  error: z.optional(z.unknown()),
  metadata: lenient(z.record(z.string(), z.unknown())),
  response: lenient(
    z.looseObject({
      generateVideoResponse: lenient(
        z.looseObject({
          generatedSamples: lenient(z.array(Sample)),
          raiMediaFilteredCount: lenient(z.int()),
          raiMediaFilteredReasons: lenient(z.array(z.string())),
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

function stateOf({ name, done, metadata, ...operation }: Operation): JobState {
  const error = failureOf(operation.error);
  return {
    jobName: name,
    status: done !== true ? 'running' : error === null ? 'generated' : 'failed',
    hasEnded: done === true,
    createdAt: dateOf(metadata?.['createTime']),
    endedAt: dateOf(metadata?.['endTime']) ?? dateOf(metadata?.['updateTime']),
    displayName: null,
    error,
  };
}

function planVideo(outline: unknown): OutputPlan {
  const operation = parseOperation(outline);
  const { hasEnded, ...state } = stateOf(operation);
  if (!hasEnded) throw new TransientError('ERR_OUTPUT_NOT_READY', 'The operation is still running');
  const response = operation.response?.generateVideoResponse;
  const { media, files, notes } = planSamples(response?.generatedSamples ?? []);
  const isEmpty = media.length + files.length === 0;
  const filtered = response?.raiMediaFilteredCount ?? 0;
  return {
    ...state,
    // A job whose every sample the safety filter took has ended without an error, and will never have outputs.
    status: state.error !== null ? 'failed' : isEmpty && filtered > 0 ? 'filtered' : 'succeeded',
    model: NAME.exec(state.jobName)?.groups?.['model'] ?? null,
    usage: null,
    counts: { filtered },
    notes: [...(response?.raiMediaFilteredReasons ?? []), ...notes],
    missing:
      isEmpty && filtered === 0 && state.error === null ? 'The operation is done, but names no sample' : undefined,
    resourceObject: 'operation.json',
    omit: (path) => path.at(-1) === 'encodedVideo',
    lines: undefined,
    text: undefined,
    media,
    files,
  };
}

interface Samples {
  readonly media: InlineMedia[];
  readonly files: FileOutput[];
  readonly notes: string[];
}

function planSamples(samples: readonly z.infer<typeof Sample>[]): Samples {
  const media: InlineMedia[] = [];
  const files: FileOutput[] = [];
  const notes: string[] = [];
  for (const [index, { video }] of samples.entries()) {
    const name = (contentType: string) => `video-${String(index).padStart(2, '0')}.${extensionOf(contentType)}`;
    if (video?.encodedVideo !== undefined) {
      const contentType = mediaTypeOf(video.encoding, MP4);
      const pointer = `/response/generateVideoResponse/generatedSamples/${index}/video/encodedVideo`;
      media.push({ pointer, name: name(contentType), contentType });
    } else {
      const fileId = fileIdOf(video?.uri);
      const contentType = mediaTypeOf(video?.encoding, MP4);
      if (fileId === undefined) notes.push(`Sample ${index} names no file at Gemini`);
      else files.push({ fileId, name, contentType, isLines: false, isOptional: false });
    }
  }
  return { media, files, notes };
}
