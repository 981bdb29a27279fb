/**
 * A stand-in for the Gemini API on loopback: jobs, files, webhooks and the keys that sign them, in the wire shapes of the
 * real one, with switches for what goes wrong there.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError, type ErrorStyle, invalidApiKey, notFound, rateLimited } from './api-error.ts';
import { batchRoutes } from './batches.ts';
import { controlRoutes, type Stats } from './control.ts';
import { Deliveries } from './deliveries.ts';
import { FileStore } from './file-store.ts';
import { fileRoutes } from './files.ts';
import { findRoute, type Route, readBody, send } from './http.ts';
import { interactionRoutes } from './interactions.ts';
import { operationRoutes } from './operations.ts';
import { SigningKeys } from './signing.ts';
import type { World } from './state.ts';
import { SwitchBoard, type SwitchesUpdate } from './switches.ts';
import { realTimers, type Timers } from './timers.ts';
import { WebhookStore } from './webhook-store.ts';
import { webhookRoutes } from './webhooks.ts';

export interface GeminiSimulatorOptions {
  /** The only key that is valid. */
  readonly apiKey: string;
  /** @default 0, any that is free */
  readonly port?: number;
  /** @default nothing goes wrong */
  readonly switches?: SwitchesUpdate;
  /** @default those of the machine */
  readonly timers?: Timers;
}

export interface GeminiSimulator {
  /** Serves the API under `/v1` and `/v1beta`. */
  readonly url: string;
  readonly jwksUrl: string;
  readonly controlUrl: string;
  close(): Promise<void>;
}

export async function startGeminiSimulator(options: GeminiSimulatorOptions): Promise<GeminiSimulator> {
  const server = createServer();
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world = createWorld(url, options);
  const stats: Stats = { calls: new Map(), bytesDownloaded: 0, journal: [] };
  const routes = [
    ...batchRoutes(world),
    ...fileRoutes(world),
    ...interactionRoutes(world),
    ...operationRoutes(world),
    ...webhookRoutes(world),
  ];
  const control = controlRoutes(world, routes, stats);
  server.on('request', (request, response) => {
    answer({ world, routes, control, stats }, request, response).catch(() => response.destroy());
  });
  return {
    url,
    jwksUrl: `${url}/.well-known/jwks.json`,
    controlUrl: `${url}/control`,
    close: () => close(server, world.timers),
  };
}

function createWorld(url: string, options: GeminiSimulatorOptions): World {
  // A task that threw is a defect of the simulator: the run must not go on as if nothing was.
  const timers =
    options.timers ??
    realTimers((error) =>
      queueMicrotask(() => {
        throw error;
      }),
    );
  const switches = new SwitchBoard(options.switches);
  const shared = { timers, switches, keys: new SigningKeys(), webhooks: new WebhookStore() };
  const deliveries = new Deliveries(shared);
  return { ...shared, url, apiKey: options.apiKey, deliveries, files: new FileStore(), jobs: new Map() };
}

async function close(server: Server, timers: Timers): Promise<void> {
  timers.stop();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}

interface Site {
  readonly world: World;
  readonly routes: readonly Route[];
  readonly control: readonly Route[];
  readonly stats: Stats;
}

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let style: ErrorStyle = 'classic';
  let route: Route | undefined;
  try {
    const { pathname, searchParams } = new URL(request.url ?? '/', site.world.url);
    if (request.method === 'GET' && pathname === '/.well-known/jwks.json') {
      if (site.world.switches.take('jwksErrors')) throw new ApiError(503, 'The key set is away.');
      await send(response, { json: site.world.keys.publicKeys() });
      return;
    }
    const found = find(site, request.method ?? '', pathname);
    style = found.route.errors;
    route = found.route;
    if (found.route.name !== 'control') admit(site, found.route, request);
    const body = await readBody(request);
    const call = { params: found.params, query: searchParams, headers: request.headers, body };
    const reply = await found.route.handle(call);
    note(site, found.route, 200);
    const changes = request.method !== 'GET' && found.route.name !== 'control';
    if (changes && site.world.switches.take('loseAnswers')) {
      response.destroy();
      return;
    }
    site.stats.bytesDownloaded += reply.cutAfter ?? reply.content?.size ?? 0;
    await send(response, reply);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (route !== undefined) note(site, route, error.status);
    await send(response, { status: error.status, headers: error.headers, json: error.body(style) });
  }
}

/** Those that manage webhooks are few, and their order matters. */
function note({ stats }: Site, { name }: Route, status: number): void {
  if (name.startsWith('webhooks.')) stats.journal.push(`${name} ${status}`);
}

/** `/v1/…`, `/v1beta/…`, `/upload/v1beta/…`, `/download/v1beta/…`. */
function find({ routes, control }: Site, method: string, pathname: string) {
  const isControl = pathname === '/control' || pathname.startsWith('/control/');
  const path = isControl ? pathname : pathname.replace(/^(\/(?:upload|download))?\/(?:v1|v1beta)(?=\/)/, '$1');
  if (!isControl && path === pathname) throw notFound();
  const found = findRoute(isControl ? control : routes, method, path);
  if (found === undefined) throw notFound();
  return found;
}

/** What stands before every call of the API: the key, and what the switches put in its way. */
function admit({ world, stats }: Site, route: Route, request: IncomingMessage): void {
  stats.calls.set(route.name, (stats.calls.get(route.name) ?? 0) + 1);
  if (request.headers['x-goog-api-key'] !== world.apiKey) throw invalidApiKey();
  const limit = world.switches.takeRateLimit();
  if (limit) throw rateLimited(limit.retryDelaySeconds, limit.retryAfterSeconds);
  if (world.switches.take('serverErrors')) throw new ApiError(503, 'The model is overloaded. Please try again later.');
}
