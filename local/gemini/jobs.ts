/**
 * The life of a job: created, running for a while, ended, announced. The families of jobs differ only in what they make.
 */
import { ApiError, notFound, notYours } from './api-error.ts';
import type { Call } from './http.ts';
import type { Job, JobKind, World } from './state.ts';

/** Chooses what becomes of a job that is created through the API. */
const SCENARIO_HEADER = 'x-simulator-scenario';
/** Announces the job's end as this event type, also where Gemini would say nothing. */
const EVENT_HEADER = 'x-simulator-event';

/** With `missing` the job's end is announced to nobody, as Gemini was seen to do (google-gemini/cookbook#1297). */
const WEBHOOK_HEADER = 'x-simulator-webhook';

/** A job of somebody else's project: well signed, like every dynamic delivery, but not to be looked up. */
export const FOREIGN = 'foreign';

export function scenarioOf<Scenario extends string>(
  call: Call,
  scenarios: readonly Scenario[],
  fallback: Scenario,
): Scenario {
  const asked = call.headers[SCENARIO_HEADER] ?? fallback;
  const scenario = scenarios.find((one) => one === asked);
  if (scenario === undefined) {
    throw new ApiError(400, `The simulator has no scenario ${String(asked)} here. Use one of ${scenarios.join(', ')}.`);
  }
  return scenario;
}

export function startJob(world: World, job: Job, call: Call): void {
  const announcedAs = call.headers[EVENT_HEADER];
  const isMissing = call.headers[WEBHOOK_HEADER] === 'missing';
  world.jobs.set(job.name, job);
  world.timers.schedule(world.switches.current.jobMs, () => {
    if (job.endedAt !== undefined || !world.jobs.has(job.name)) return;
    job.endedAt = world.timers.now();
    const outcome = job.finish();
    job.status = outcome.status;
    const event =
      typeof announcedAs === 'string'
        ? { type: announcedAs, data: outcome.event?.data ?? { id: eventId(world, job) } }
        : outcome.event;
    if (event) world.deliveries.announce({ ...event, jobName: job.name, webhookConfig: job.webhookConfig, isMissing });
  });
}

/** Gemini pushes nothing about a cancellation. */
export function cancelJob(world: World, job: Job): void {
  if (job.endedAt !== undefined) throw new ApiError(400, 'The job has ended and cannot be cancelled.');
  job.status = 'cancelled';
  job.endedAt = world.timers.now();
}

/** @throws ApiError 404 for a name that is not known, 403 for a job of another project, and what a switch says */
export function lookUpJob(world: World, kind: JobKind, name: string): Job {
  const job = world.jobs.get(name);
  if (job?.kind !== kind) throw notFound();
  if (job.scenario === FOREIGN) throw notYours();
  const { ms, status } = world.switches.current.hideJobs;
  if (job.endedAt !== undefined && world.timers.now().getTime() < job.endedAt.getTime() + ms) throw hidden(status);
  return job;
}

/** As seen at Gemini: https://github.com/googleapis/python-genai/issues/2985, discuss.ai.google.dev/t/177857 and 188709. */
function hidden(status: 404 | 403 | 400): ApiError {
  if (status === 404) return notFound();
  if (status === 403) return new ApiError(403, 'Your project has been denied access. Please contact support.');
  return new ApiError(400, 'Unsupported file uri: blobstore/prod/unknown');
}

/** `data.id` in the form that the switch asks for; interactions have but one. */
export function eventId(world: World, job: Job): string {
  if (job.kind === 'interaction') return job.name;
  const bare = job.name.slice(job.name.lastIndexOf('/') + 1);
  return { name: job.name, bare, underscore: `${job.kind}_${bare}` }[world.switches.current.idStyle];
}

/** `data.output_file_uri`, unless the switch puts something hostile there. */
export function eventFileUri(world: World, uri: string): string {
  return world.switches.current.outputFileUri ?? uri;
}
