/** HTTP API payload 2.0 to a raw delivery, and a result or an error to the response; all statuses are in this file. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { pathsOf } from '../contract.ts';
import type { PublishResult } from '../events/publish-once.ts';
import { RequestError, type RequestErrorCode, TransientError } from '../shared/errors.ts';
import type { DeliveryRoute, RawDelivery } from '../standard-webhooks/delivery.ts';

/** Soon enough for a blip; Gemini's own backoff takes over from there. */
const UNAVAILABLE_RETRY_AFTER_SECONDS = 5;

/**
 * @param projects names of the projects that have routes
 * @throws RequestError when the event is not of a route of ours
 */
export function toRawDelivery(event: APIGatewayProxyEventV2, projects: readonly string[]): RawDelivery {
  const headers = Object.fromEntries(Object.entries(event.headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    route: toRoute(event, projects),
    headers,
    body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  };
}

function toRoute(event: APIGatewayProxyEventV2, projects: readonly string[]): DeliveryRoute {
  for (const project of projects) {
    const paths = pathsOf(project);
    if (event.routeKey === `POST ${paths.static}`) return { kind: 'static', project };
    if (event.routeKey === `POST ${paths.dynamic}`) {
      return { kind: 'dynamic', project, token: event.pathParameters?.['token'] ?? '' };
    }
  }
  throw new RequestError('ERR_HEADER_INVALID', 'Not a route of this function');
}

export function toResponse(result: PublishResult): APIGatewayProxyStructuredResultV2 {
  if (result.outcome === 'in-progress') return respond(409, { error: 'in_progress' }, result.retryAfterSeconds);
  return respond(200, { status: result.outcome });
}

/** Fixed words only: the caller learns that, never why. Undefined for an error that is not of the pipeline. */
export function toErrorResponse(error: unknown): APIGatewayProxyStructuredResultV2 | undefined {
  if (error instanceof RequestError) return respond(...REJECTION[error.code]);
  if (error instanceof TransientError) return respond(503, { error: 'unavailable' }, UNAVAILABLE_RETRY_AFTER_SECONDS);
  return undefined;
}

const BAD_REQUEST = [400, { error: 'bad_request' }] as const;
const UNAUTHORIZED = [401, { error: 'unauthorized' }] as const;
const REJECTION: Readonly<Record<RequestErrorCode, readonly [number, { readonly error: string }]>> = {
  ERR_BODY_INVALID: BAD_REQUEST,
  ERR_BODY_TOO_LARGE: [413, { error: 'too_large' }],
  ERR_HEADER_INVALID: BAD_REQUEST,
  ERR_HEADER_MISSING: BAD_REQUEST,
  ERR_ORIGIN_MISMATCH: UNAUTHORIZED,
  ERR_SIGNATURE_MISMATCH: UNAUTHORIZED,
  ERR_TIMESTAMP_OUT_OF_TOLERANCE: UNAUTHORIZED,
  ERR_TOKEN_MISMATCH: UNAUTHORIZED,
};

function respond(statusCode: number, body: object, retryAfterSeconds?: number): APIGatewayProxyStructuredResultV2 {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
  return { statusCode, headers, body: JSON.stringify(body) };
}
