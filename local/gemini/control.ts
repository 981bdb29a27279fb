/**
 * The simulator's own API: to submit jobs without the SDK, to set the switches, and to see what was sent. Without a key:
 * it listens on loopback.
 */
import * as z from 'zod';
import { ApiError, notFound } from './api-error.ts';
import { BATCH_SCENARIOS } from './batches.ts';
import { bytesContent } from './file-content.ts';
import { type Answer, type Call, json, param, type Route, routesOf } from './http.ts';
import { INTERACTION_SCENARIOS } from './interaction-outputs.ts';
import { VIDEO_SCENARIOS } from './operations.ts';
import type { Job, World } from './state.ts';
import { SwitchesError } from './switches.ts';

const SCENARIOS = { batch: BATCH_SCENARIOS, interaction: INTERACTION_SCENARIOS, video: VIDEO_SCENARIOS } as const;

const CreateJob = z.strictObject({
  kind: z.enum(['batch', 'interaction', 'video']),
  scenario: z.string().optional(),
  prompt: z.string().default('A prompt'),
  /** Of a batch: how its requests, and so its results, travel. */
  input: z.enum(['inline', 'file', 'embeddings']).default('inline'),
  /** Requests of a batch, samples of a video. */
  count: z.int().min(1).max(10_000).default(2),
  /** A dynamic webhook of this job; without it the static ones hear of it. */
  webhookUrl: z.url().optional(),
  userMetadata: z.record(z.string(), z.unknown()).optional(),
  /** Nobody hears of its end. */
  missing: z.boolean().default(false),
  /** Announces the end under this event type, whatever Gemini would say. */
  event: z.string().optional(),
});
type CreateJob = z.infer<typeof CreateJob>;

/** Of a dynamic webhook, which is signed with Gemini's own key. */
const Message = z.strictObject({
  id: z.string(),
  timestamp: z.int(),
  body: z.string().transform((text) => Buffer.from(text)),
});

export interface Stats {
  /** Calls of the API by name. */
  readonly calls: Map<string, number>;
  bytesDownloaded: number;
  /** Calls that manage webhooks, in order: name and HTTP status. */
  readonly journal: string[];
}

/** @param routes of the API, by which jobs are created */
export function controlRoutes(world: World, routes: readonly Route[], stats: Stats): Route[] {
  const routeOf = routesOf('classic');
  const route = (method: string, path: string, handle: Route['handle']) =>
    routeOf(method, `/control${path}`, 'control', handle);
  const own: Route[] = [
    route('GET', '', () => ({
      json: { routes: own.map(({ method, path }) => `${method} ${path}`), scenarios: SCENARIOS },
    })),
    route('GET', '/switches', () => ({ json: world.switches.current })),
    route('PATCH', '/switches', (call) => updateSwitches(world, call)),
    route('GET', '/jobs', () => ({ json: { jobs: [...world.jobs.values()].map(summary) } })),
    route('POST', '/jobs', (call) => createJob(world, routes, call)),
    route('GET', '/deliveries', () => ({ json: world.deliveries.list() })),
    route('POST', '/deliveries/{id}:redeliver', (call) => {
      if (!world.deliveries.redeliver(param(call, 'id'))) throw notFound();
      return { json: {} };
    }),
    route('POST', '/signatures', (call) => ({ json: { signature: world.keys.signV1a(parse(Message, call)) } })),
    // As the project's owner does in Google AI Studio: the key of before is deleted.
    route('PUT', '/api-key', (call) => {
      world.apiKey = z.strictObject({ apiKey: z.string().min(1) }).parse(json(call)).apiKey;
      return { json: {} };
    }),
    route('POST', '/keys:rotate', () => {
      world.keys.rotate();
      return { json: {} };
    }),
    route('GET', '/stats', () => ({
      json: { calls: Object.fromEntries(stats.calls), bytesDownloaded: stats.bytesDownloaded, journal: stats.journal },
    })),
  ];
  return own;
}

function updateSwitches(world: World, call: Call): Answer {
  try {
    const current = world.switches.update(json(call));
    if (current.outOfOrder === 0) world.deliveries.releaseHeld();
    return { json: current };
  } catch (error) {
    if (error instanceof SwitchesError) throw new ApiError(400, error.message);
    throw error;
  }
}

function parse<Output>(schema: z.ZodType<Output>, call: Call): Output {
  const parsed = schema.safeParse(json(call));
  if (parsed.success) return parsed.data;
  throw new ApiError(400, z.prettifyError(parsed.error));
}

function summary({ kind, name, scenario, status, createdAt, endedAt }: Job): object {
  return { kind, name, scenario, status, createdAt: createdAt.toISOString(), endedAt: endedAt?.toISOString() ?? null };
}

async function createJob(world: World, routes: readonly Route[], call: Call): Promise<Answer> {
  const order = parse(CreateJob, call);
  const before = new Set(world.jobs.keys());
  const { name, params, body } = requestOf(world, order);
  const route = routes.find((candidate) => candidate.name === name);
  if (route === undefined) throw new Error(`There is no route ${name}.`);
  await route.handle({
    params,
    query: new URLSearchParams(),
    headers: {
      ...(order.scenario && { 'x-simulator-scenario': order.scenario }),
      ...(order.event && { 'x-simulator-event': order.event }),
      ...(order.missing && { 'x-simulator-webhook': 'missing' }),
    },
    body: Buffer.from(JSON.stringify(body)),
  });
  const created = [...world.jobs.values()].find((job) => !before.has(job.name));
  if (created === undefined) throw new Error('The job was not created.');
  return { status: 201, json: summary(created) };
}

/** The API call that an application would make. */
function requestOf(world: World, order: CreateJob): { name: string; params: Record<string, string>; body: object } {
  const { kind, prompt, input, count, webhookUrl, userMetadata } = order;
  const uris = webhookUrl === undefined ? undefined : [webhookUrl];
  if (kind === 'video') {
    const webhookConfig = uris && { uris, ...(userMetadata && { userMetadata }) };
    const body = { instances: [{ prompt }], parameters: { sampleCount: Math.min(count, 8) }, webhookConfig };
    return { name: 'operations.create', params: { model: 'veo-3.1-generate-preview' }, body };
  }
  if (kind === 'interaction') {
    const webhook_config = uris && { uris, ...(userMetadata && { user_metadata: userMetadata }) };
    const body = { model: 'gemini-2.5-flash', input: prompt, background: true, webhook_config };
    return { name: 'interactions.create', params: {}, body };
  }
  const requests = Array.from({ length: count }, (_, index) => ({
    request:
      input === 'embeddings'
        ? { content: { parts: [{ text: `${prompt} ${index}` }] } }
        : { contents: [{ parts: [{ text: `${prompt} ${index}` }] }] },
    metadata: { key: `request-${index + 1}` },
  }));
  const inputConfig = input === 'file' ? { fileName: uploadInput(world, requests) } : { requests: { requests } };
  return {
    name: input === 'embeddings' ? 'batches.createEmbeddings' : 'batches.create',
    params: { model: input === 'embeddings' ? 'gemini-embedding-001' : 'gemini-2.5-flash' },
    body: { batch: { displayName: prompt, inputConfig, webhookConfig: uris && { uris } } },
  };
}

function uploadInput(world: World, requests: readonly { request: object; metadata: { key: string } }[]): string {
  const lines = requests.map(({ request, metadata }) => `${JSON.stringify({ key: metadata.key, request })}\n`);
  const content = bytesContent(Buffer.from(lines.join('')));
  return world.files.generate(world.timers.now(), { mimeType: 'application/jsonl', content }).name;
}
