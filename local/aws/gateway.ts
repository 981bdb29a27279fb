/**
 * The one address of all AWS services: passes calls on to the emulators and to the services of our own. Here a test can
 * take a service away, and here an action that nobody wrote for stops the run.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalRunError } from '../shared/local-run-error.ts';
import { type AwsCall, type CallInterceptor, identifyCall, isKnown, type Service } from './aws-call.ts';
import { listingOf, permissionsFor } from './permission-requests.ts';
import type { PermissionRequest } from './permissions.ts';

/** The answer to a call in the AWS JSON protocol. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: object;
}
type JsonService = (
  input: Readonly<Record<string, unknown>>,
  action: string,
  request: Pick<IncomingMessage, 'url' | 'headers'>,
) => Promise<JsonAnswer> | JsonAnswer;

export interface GatewayOptions {
  /** Base URLs of the emulators. */
  readonly emulators: Readonly<Partial<Record<Service, string>>>;
  readonly services: Readonly<Partial<Record<Service, JsonService>>>;
  /** Whether the role of a function may do this. */
  readonly allows: (functionId: string, request: PermissionRequest) => Promise<boolean>;
  readonly onFatal: (error: LocalRunError) => void;
  /** Called when a function changes for how long a message is hidden. */
  readonly onVisibilityChange?: (receiptHandle: string, seconds: number) => void;
}

export interface Gateway {
  readonly url: string;
  intercept(interceptor: CallInterceptor): () => void;
  close(): Promise<void>;
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const interceptors = new Set<CallInterceptor>();
  const server = createServer((request, response) => {
    handle(options, interceptors, request, response).catch((error: unknown) => {
      // Anything else is a connection that ended, perhaps with the function at its other end.
      if (error instanceof LocalRunError) options.onFatal(error);
      response.destroy();
    });
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
  await serve(options, call, { request, response, losesAnswer });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Whether the connection ends after the effect, and before the answer. */
  readonly losesAnswer: boolean;
}

/** Bodies of the JSON protocol are small and read whole; S3's go through as they come. */
async function serve(options: GatewayOptions, call: AwsCall, exchange: Exchange): Promise<void> {
  const { request, response, losesAnswer } = exchange;
  const body = call.service === 's3' ? undefined : await readAll(request);
  const input = body === undefined || body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  if (!(await mayCall(options, call, request, input))) {
    request.resume();
    deny(call, response);
    return;
  }
  const service = options.services[call.service];
  if (service === undefined) {
    if (call.action === 'ChangeMessageVisibility' && call.functionId !== undefined)
      options.onVisibilityChange?.(String(input['ReceiptHandle']), Number(input['VisibilityTimeout']));
    await pass(options, call, exchange, body);
    return;
  }
  const answer = await service(input, call.action, request);
  if (losesAnswer) response.destroy();
  else response.writeHead(answer.status, JSON_TYPE).end(JSON.stringify(answer.body));
}

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' };

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function mayCall(
  { allows }: GatewayOptions,
  call: AwsCall,
  request: IncomingMessage,
  input: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const { functionId } = call;
  if (functionId === undefined) return true;
  const decisions = await Promise.all(permissionsFor(call, request, input).map((needed) => allows(functionId, needed)));
  return decisions.every(Boolean);
}

function deny({ service, action, functionId }: AwsCall, response: ServerResponse): void {
  const text = `The role of ${functionId} is not authorized to perform ${service}:${action}`;
  if (service === 's3') {
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end(`<Error><Code>AccessDenied</Code><Message>${text}</Message></Error>`);
    return;
  }
  response.writeHead(400, JSON_TYPE).end(JSON.stringify({ __type: 'AccessDeniedException', Message: text }));
}

async function pass(options: GatewayOptions, call: AwsCall, exchange: Exchange, body?: Buffer): Promise<void> {
  const { request, response, losesAnswer } = exchange;
  const { hostname, port } = new URL(options.emulators[call.service] ?? '');
  const headers = { ...request.headers, ...(body && { 'content-length': body.length }) };
  const outgoing = httpRequest({ hostname, port, method: request.method, path: request.url, headers });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  if (body === undefined) request.on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
  else outgoing.end(body);
  const [incoming] = await answered;
  const { functionId } = call;
  const isMissing = call.action === 'GetObject' && incoming.statusCode === 404;
  if (isMissing && functionId !== undefined && !(await options.allows(functionId, listingOf(request)))) {
    incoming.resume();
    deny({ ...call, action: 'ListBucket' }, response);
    return;
  }
  if (losesAnswer) {
    await once(incoming.resume(), 'end');
    response.destroy();
    return;
  }
  response.writeHead(incoming.statusCode ?? 502, incoming.headers);
  await pipeline(incoming, response);
}
