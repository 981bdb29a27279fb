/**
 * The Interactions API: model calls, Deep Research and Omni video.
 */
import * as z from 'zod';
import { ApiError, notFound } from './api-error.ts';
import { type Call, json, param, type Route, routesOf } from './http.ts';
import { interactionId, secondTimestamp } from './ids.ts';
import { type Ending, endingOf, INTERACTION_SCENARIOS, type InteractionScenario } from './interaction-outputs.ts';
import { cancelJob, lookUpJob, scenarioOf, startJob } from './jobs.ts';
import type { Job, World } from './state.ts';

const ResponseFormat = z.looseObject({ type: z.string().optional(), delivery: z.enum(['inline', 'uri']).optional() });

const CreateInteraction = z.looseObject({
  model: z.string().optional(),
  agent: z.string().optional(),
  input: z.unknown().refine((input) => input !== undefined, 'is required'),
  background: z.boolean().optional(),
  store: z.boolean().optional(),
  response_format: z.union([ResponseFormat, z.array(ResponseFormat)]).optional(),
  webhook_config: z
    .strictObject({ uris: z.array(z.url()).min(1), user_metadata: z.record(z.string(), z.unknown()).optional() })
    .optional(),
});
type CreateInteraction = z.infer<typeof CreateInteraction>;

export function interactionRoutes(world: World): Route[] {
  const look = (call: Call) => lookUpJob(world, 'interaction', param(call, 'id'));
  const route = routesOf('next-gen');
  return [
    route('POST', '/interactions', 'interactions.create', (call) => ({ json: createInteraction(world, call) })),
    route('GET', '/interactions/{id}', 'interactions.get', (call) => ({ json: look(call).resource() })),
    route('POST', '/interactions/{id}/cancel', 'interactions.cancel', (call) => {
      const job = look(call);
      cancelJob(world, job);
      return { json: job.resource() };
    }),
    route('DELETE', '/interactions/{id}', 'interactions.delete', (call) => {
      if (!world.jobs.delete(look(call).name)) throw notFound();
      return { json: {} };
    }),
  ];
}

function createInteraction(world: World, call: Call): object {
  const request = parseCreate(json(call));
  const scenario = scenarioOf(call, INTERACTION_SCENARIOS, derivedScenario(request));
  const { webhook_config: config, model, agent, input } = request;
  let ending: Ending | undefined;

  const job: Job = {
    kind: 'interaction',
    name: interactionId(),
    scenario,
    model: model ?? agent ?? '',
    createdAt: world.timers.now(),
    webhookConfig: config && { uris: config.uris, userMetadata: config.user_metadata },
    status: 'running',
    endedAt: undefined,
    finish() {
      ending = endingOf(world, scenario, promptOf(input));
      const error = ending.errors?.[0];
      const data = { id: job.name, ...(error && { error_code: error.code, error_message: error.message }) };
      return { status: ending.status, ...(ending.event && { event: { type: ending.event, data } }) };
    },
    resource: () => ({ ...head(), ...(ending ? body(ending, input) : {}) }),
  };

  if (request.background) startJob(world, job, call);
  else {
    // A call in the foreground is answered with its end and announced to nobody.
    world.jobs.set(job.name, job);
    job.endedAt = job.createdAt;
    job.status = job.finish().status;
  }
  return job.resource();

  function head(): object {
    return {
      id: job.name,
      status: job.status === 'running' ? 'in_progress' : job.status,
      created: secondTimestamp(job.createdAt),
      updated: secondTimestamp(job.endedAt ?? job.createdAt),
      service_tier: 'standard',
      ...(config ? { webhook_config: config } : {}),
      object: 'interaction',
      ...(agent === undefined ? { model } : { agent }),
    };
  }
}

function body({ steps, errors, environmentId }: Ending, input: unknown): object {
  return {
    ...(environmentId === undefined ? {} : { environment_id: environmentId }),
    ...(errors ? { errors } : {}),
    usage: {
      total_tokens: 58,
      total_input_tokens: 7,
      input_tokens_by_modality: [{ modality: 'text', tokens: 7 }],
      total_cached_tokens: 0,
      total_output_tokens: 19,
      total_tool_use_tokens: 0,
      total_thought_tokens: 32,
    },
    steps: [{ type: 'user_input', content: [{ type: 'text', text: promptOf(input) }] }, ...steps],
  };
}

function promptOf(input: unknown): string {
  return typeof input === 'string' ? input : JSON.stringify(input);
}

function derivedScenario({ agent, model, response_format: format }: CreateInteraction): InteractionScenario {
  const formats = [format ?? []].flat();
  const video = formats.find(({ type }) => type === 'video');
  if (video || model?.includes('omni')) return video?.delivery === 'uri' ? 'video-uri' : 'video-inline';
  if (formats.some(({ type }) => type === 'audio')) return 'audio';
  if (agent?.startsWith('antigravity')) return 'managed-agent';
  return agent?.startsWith('deep-research') ? 'deep-research' : 'text';
}

function parseCreate(value: unknown): CreateInteraction {
  refuseCamelCase(value);
  const result = CreateInteraction.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new ApiError(400, `Invalid value at '${issue?.path.join('.')}': ${issue?.message}`);
  }
  const request = result.data;
  if ((request.model === undefined) === (request.agent === undefined)) {
    throw new ApiError(400, 'Exactly one of model and agent must be set.');
  }
  if (request.agent !== undefined && !request.background) throw new ApiError(400, 'Agents require background=true.');
  if (request.webhook_config && !request.background) {
    throw new ApiError(400, 'webhook_config requires background=true.');
  }
  if (request.background && request.store === false) throw new ApiError(400, 'background=true requires store=true.');
  return request;
}

/** The classic families take both cases; this one refuses camelCase by name. */
function refuseCamelCase(value: unknown): void {
  if (typeof value !== 'object' || value === null) throw new ApiError(400, 'The body is not a JSON object.');
  const key = Object.keys(value).find((name) => /[A-Z]/.test(name));
  if (key === undefined) return;
  const snake = key.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  throw new ApiError(400, `Unknown parameter '${key}'. Did you mean '${snake}'?`);
}
