import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { expect, it } from 'vitest';
import { toErrorResponse, toRawDelivery, toResponse } from '../../../lambda/receive/api-gateway.ts';
import { PermanentError, RequestError, TransientError } from '../../../lambda/shared/errors.ts';

const PROJECTS = ['default', 'acme-eu'];

function event(overrides: Partial<APIGatewayProxyEventV2>): APIGatewayProxyEventV2 {
  return {
    version: '2.0',
    routeKey: 'POST /webhooks/gemini',
    rawPath: '/webhooks/gemini',
    rawQueryString: '',
    headers: { 'Webhook-Id': 'msg_1' },
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'api.example.com',
      domainPrefix: 'api',
      http: {
        method: 'POST',
        path: '/webhooks/gemini',
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'test',
      },
      requestId: 'r',
      routeKey: 'POST /webhooks/gemini',
      stage: '$default',
      time: '24/Nov/2026:05:00:00 +0000',
      timeEpoch: 1_795_496_400_000,
    },
    isBase64Encoded: false,
    ...overrides,
  };
}

it('keeps the bytes, lowers header names and takes the token from the path', () => {
  expect(toRawDelivery(event({ body: '/w==', isBase64Encoded: true }), PROJECTS)).toEqual({
    route: { kind: 'static', project: 'default' },
    headers: { 'webhook-id': 'msg_1' },
    body: Buffer.from([0xff]),
  });
  const dynamic = event({
    routeKey: 'POST /webhooks/gemini/dynamic/{token}',
    pathParameters: { token: 't' },
    body: 'é',
  });
  expect(toRawDelivery(dynamic, PROJECTS)).toMatchObject({
    route: { kind: 'dynamic', project: 'default', token: 't' },
    body: Buffer.from([0xc3, 0xa9]),
  });
  expect(toRawDelivery(event({}), PROJECTS).body).toEqual(Buffer.alloc(0));
  const { routeKey } = dynamic;
  for (const pathParameters of [undefined, {}]) {
    expect(toRawDelivery(event({ routeKey, pathParameters }), PROJECTS).route).toMatchObject({ token: '' });
  }
});

it('knows the project by the route, and no route of a project that is not configured', () => {
  const acme = event({ routeKey: 'POST /webhooks/gemini/projects/acme-eu' });
  const routeKey = 'POST /webhooks/gemini/projects/acme-eu/dynamic/{token}';

  expect(toRawDelivery(acme, PROJECTS).route).toEqual({ kind: 'static', project: 'acme-eu' });
  expect(toRawDelivery(event({ routeKey, pathParameters: { token: 't' } }), PROJECTS).route).toEqual({
    ...{ kind: 'dynamic', project: 'acme-eu', token: 't' },
  });
  expect(() => toRawDelivery(acme, ['default'])).toThrow(expect.objectContaining({ code: 'ERR_HEADER_INVALID' }));
});

it('answers what was handled', () => {
  const headers = { 'content-type': 'application/json' };

  expect(toResponse({ outcome: 'accepted' })).toEqual({ statusCode: 200, headers, body: '{"status":"accepted"}' });
  expect(toResponse({ outcome: 'duplicate' })).toEqual({ statusCode: 200, headers, body: '{"status":"duplicate"}' });
  expect(toResponse({ outcome: 'in-progress', retryAfterSeconds: 7 })).toEqual({
    statusCode: 409,
    headers: { ...headers, 'retry-after': '7' },
    body: '{"error":"in_progress"}',
  });
});

it.each([
  ['ERR_HEADER_MISSING', 400, '{"error":"bad_request"}'],
  ['ERR_HEADER_INVALID', 400, '{"error":"bad_request"}'],
  ['ERR_BODY_INVALID', 400, '{"error":"bad_request"}'],
  ['ERR_SIGNATURE_MISMATCH', 401, '{"error":"unauthorized"}'],
  ['ERR_TIMESTAMP_OUT_OF_TOLERANCE', 401, '{"error":"unauthorized"}'],
  ['ERR_TOKEN_MISMATCH', 401, '{"error":"unauthorized"}'],
  ['ERR_BODY_TOO_LARGE', 413, '{"error":"too_large"}'],
] as const)('answers %s with %i and a fixed word', (code, statusCode, body) => {
  expect(toErrorResponse(new RequestError(code, 'why'))).toEqual({
    statusCode,
    headers: { 'content-type': 'application/json' },
    body,
  });
});

it('answers 503 with Retry-After for what may hold later, and leaves other errors alone', () => {
  expect(toErrorResponse(new TransientError('ERR_STORE_UNAVAILABLE', 'why'))).toEqual({
    statusCode: 503,
    headers: { 'content-type': 'application/json', 'retry-after': '5' },
    body: '{"error":"unavailable"}',
  });
  expect(toErrorResponse(new PermanentError('ERR_OUTPUT_GONE', 'why'))).toBeUndefined();
  expect(toErrorResponse('why')).toBeUndefined();
});
