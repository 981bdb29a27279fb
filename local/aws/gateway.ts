/**
 * The one address of all AWS services: passes calls on to the emulators and to the services of our own. Here a test can
 * take a service away, and here an action that nobody wrote for stops the run.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallInterceptor, identifyCall, isKnown, type Service } from './aws-call.ts';
import { LocalRunError } from './local-run-error.ts';

/** The answer to a call in the AWS JSON protocol. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: object;
}
type JsonService = (input: Readonly<Record<string, unknown>>) => Promise<JsonAnswer> | JsonAnswer;

export interface GatewayOptions {
  /** Base URLs of the emulators. */
  readonly emulators: Readonly<Partial<Record<Service, string>>>;
  readonly services: Readonly<Partial<Record<Service, JsonService>>>;
  readonly onFatal: (error: LocalRunError) => void;
}

export interface Gateway {
  readonly url: string;
  intercept(interceptor: CallInterceptor): () => void;
  close(): Promise<void>;
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const interceptors = new Set<CallInterceptor>();
  const server = createServer((request, response) => {
    handle(options, interceptors, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    intercept(interceptor) {
      interceptors.add(interceptor);
      return () => interceptors.delete(interceptor);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function handle(
  options: GatewayOptions,
  interceptors: ReadonlySet<CallInterceptor>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = identifyCall(request);
  if (!isKnown(call)) {
    options.onFatal(
      new LocalRunError(
        `${call.functionId ?? 'Somebody'} called ${call.service} ${call.action}, which the local run does not know. Add it to local/aws/aws-call.ts.`,
      ),
    );
    response.writeHead(501).end();
    return;
  }
  let losesAnswer = false;
  for (const interceptor of interceptors) {
    const verdict = interceptor(call);
    if (verdict === 'drop') {
      request.destroy();
      return;
    }
    if (verdict === 'deny') {
      request.resume();
      response.writeHead(503, { 'content-type': 'application/x-amz-json-1.1' }).end('{"__type":"ServiceUnavailable"}');
      return;
    }
    if (verdict === 'lose-answer') losesAnswer = true;
    if (typeof verdict === 'object') await sleep(verdict.delayMs);
  }
  const service = options.services[call.service];
  if (service) await answer(service, request, response, losesAnswer);
  else await pass(options.emulators[call.service] ?? '', request, response, losesAnswer);
}

async function answer(
  service: JsonService,
  request: IncomingMessage,
  response: ServerResponse,
  losesAnswer: boolean,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { status, body } = await service(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  if (losesAnswer) response.destroy();
  else response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}

function pass(
  baseUrl: string,
  request: IncomingMessage,
  response: ServerResponse,
  losesAnswer: boolean,
): Promise<void> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((done, fail) => {
    const options = { hostname, port, method: request.method, path: request.url, headers: request.headers };
    const outgoing = httpRequest(options, (incoming) => {
      incoming.on('error', fail);
      if (losesAnswer) {
        incoming.resume().on('end', () => {
          response.destroy();
          done();
        });
        return;
      }
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      incoming.pipe(response).on('finish', done);
    });
    outgoing.on('error', fail);
    request.on('error', fail).pipe(outgoing);
  });
}
