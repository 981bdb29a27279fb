/**
 * Long-running video operations (`predictLongRunning`).
 */
import { videoContent } from './file-content.ts';
import type { StoredFile } from './file-store.ts';
import { type Call, json, param, type Route } from './http.ts';
import { randomId } from './ids.ts';
import { eventFileUri, eventId, FOREIGN, lookUpJob, scenarioOf, startJob } from './jobs.ts';
import type { Job, JobOutcome, World } from './state.ts';
import { parseCreateVideo } from './wire.ts';

export const VIDEO_SCENARIOS = ['succeeded', 'partly-filtered', 'filtered', 'failed', FOREIGN] as const;

const SAMPLE_BYTES = 200_000;
const FILTER_REASON = "The video was not returned because it may go against Google's policies.";
const FAILED = { code: 13, message: 'Video generation failed.' };

export function operationRoutes(world: World): Route[] {
  const common = { errors: 'classic' } as const;
  const look = (name: string) => ({ json: lookUpJob(world, 'video', name).resource() });
  return [
    {
      ...common,
      method: 'POST',
      path: '/models/{model}:predictLongRunning',
      name: 'operations.create',
      handle: (call) => ({ json: { name: createVideo(world, call).name } }),
    },
    {
      ...common,
      method: 'GET',
      path: '/models/{model}/operations/{id}',
      name: 'operations.get',
      handle: (call) => look(`models/${param(call, 'model')}/operations/${param(call, 'id')}`),
    },
    {
      ...common,
      method: 'GET',
      path: '/operations/{id}',
      name: 'operations.get',
      handle: (call) =>
        look([...world.jobs.keys()].find((name) => name.endsWith(`/operations/${param(call, 'id')}`)) ?? ''),
    },
  ];
}

function createVideo(world: World, call: Call): Job {
  const { parameters, webhookConfig } = parseCreateVideo(json(call));
  const scenario = scenarioOf(call, VIDEO_SCENARIOS, 'succeeded');
  const model = param(call, 'model');
  const wanted = parameters?.sampleCount ?? 1;
  const filtered = { filtered: wanted, 'partly-filtered': 1 }[scenario as string] ?? 0;
  let samples: StoredFile[] = [];

  const job: Job = {
    kind: 'video',
    name: `models/${model}/operations/${randomId(12)}`,
    scenario,
    model,
    createdAt: world.timers.now(),
    webhookConfig,
    status: 'running',
    endedAt: undefined,
    finish() {
      // Only success has an event type: a failed operation is found by polling.
      if (scenario === 'failed') return { status: 'failed' };
      samples = Array.from({ length: wanted - filtered }, () => makeSample(world, scenario === FOREIGN));
      return generated(world, job, samples[0]);
    },
    resource() {
      if (job.endedAt === undefined) return { name: job.name };
      if (job.status === 'failed') return { name: job.name, done: true, error: FAILED };
      const type = 'type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse';
      return { name: job.name, done: true, response: { '@type': type, generateVideoResponse: response() } };
    },
  };
  startJob(world, job, call);
  return job;

  /** Nothing left after filtering is no error: there are just no samples. */
  function response(): object {
    const generatedSamples = samples.map(({ name }) => ({ video: { uri: downloadUri(world, name) } }));
    return {
      ...(samples.length > 0 ? { generatedSamples } : {}),
      ...(filtered > 0 ? { raiMediaFilteredCount: filtered, raiMediaFilteredReasons: [FILTER_REASON] } : {}),
    };
  }
}

function makeSample(world: World, foreign: boolean): StoredFile {
  const content = videoContent(world.switches.current.downloadSize ?? SAMPLE_BYTES);
  return world.files.generate(world.timers.now(), { mimeType: 'video/mp4', content, foreign });
}

function generated(world: World, job: Job, first: StoredFile | undefined): JobOutcome {
  const file = first && { output_file_uri: eventFileUri(world, downloadUri(world, first.name)), file_name: first.name };
  return { status: 'succeeded', event: { type: 'video.generated', data: { id: eventId(world, job), ...file } } };
}

function downloadUri(world: World, name: string): string {
  return `${world.url}/v1beta/${name}:download?alt=media`;
}
