/** HTTP API's payload format 2.0: a request as an event, and a function's answer as a response. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod';
import { ACCOUNT, REGION } from '../template/intrinsics.ts';

export interface ReceivedRequest {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly routeKey: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly receivedAt: Date;
  readonly apiId: string;
  readonly stage: string;
}

/** Bodies of these types go to the function as text; any other goes in base64. */
const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|x-www-form-urlencoded)\b)/i;

/** Members that have nothing to say are absent, as they are at AWS. */
export function toEvent(received: ReceivedRequest): APIGatewayProxyEventV2 {
  const { request, body, routeKey, pathParameters, requestId, receivedAt, apiId, stage } = received;
  const { pathname, search } = new URL(request.url ?? '/', 'http://api');
  const path = decodePath(pathname);
  const headers = joinHeaders(request.rawHeaders);
  const cookies = headers['cookie']?.split('; ');
  // Text that is no UTF-8 would not survive as text.
  const isText = TEXT.test(headers['content-type'] ?? '') && isUtf8(body);
  const isBase64Encoded = body.length > 0 && !isText;
  delete headers['cookie'];
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: search.slice(1),
    ...(cookies && { cookies }),
    headers,
    ...(search.length > 1 && { queryStringParameters: joinQuery(search) }),
    requestContext: {
      accountId: ACCOUNT,
      apiId,
      domainName: `${apiId}.execute-api.${REGION}.amazonaws.com`,
      domainPrefix: apiId,
      http: {
        method: request.method ?? '',
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey,
      stage,
      time: toLogTime(receivedAt),
      timeEpoch: receivedAt.getTime(),
    },
    ...(Object.keys(pathParameters).length > 0 && { pathParameters: { ...pathParameters } }),
    ...(body.length > 0 && { body: body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  };
}

/** What is no percent-encoding stays as it is. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Lower-cased; what comes twice is joined by a comma. */
function joinHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return headers;
}

function joinQuery(search: string): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    joined[name] = joined[name] === undefined ? value : `${joined[name]},${value}`;
  }
  return joined;
}

/** `24/Nov/2026:05:00:00 +0000` */
export function toLogTime(date: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

const StructuredResult = z.object({
  statusCode: z.coerce.number().int().min(200).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** What is no structured result is a body, with status 200 and as JSON. Undefined when it is one, and malformed. */
export function toResponse(payload: unknown): ApiResponse | undefined {
  if (typeof payload !== 'object' || payload === null || !('statusCode' in payload)) {
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload ?? null);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
  }
  const parsed = StructuredResult.safeParse(payload);
  if (!parsed.success) return undefined;
  const result = parsed.data;
  const headers = Object.entries(result.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return {
    status: result.statusCode,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...Object.fromEntries(headers),
      ...(result.cookies && { 'set-cookie': result.cookies }),
    },
    body: Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8'),
  };
}
