/** The HTTP API of the template: routes, throttling, limits and access log before the function. The only public door. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LambdaFunction } from '../lambda/lambda-function.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Resource } from '../template/stack.ts';
import { type AccessLogValues, createAccessLog } from './access-log.ts';
import { type ApiResponse, decodePath, toEvent, toLogTime, toResponse } from './http-api-event.ts';
import { Throttle } from './throttle.ts';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const MAX_HEADER_BYTES = 10_240;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

interface HttpApiOptions {
  readonly stage: Resource<'AWS::ApiGatewayV2::Stage'>;
  readonly routes: readonly { readonly routeKey: string; readonly target: Pick<LambdaFunction, 'invoke'> }[];
  readonly accessLogFile: string;
}

export interface HttpApi {
  readonly url: string;
  /** From here on requests are answered; before, they wait. Called again, with other routes. */
  open(options: HttpApiOptions): void;
  close(): Promise<void>;
}

/** @throws LocalRunError when the port is taken */
export async function assertPortIsFree(port: number): Promise<void> {
  await (await listen(port)).close();
}

/** @throws LocalRunError when the port is taken */
export async function listen(port: number): Promise<HttpApi> {
  let door: Door | undefined;
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const server = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => {
    opened.then(() => door?.handle(request, response)).catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EADDRINUSE') {
      throw new LocalRunError(`Port ${port} is in use. Give another one: npm start -- --port ${port + 1}`, { cause });
    }
    throw new LocalRunError(`Port ${port} cannot be listened on (${cause.code}). Give another one with --port.`, {
      cause,
    });
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open(options) {
      door = new Door(options);
      open();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

interface Route {
  readonly routeKey: string;
  readonly method: string;
  readonly segments: readonly string[];
  readonly target: Pick<LambdaFunction, 'invoke'>;
  readonly throttle: Throttle;
}

class Door {
  readonly #routes: readonly Route[];
  /** Of what leads to no route, and of routes without settings of their own. */
  readonly #throttle: Throttle;
  readonly #log: (values: AccessLogValues) => void;
  readonly #apiId: string;
  readonly #stage: string;

  constructor({ stage, routes, accessLogFile }: HttpApiOptions) {
    const { DefaultRouteSettings, RouteSettings, AccessLogSettings, ApiId, StageName } = stage.properties;
    this.#throttle = throttleOf(DefaultRouteSettings);
    this.#routes = routes.map(({ routeKey, target }) => {
      const [method = '', path = ''] = routeKey.split(' ', 2);
      const own = RouteSettings[routeKey];
      const throttle = own === undefined ? this.#throttle : throttleOf(own);
      return { routeKey, method, segments: path.split('/'), target, throttle };
    });
    this.#log = createAccessLog(AccessLogSettings.Format, accessLogFile);
    this.#apiId = ApiId;
    this.#stage = StageName;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const receivedAt = new Date();
    const requestId = randomUUID();
    const [, stage, ...segments] = (request.url ?? '').split('?', 1)[0]?.split('/') ?? [];
    if (stage !== this.#stage) {
      // Of a stage that is not there nothing is logged, and nothing is throttled but by the account's limit.
      response.writeHead(404, { 'content-type': 'application/json', 'apigw-requestid': requestId });
      response.end('{"message":"Not Found"}');
      return;
    }
    const found = this.#match(request, ['', ...segments]);
    const answer = await this.#answer(request, found, { requestId, receivedAt });
    response.writeHead(answer.status, {
      ...answer.headers,
      'content-length': answer.body.length,
      'apigw-requestid': requestId,
    });
    response.end(answer.body);
    this.#log({
      requestId,
      requestTime: toLogTime(receivedAt),
      routeKey: found?.route.routeKey ?? '-',
      status: answer.status,
      'identity.sourceIp': request.socket.remoteAddress ?? '-',
      protocol: `HTTP/${request.httpVersion}`,
      dataProcessed: request.socket.bytesRead,
      responseLength: answer.body.length,
      responseLatency: Date.now() - receivedAt.getTime(),
    });
  }

  async #answer(
    request: IncomingMessage,
    found: Match | undefined,
    at: { readonly requestId: string; readonly receivedAt: Date },
  ): Promise<ApiResponse> {
    if (!(found?.route.throttle ?? this.#throttle).take()) return message(429, 'Too Many Requests');
    if (found === undefined) return message(404, 'Not Found');
    const headerBytes = request.rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text) + 2, 0);
    if (headerBytes > MAX_HEADER_BYTES) return message(431, 'Request Header Fields Too Large');
    const body = await readBody(request);
    if (body === undefined) return message(413, 'Request Entity Too Large');
    const { routeKey, target } = found.route;
    const pathParameters = found.parameters;
    const event = toEvent({ request, body, routeKey, pathParameters, ...at, apiId: this.#apiId, stage: this.#stage });
    if (Buffer.byteLength(JSON.stringify(event)) > MAX_PAYLOAD_BYTES) return message(500, 'Internal Server Error');
    const result = await target.invoke(event);
    if (result.outcome === 'answered') return toResponse(result.payload) ?? message(500, 'Internal Server Error');
    if (result.outcome === 'lost' && result.reason === 'timeout') return message(503, 'Service Unavailable');
    return message(500, 'Internal Server Error');
  }

  #match(request: IncomingMessage, segments: readonly string[]): Match | undefined {
    for (const route of this.#routes) {
      if (route.method !== request.method || route.segments.length !== segments.length) continue;
      const parameters = matchSegments(route.segments, segments);
      if (parameters) return { route, parameters };
    }
    return undefined;
  }
}

function throttleOf(settings: {
  readonly ThrottlingRateLimit: number;
  readonly ThrottlingBurstLimit: number;
}): Throttle {
  return new Throttle(settings.ThrottlingRateLimit, settings.ThrottlingBurstLimit);
}

interface Match {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(expected)?.[1];
    if (name === undefined ? segment !== expected : segment === '') return undefined;
    if (name !== undefined) parameters[name] = decodePath(segment);
  }
  return parameters;
}

/** Undefined when it is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function message(status: number, text: string): ApiResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message: text })),
  };
}
