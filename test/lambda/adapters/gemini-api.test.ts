import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { GeminiApi } from '../../../lambda/adapters/gemini-api.ts';
import type { Download } from '../../../lambda/app/ports.ts';
import { LIVE, NOW } from '../../fakes/fetch-ports.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: Answer) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers['x-goog-api-key'] ?? 'without key'}`);
    answer(request, response);
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function apiAt(baseUrl: string, keys: readonly string[] = ['key-1'], stallMs = 60_000) {
  let index = 0;
  const apiKey = {
    current: async () => [keys[index] ?? ''],
    refreshed: vi.fn(async () => {
      index += 1;
      return keys[index] === undefined ? undefined : [keys[index] ?? ''];
    }),
  };
  return { api: new GeminiApi({ baseUrl, apiKey, fetch, clock: () => NOW, stallMs }), apiKey };
}

const json = (status: number, body: object, headers: Record<string, string> = {}): Answer => {
  return (_request, response) => response.writeHead(status, headers).end(JSON.stringify(body));
};

async function read(download: Download | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of download?.chunks ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

it('sends the key again along a redirect on the same host', async () => {
  const { url, requests } = await serve(({ url: path }, response) => {
    if (path?.startsWith('/v1beta/files/')) response.writeHead(302, { location: `/download${path}` }).end();
    else response.writeHead(200, { 'content-length': 4 }).end('data');
  });

  const download = await apiAt(`${url}/`).api.download('batch-abc', LIVE);

  expect(download?.bytes).toBe(4);
  expect(await read(download)).toBe('data');
  expect(requests).toEqual([
    '/v1beta/files/batch-abc:download?alt=media key-1',
    '/download/v1beta/files/batch-abc:download?alt=media key-1',
  ]);
});

it('does not follow a redirect to another host, and so shows it no key', async () => {
  const other = await serve((_request, response) => response.end('stolen'));
  const { url } = await serve((_request, response) => response.writeHead(302, { location: `${other.url}/x` }).end());

  await expect(apiAt(url).api.get('batches/abc', LIVE)).rejects.toMatchObject({ code: 'ERR_REDIRECT_REFUSED' });

  expect(other.requests).toEqual([]);
});

it('follows five redirects and no more', async () => {
  const { url, requests } = await serve((_request, response) => response.writeHead(307, { location: '/again' }).end());

  await expect(apiAt(url).api.get('batches/abc', LIVE)).rejects.toMatchObject({ code: 'ERR_REDIRECT_REFUSED' });

  expect(requests).toHaveLength(6);
});

const classic = (code: number, status: string, details: object[] = [], message = 'no') => ({
  error: { code, status, message, details },
});
const RETRY_INFO = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '33.4s' };

it.each([
  ['404', 404, classic(404, 'NOT_FOUND')],
  [
    '403 that names the job',
    403,
    classic(403, 'PERMISSION_DENIED', [], 'You do not have permission to access the GenerateContentBatch abc.'),
  ],
  [
    '403 in the words for what may not exist',
    403,
    classic(403, 'PERMISSION_DENIED', [], 'You do not have permission to access this resource or it may not exist.'),
  ],
  ['404 of interactions', 404, { error: { message: 'Result not found', code: 'not_found' } }],
  ['400 that names an id that can be none', 400, classic(400, 'INVALID_ARGUMENT', [], 'Invalid batch: batches/abc')],
  ['410', 410, {}],
])('gives nothing for %s', async (_what, status, body) => {
  const { url } = await serve(json(status, body));

  expect(await apiAt(url).api.get('batches/abc', LIVE)).toBeUndefined();
});

const DENIED = 'Your project has been denied access. Please contact support.';

it.each([
  ['403 for a whole project', 403, classic(403, 'PERMISSION_DENIED', [], DENIED)],
  ['403 for a whole project, of interactions', 403, { error: { message: DENIED, code: 'permission_denied' } }],
  ['403 without a word', 403, {}],
  ['403 that names another id', 403, classic(403, 'PERMISSION_DENIED', [], 'No permission to access files/abcd.')],
  [
    '400 for a fault of the service',
    400,
    { error: { message: 'Unsupported file uri: blobstore/prod/xyz', code: 'invalid_request' } },
  ],
  ['400 without a word', 400, classic(400, 'INVALID_ARGUMENT')],
])('takes no refusal for a word about the job: %s', async (_what, status, body) => {
  const { url } = await serve(json(status, body));

  await expect(apiAt(url).api.get('batches/abc?x=1', LIVE)).rejects.toMatchObject({ code: 'ERR_GEMINI_REFUSED' });
});

it.each([
  ['RetryInfo', 429, classic(429, 'RESOURCE_EXHAUSTED', [RETRY_INFO]), {}, 'ERR_RATE_LIMITED', 34],
  ['Retry-After in seconds', 429, {}, { 'retry-after': '7' }, 'ERR_RATE_LIMITED', 7],
  ['Retry-After as a date', 503, {}, { 'retry-after': 'Tue, 24 Nov 2026 05:02:00 GMT' }, 'ERR_GEMINI_UNAVAILABLE', 120],
  [
    'Retry-After of the past',
    503,
    {},
    { 'retry-after': 'Tue, 24 Nov 2020 05:02:00 GMT' },
    'ERR_GEMINI_UNAVAILABLE',
    undefined,
  ],
  ['nothing', 500, {}, {}, 'ERR_GEMINI_UNAVAILABLE', undefined],
  ['a teapot', 418, {}, {}, 'ERR_GEMINI_UNAVAILABLE', undefined],
])('comes back as asked: %s', async (_what, status, body, headers, code, retryAfterSeconds) => {
  const { url } = await serve(json(status, body, headers as Record<string, string>));

  await expect(apiAt(url).api.get('batches/abc', LIVE)).rejects.toMatchObject({ code, retryAfterSeconds });
});

it.each([
  [400, classic(400, 'INVALID_ARGUMENT', [{ reason: 'API_KEY_INVALID' }])],
  [401, classic(401, 'UNAUTHENTICATED')],
  [403, classic(403, 'PERMISSION_DENIED', [{ reason: 'SERVICE_DISABLED' }])],
  [403, classic(403, 'PERMISSION_DENIED', [], 'Your API key was reported as leaked. Please use another API key.')],
])('never takes a refused key for a job that is not ours: %i', async (status, body) => {
  const { url, requests } = await serve(json(status, body));

  await expect(apiAt(url).api.get('batches/abc', LIVE)).rejects.toMatchObject({ code: 'ERR_API_KEY_REFUSED' });

  expect(requests).toHaveLength(1);
});

it('tries once more with the key that the secret holds now', async () => {
  const { url, requests } = await serve(({ headers }, response) => {
    if (headers['x-goog-api-key'] === 'key-2') response.end('ok');
    else response.writeHead(401).end();
  });
  const { api } = apiAt(url, ['key-1', 'key-2']);

  expect(await read(await api.get('batches/abc', LIVE))).toBe('ok');
  expect(requests).toEqual(['/v1beta/batches/abc key-1', '/v1beta/batches/abc key-2']);
});

it('notices a download that breaks off', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('half', () => response.destroy());
  });

  await expect(read(await apiAt(url).api.download('a', LIVE))).rejects.toMatchObject({ code: 'ERR_OUTPUT_TRUNCATED' });
});

it('does not wait for ever, neither for an answer nor within it', async () => {
  const { url } = await serve(({ url: path }, response) => {
    if (path?.includes('silent')) return;
    response.writeHead(200, { 'content-length': 10 }).write('half');
  });
  const { api } = apiAt(url, ['key'], 50);

  await expect(api.get('batches/silent', LIVE)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
  await expect(read(await api.get('batches/slow', LIVE))).rejects.toMatchObject({ code: 'ERR_OUTPUT_TRUNCATED' });
});

it('ends when the time of the function runs out', async () => {
  const deadline = new AbortController();
  const { url } = await serve((_request, response) => {
    response.writeHead(200).write('half', () => deadline.abort());
  });

  const result = apiAt(url).api.get('batches/abc', deadline.signal).then(read);

  await expect(result).rejects.toMatchObject({ code: 'ERR_FETCH_TIMED_OUT' });
});

it('says that Gemini cannot be reached, and not what was asked of it', async () => {
  await expect(apiAt('http://127.0.0.1:9').api.get('batches/abc', LIVE)).rejects.toMatchObject({
    code: 'ERR_GEMINI_UNAVAILABLE',
    message: 'Gemini broke off the connection',
  });
});

/** As RFC 9110 asks for; Gemini documents nothing about ranges. */
function serveRanges(file: string, refusal?: (range: string) => Answer | undefined): Answer {
  return (request, response) => {
    const range = request.headers.range;
    const other = range && refusal?.(range);
    if (other) return other(request, response);
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const contentRange = { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` };
    const head = { etag: '"e1"', 'content-length': file.length - from, ...(range && contentRange) };
    response.writeHead(range ? 206 : 200, head).end(file.slice(from));
  };
}
const answer = (status: number, headers: Record<string, string> = {}, body = ''): Answer => {
  return (_request, response) => response.writeHead(status, headers).end(body);
};

it('asks for the rest of a file, and says where it begins', async () => {
  const { url } = await serve(serveRanges('0123456789'));

  const whole = await apiAt(url).api.download('f', LIVE);
  expect(whole).toMatchObject({ offset: 0, bytes: 10, total: 10, etag: '"e1"' });
  await read(whole);
  const rest = await apiAt(url).api.download('f', LIVE, 6);
  expect(rest).toMatchObject({ offset: 6, bytes: 4, total: 10, etag: '"e1"' });
  expect(await read(rest)).toBe('6789');
});

it.each([
  ['another range', answer(206, { 'content-range': 'bytes 0-3/10' }, '0123')],
  ['a range that ends early', answer(206, { 'content-range': 'bytes 6-7/10' }, '67')],
  ['a range that is none', answer(206, {}, '6789')],
  ['416', answer(416, { 'content-range': 'bytes */3' })],
])('takes the whole file where the rest is answered by %s', async (_what, refusal) => {
  const { url, requests } = await serve(serveRanges('0123456789', () => refusal));

  const download = await apiAt(url).api.download('f', LIVE, 6);

  expect(download).toMatchObject({ offset: 0, total: 10 });
  expect(await read(download)).toBe('0123456789');
  expect(requests).toHaveLength(2);
});

it('takes the whole file of a server that knows no ranges', async () => {
  const { url, requests } = await serve(answer(200, { 'content-length': '10' }, '0123456789'));

  const download = await apiAt(url).api.download('f', LIVE, 6);

  expect(download).toMatchObject({ offset: 0, total: 10, etag: undefined });
  expect(await read(download)).toBe('0123456789');
  expect(requests).toHaveLength(1);
});
