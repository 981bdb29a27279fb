import { mkdtempSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HttpApi, listen } from '../../../local/aws/http-api.ts';
import { Throttle } from '../../../local/aws/throttle.ts';
import type { InvocationResult } from '../../../local/lambda/sandbox.ts';

const accessLogFile = join(mkdtempSync(join(tmpdir(), 'api-')), 'access.log');
let api: HttpApi;
let seen: APIGatewayProxyEventV2 | undefined;
let next: InvocationResult = { outcome: 'answered', payload: 'hi', maxRssKiB: 1 };

const stageOf = (Format: string, ThrottlingBurstLimit = 100) => ({
  ...{ id: 'Stage', ref: 'Stage', arn: 'arn' },
  properties: {
    ApiId: 'api',
    StageName: 'stage',
    RouteSettings: { 'POST /busy': { ThrottlingBurstLimit: 1, ThrottlingRateLimit: 0.001 } },
    AccessLogSettings: { DestinationArn: 'arn', Format },
    DefaultRouteSettings: { ThrottlingBurstLimit, ThrottlingRateLimit: ThrottlingBurstLimit / 1000 },
  },
});

beforeAll(async () => {
  const target = {
    invoke: async (event: unknown) => {
      seen = event as APIGatewayProxyEventV2;
      return next;
    },
  };
  api = await listen(0);
  api.open({
    stage: stageOf('{"route":"$context.routeKey","status":"$context.status"}'),
    routes: [
      { routeKey: 'POST /hook/{token}', target },
      { routeKey: 'POST /busy', target },
    ],
    accessLogFile,
  });
});
afterAll(() => api.close());

/** Plain node:http, which sends headers as they are. */
function send(path: string, headers: Record<string, string | string[]> = {}, body: Buffer | string = '') {
  return new Promise<{ status: number | undefined; headers: object; body: string }>((resolve, reject) => {
    const outgoing = request(`${api.url}/stage${path}`, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on('error', reject).end(body);
  });
}

it('makes an event of payload format 2.0 out of a request', async () => {
  await send(
    '/hook/a%20b?x=1&x=2',
    { 'X-Twice': ['1', '2'], cookie: 'a=1; b=2', 'content-type': 'application/json' },
    '{"é":1}',
  );

  expect(seen).toMatchObject({
    ...{ version: '2.0', routeKey: 'POST /hook/{token}', rawPath: '/stage/hook/a b', rawQueryString: 'x=1&x=2' },
    ...{ cookies: ['a=1', 'b=2'], queryStringParameters: { x: '1,2' }, pathParameters: { token: 'a b' } },
    ...{ body: '{"é":1}', isBase64Encoded: false },
    requestContext: {
      http: { method: 'POST', sourceIp: '127.0.0.1' },
      stage: 'stage',
      routeKey: 'POST /hook/{token}',
    },
  });
  expect(seen?.headers).toMatchObject({ 'x-twice': '1,2' });
  expect(seen?.headers).not.toHaveProperty('cookie');
  expect(seen?.requestContext.time).toMatch(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
});

it('has no member for what is not there', async () => {
  await send('/hook/a');

  for (const name of ['body', 'cookies', 'queryStringParameters', 'stageVariables'])
    expect(seen).not.toHaveProperty(name);
});

it.each([
  ['bytes without a type', {}, Buffer.from([0, 255]), 'AP8='],
  ['bytes that claim to be JSON', { 'content-type': 'application/json' }, Buffer.from([0xff]), '/w=='],
  ['an image', { 'content-type': 'image/png' }, Buffer.from('x'), 'eA=='],
])('sends %s in base64', async (_what, headers, body, expected) => {
  await send('/hook/a', headers, body);

  expect(seen).toMatchObject({ body: expected, isBase64Encoded: true });
});

it.each([
  ['a structured result', { statusCode: 418, headers: { 'X-A': 1 }, body: 'b' }, 418, 'b'],
  ['a body in base64', { statusCode: 200, body: 'aGk=', isBase64Encoded: true }, 200, 'hi'],
  ['anything else as JSON', { a: 1 }, 200, '{"a":1}'],
])('answers with %s', async (_what, payload, status, body) => {
  next = { outcome: 'answered', payload, maxRssKiB: 1 };

  expect(await send('/hook/a')).toMatchObject({ status, body });
});

it.each([
  ['fails', { outcome: 'failed', errorType: 'Error' }, 500, '{"message":"Internal Server Error"}'],
  ['dies', { outcome: 'lost', reason: 'exit' }, 500, '{"message":"Internal Server Error"}'],
  ['runs out of time', { outcome: 'lost', reason: 'timeout' }, 503, '{"message":"Service Unavailable"}'],
] as const)('answers for a function that %s', async (_what, result, status, body) => {
  next = result;

  expect(await send('/hook/a')).toMatchObject({ status, body });
});

it.each([
  ['a body that is no text', { statusCode: 200, body: { a: 1 } }],
  ['a status that is no number', { statusCode: 'ok' }],
  ['a header that is no text', { statusCode: 200, headers: { a: {} } }],
])('answers 500 for a result that it cannot send: %s', async (_what, payload) => {
  next = { outcome: 'answered', payload, maxRssKiB: 1 };

  expect(await send('/hook/a')).toMatchObject({ status: 500, body: '{"message":"Internal Server Error"}' });
});

it('answers 429 above the stage’s limit, and 404 where no route leads', async () => {
  expect(await send('/elsewhere')).toMatchObject({ status: 404, body: '{"message":"Not Found"}' });
  const busy = await listen(0);
  busy.open({ stage: stageOf('$context.status', 1), routes: [], accessLogFile });

  const statuses = [await fetch(`${busy.url}/stage`), await fetch(`${busy.url}/stage`)].map(({ status }) => status);
  const elsewhere = [await fetch(busy.url), await fetch(`${busy.url}/default`)].map(({ status }) => status);
  await busy.close();

  expect(statuses).toEqual([404, 429]);
  expect(elsewhere).toEqual([404, 404]);
});

it('gives each route a throttle of its own, where the stage says so', async () => {
  next = { outcome: 'answered', payload: 'hi', maxRssKiB: 1 };
  const statuses = [await send('/busy'), await send('/busy'), await send('/hook/a')].map(({ status }) => status);

  expect(statuses).toEqual([200, 429, 200]);
});

it('refuses what is larger than an HTTP API takes', async () => {
  expect(await send('/hook/a', {}, Buffer.alloc(10 * 1024 * 1024 + 1))).toMatchObject({ status: 413 });
  expect(await send('/hook/a', { 'x-large': 'x'.repeat(10_240) })).toMatchObject({ status: 431 });
});

it('answers 5xx for what is larger than a function takes, which base64 makes it', async () => {
  expect(await send('/hook/a', {}, Buffer.alloc(4_800_000))).toMatchObject({ status: 500 });
  expect(await send('/hook/a', {}, Buffer.alloc(4_400_000))).toMatchObject({ status: 200 });
});

it('logs the route and not the path', async () => {
  await send('/hook/very-secret');

  const log = readFileSync(accessLogFile, 'utf8');
  expect(log.trim().split('\n').at(-1)).toMatch(/^\{"route":"POST \/hook\/\{token\}","status":"\d+"\}$/);
  expect(log).not.toContain('very-secret');
});

it('stops at a log variable that it does not know', async () => {
  const other = await listen(0);

  expect(() => other.open({ stage: stageOf('$context.path'), routes: [], accessLogFile })).toThrow('$context.path');
  await other.close();
});

it('says what to do when the port is taken', async () => {
  const port = Number(new URL(api.url).port);

  await expect(listen(port)).rejects.toThrow(
    `Port ${port} is in use. Give another one: npm start -- --port ${port + 1}`,
  );
});

it('lets through a burst, and then the rate', () => {
  let now = 0;
  const throttle = new Throttle(2, 3, () => now);
  const taken = (count: number) => Array.from({ length: count }, () => throttle.take()).filter(Boolean).length;

  expect(taken(10)).toBe(3);
  now = 1000;
  expect(taken(10)).toBe(2);
  now = 60_000;
  expect(taken(10)).toBe(3);
});
