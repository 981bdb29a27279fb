/**
 * The simulator's thin layer over node:http: routes, request bodies and answers, some of which break off on purpose.
 */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, type ErrorStyle } from './api-error.ts';
import type { FileContent } from './file-content.ts';

/** Batch inputs are read whole; Gemini's own limit is 2 GB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface Call {
  /** Values of the `{names}` in the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: object;
  /** Streamed with a Content-Length. */
  readonly content?: FileContent;
  /** Where in the content the answer begins. @default 0 */
  readonly from?: number;
  /** Before which byte it ends. @default - with the content */
  readonly to?: number;
  /** Bytes after which nothing more comes, until whoever reads hangs up. */
  readonly stallAfter?: number;
  /** Bytes after which the connection is cut, although Content-Length promised more. */
  readonly cutAfter?: number;
}

export interface Route {
  readonly method: string;
  /** `/files/{id}:download`; a `{name}` matches neither `/` nor `:`. */
  readonly path: string;
  /** Under which the call is counted in the statistics. */
  readonly name: string;
  readonly errors: ErrorStyle;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** Makes routes of one family of the API, which share the form of their errors. */
export function routesOf(errors: ErrorStyle) {
  return (method: string, path: string, name: string, handle: Route['handle']): Route => ({
    method,
    path,
    name,
    errors,
    handle,
  });
}

/** The one parameter `name` of the call's path. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`The route has no parameter ${name}.`);
  return value;
}

/** The body as a JSON value; an empty body is `{}`. */
export function json(call: Call): unknown {
  if (call.body.length === 0) return {};
  try {
    return JSON.parse(call.body.toString('utf8'));
  } catch {
    throw new ApiError(400, 'Invalid JSON payload received.');
  }
}

/** `undefined` when no route has this method and path. Paths are relative to the version prefix. */
export function findRoute(routes: readonly Route[], method: string, path: string) {
  for (const route of routes) {
    if (route.method !== method) continue;
    const pattern = route.path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/:]+)');
    const match = new RegExp(`^${pattern}$`).exec(path);
    if (match) return { route, params: decodeAll(match.groups ?? {}) };
  }
  return undefined;
}

function decodeAll(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    throw new ApiError(400, 'The path is not valid percent-encoding.');
  }
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new ApiError(413, 'The simulator takes bodies of at most 64 MiB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function send(response: ServerResponse, answer: Answer): Promise<void> {
  const { status = 200, headers = {}, content, from = 0, to = content?.size ?? 0 } = answer;
  if (content === undefined) {
    const body = answer.json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(answer.json));
    const type = answer.json === undefined ? {} : { 'content-type': 'application/json; charset=UTF-8' };
    response.writeHead(status, { ...type, 'content-length': body.length, ...headers }).end(body);
    return;
  }
  response.writeHead(status, { 'content-length': to - from, ...headers });
  let left = answer.cutAfter ?? answer.stallAfter ?? Number.POSITIVE_INFINITY;
  for (const chunk of between(content.chunks(), from, to)) {
    if (response.destroyed) return;
    if (chunk.length >= left) {
      // Only when these bytes are on their way does the reader see a body that starts well and then breaks off.
      response.write(chunk.subarray(0, left), () => answer.cutAfter !== undefined && response.destroy());
      return;
    }
    left -= chunk.length;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function* between(chunks: Iterable<Buffer>, from: number, to: number): Iterable<Buffer> {
  let at = 0;
  for (const chunk of chunks) {
    const wanted = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += chunk.length;
    if (wanted.length > 0) yield wanted;
    if (at >= to) return;
  }
}

/** Or gone: either way there is nothing to wait for. */
async function drained(response: ServerResponse): Promise<void> {
  const other = new AbortController();
  const { signal } = other;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  other.abort();
}
