import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GeminiApi } from '../../../lambda/gemini/api.ts';
import type { Download } from '../../../lambda/gemini/ports.ts';
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
  return { api: new GeminiApi({ baseUrl, apiKey, clock: () => NOW, stallMs }), apiKey };
}

const json = (status: number, body: object, headers: Record<string, string> = {}): Answer => {
  return (_request, response) => response.writeHead(status, headers).end(JSON.stringify(body));
};

const FILE = '0123456789';
const answer = (status: number, headers: Record<string, string> = {}, body = ''): Answer => {
  return (_request, response) => response.writeHead(status, headers).end(body);
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

it.each([300, 302, 399])('follows HTTP %i with a Location', async (status) => {
  const { url } = await serve(({ url: path }, response) => {
    if (path === '/there') response.end('data');
    else response.writeHead(status, { location: '/there' }).end();
  });

  expect(await read(await apiAt(url).api.get('batches/abc', LIVE))).toBe('data');
});

it.each([
  ['HTTP 302 without a Location', 302, {}, 'ERR_GEMINI_UNAVAILABLE'],
  ['HTTP 400 with a Location', 400, { location: '/there' }, 'ERR_GEMINI_REFUSED'],
  ['HTTP 500 with a Location', 500, { location: '/there' }, 'ERR_GEMINI_UNAVAILABLE'],
  ['a Location that is no URL', 302, { location: 'https://' }, 'ERR_REDIRECT_REFUSED'],
  ['a Location of another scheme', 302, { location: 'data:text/plain,stolen' }, 'ERR_REDIRECT_REFUSED'],
])('follows nothing for %s', async (_what, status, headers, code) => {
  const { url, requests } = await serve(json(status, {}, headers as Record<string, string>));

  await expect(apiAt(url).api.get('batches/abc', LIVE)).rejects.toMatchObject({ code });
  expect(requests).toHaveLength(1);
});

it('takes an answer for one, though it has a Location', async () => {
  const { url, requests } = await serve((_request, response) => {
    response.writeHead(200, { location: '/elsewhere' }).end('data');
  });

  expect(await read(await apiAt(url).api.get('batches/abc', LIVE))).toBe('data');
  expect(requests).toHaveLength(1);
});

it('takes no part for the whole where none was asked for', async () => {
  const { url } = await serve(json(206, {}));

  await expect(apiAt(url).api.get('batches/abc', LIVE)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
  await expect(apiAt(url).api.download('abc', LIVE)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
});

it('takes no answer that is 404 for a part', async () => {
  const { url } = await serve(json(404, classic(404, 'NOT_FOUND')));

  expect(await apiAt(url).api.download('abc', LIVE, 4)).toBeUndefined();
});

it.each(['x-unknown', 'constructor'])(
  'asks for bytes as they are, and believes no length of compressed ones: %s',
  async (unknown) => {
    let encoding: string | undefined;
    const { url, requests } = await serve(({ headers }, response) => {
      encoding = String(headers['accept-encoding']);
      response.writeHead(200, { 'content-encoding': unknown, 'content-length': 4 }).end('data');
    });

    const download = await apiAt(`${url}//`).api.download('abc', LIVE);

    expect(encoding).toBe('identity');
    expect(requests).toEqual(['/v1beta/files/abc:download?alt=media key-1']);
    expect(download?.bytes).toBeUndefined();
    expect(await read(download)).toBe('data');
  },
);

it.each([
  ['gzip', gzipSync],
  ['GZIP', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('decodes bytes that come as %s, though they were not asked for so', async (encoding, encode) => {
  const body = encode('data');
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': encoding, 'content-length': body.length }).end(body);
  });

  const download = await apiAt(url).api.download('abc', LIVE);

  expect(download?.bytes).toBeUndefined();
  expect(await read(download)).toBe('data');
});

it('takes bytes that cannot be decoded for ones that broke off', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip at all');
  });

  const download = await apiAt(url).api.download('abc', LIVE);

  await expect(read(download)).rejects.toMatchObject({ code: 'ERR_OUTPUT_TRUNCATED' });
});

it('gives up on a connection that was kept when the answer is no HTTP', async () => {
  let connections = 0;
  const server = createSocketServer((socket) => {
    connections += 1;
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndata');
      socket.once('data', () => socket.write('garbage\r\n\r\n'));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { api } = apiAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await read(await api.get('batches/abc', LIVE))).toBe('data');

  await expect(api.get('batches/abc', LIVE)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });

  expect(connections).toBe(1);
  server.close();
});

it('speaks TLS where the URL says so', async () => {
  const { url } = await serve((_request, response) => response.end('no TLS'));

  const result = apiAt(url.replace('http:', 'https:')).api.get('batches/abc', LIVE);

  await expect(result).rejects.toMatchObject({ cause: { code: expect.stringMatching(/^EPROTO$|^ERR_SSL_/) } });
});

it('asks once more when the connection that was kept is closed, and not when a new one is', async () => {
  const served = new Set<object>();
  const { url, requests } = await serve(({ socket, url: path }, response) => {
    if (served.has(socket) || path?.endsWith('broken')) socket.destroy();
    else response.end('data');
    served.add(socket);
  });
  const { api } = apiAt(url);

  for (const _ of [1, 2]) expect(await read(await api.get('batches/abc', LIVE))).toBe('data');
  expect(served.size).toBe(2);
  expect(requests).toHaveLength(3);

  await expect(apiAt(url).api.get('broken', LIVE)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
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

it('gives nothing for a 403 that names the file whose content was asked for', async () => {
  const { url } = await serve(json(403, classic(403, 'PERMISSION_DENIED', [], 'No permission to access files/abc.')));

  expect(await apiAt(url).api.download('abc', LIVE)).toBeUndefined();
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

it('does not try the same key twice', async () => {
  const { url, requests } = await serve((_request, response) => response.writeHead(401).end());

  await expect(apiAt(url, ['key-1', 'key-1']).api.get('batches/abc', LIVE)).rejects.toMatchObject({
    code: 'ERR_API_KEY_REFUSED',
  });
  expect(requests).toHaveLength(1);
});

it('reads an answer that announces no length', async () => {
  const { url } = await serve((_request, response) => {
    response.write('da');
    response.end('ta');
  });

  const download = await apiAt(url).api.get('batches/abc', LIVE);

  expect(download?.bytes).toBeUndefined();
  expect(await read(download)).toBe('data');
});

it('notices a download that breaks off', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('half', () => response.destroy());
  });

  await expect(read(await apiAt(url).api.download('a', LIVE))).rejects.toMatchObject({ code: 'ERR_OUTPUT_TRUNCATED' });
});

it.each([
  ['half', {}],
  [gzipSync('half').subarray(0, 12), { 'content-encoding': 'gzip' }],
  ['no gzip', { 'content-encoding': 'gzip' }],
])('reports to whoever reads it, and to nobody else, that a download broke off before that: %s', async (part, more) => {
  const { promise: broken, resolve } = Promise.withResolvers<void>();
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 100, ...more }).write(part, () => response.destroy());
    response.on('close', resolve);
  });
  const uncaught = vi.fn();
  process.on('uncaughtException', uncaught);
  const download = await apiAt(url).api.download('a', LIVE);
  await broken;
  // The end of the connection is an event of its own, after what the server knows.
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  process.off('uncaughtException', uncaught);

  await expect(read(download)).rejects.toMatchObject({ code: 'ERR_OUTPUT_TRUNCATED' });
  expect(uncaught).not.toHaveBeenCalled();
});

describe('waits for a minute of silence, and no longer,', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => {
    // Nothing that has ended keeps the function waiting.
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('for an answer', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { url } = await serve(() => resolve());
    const result = apiAt(url).api.get('batches/silent', LIVE);
    result.catch(() => {});
    await asked;

    vi.advanceTimersByTime(60_000);

    await expect(result).rejects.toMatchObject({
      ...{ code: 'ERR_GEMINI_UNAVAILABLE', message: 'Gemini was silent for too long' },
      cause: { name: 'AbortError' },
    });
  });

  it('within one, from each part on', async () => {
    const { promise: begun, resolve } = Promise.withResolvers<ServerResponse>();
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('a', () => resolve(response));
    });
    const download = await apiAt(url).api.get('batches/slow', LIVE);
    const parts = download?.chunks[Symbol.asyncIterator]();
    const response = await begun;
    expect(String((await parts?.next())?.value)).toBe('a');

    for (const part of ['b', 'c']) {
      vi.advanceTimersByTime(59_999);
      response.write(part);
      expect(String((await parts?.next())?.value)).toBe(part);
    }
    const next = parts?.next();
    next?.catch(() => {});
    vi.advanceTimersByTime(60_000);

    await expect(next).rejects.toMatchObject({
      ...{ code: 'ERR_OUTPUT_TRUNCATED', message: 'Gemini was silent for too long' },
    });
  });

  it.each([
    ['an answer', answer(200, {}, 'data')],
    ['what is not found', json(404, {})],
    ['a refusal', json(500, {})],
    ['a redirect elsewhere', answer(302, { location: 'https://elsewhere.invalid/' })],
    ['a connection that broke off', (request: IncomingMessage) => request.socket.destroy()],
    ['a body that broke off', answer(200, { 'content-length': '10' }, 'half')],
  ] as const)('and not after %s', async (_what, send) => {
    const { url } = await serve(send);

    await apiAt(url)
      .api.get('batches/abc', LIVE)
      .then(read)
      .catch(() => {});
  });

  it('and not after a range that is not of the same file', async () => {
    const { url } = await serve(
      serveRanges((range) => (range === 'bytes=4-7' ? answer(200, { etag: '"e1"' }, FILE) : undefined)),
    );
    const file = await apiAt(url).api.download('f', LIVE, 4);
    await read(file);

    expect(await file?.readRange?.(4, 4, LIVE)).toBeUndefined();
  });
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
    cause: { code: 'ECONNREFUSED' },
  });
});

/** As RFC 9110 asks for; Gemini documents nothing about ranges. */
function serveRanges(other?: (range: string) => Answer | undefined): Answer {
  return (request, response) => {
    const range = request.headers.range;
    const refusal = range && other?.(range);
    if (refusal) return refusal(request, response);
    if (range === undefined) return answer(200, { etag: '"e1"', 'content-length': '10' }, FILE)(request, response);
    const [from = 0, last = 0] = range.slice('bytes='.length).split('-').map(Number);
    const body = FILE.slice(from, last + 1);
    const contentRange = `bytes ${from}-${from + body.length - 1}/10`;
    response.writeHead(206, { etag: '"e1"', 'content-range': contentRange }).end(body);
  };
}

it('reads a file by ranges, where Gemini serves them', async () => {
  const seen: unknown[] = [];
  const serve4 = serveRanges();
  const { url } = await serve((request, response) => {
    seen.push([request.headers.range, request.headers['if-range']]);
    serve4(request, response);
  });

  const file = await apiAt(url).api.download('f', LIVE, 4);

  expect(file).toMatchObject({ bytes: 4, total: 10 });
  expect(await read(file)).toBe('0123');
  expect(await read(await file?.readRange?.(8, 4, LIVE))).toBe('89');
  expect(await read(await file?.readRange?.(4, 4, LIVE))).toBe('4567');
  expect(seen).toEqual([
    ['bytes=0-3', undefined],
    ['bytes=8-11', '"e1"'],
    ['bytes=4-7', '"e1"'],
  ]);
});

it('asks for further ranges where the first was found, and from the beginning after a failure there', async () => {
  const ranges = serveRanges((range) => (range === 'bytes=4-7' ? answer(503) : undefined));
  const { url, requests } = await serve((request, response) => {
    if (request.url?.startsWith('/v1beta/')) response.writeHead(302, { location: '/found' }).end();
    else ranges(request, response);
  });

  const file = await apiAt(url).api.download('f', LIVE, 4);
  await read(file);
  await read(await file?.readRange?.(8, 2, LIVE));
  await expect(file?.readRange?.(4, 4, LIVE)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
  expect(await read(await file?.readRange?.(8, 2, LIVE))).toBe('89');

  const first = '/v1beta/files/f:download?alt=media key-1';
  expect(requests).toEqual([first, '/found key-1', '/found key-1', '/found key-1', first, '/found key-1']);
});

it.each([
  ['a range of another place', answer(206, { 'content-range': 'bytes 1-4/10' }, '1234')],
  ['a range that ends early', answer(206, { 'content-range': 'bytes 0-1/10' }, '01')],
  ['a range that ends late', answer(206, { 'content-range': 'bytes 0-4/10' }, '01234')],
  ['a range of unknown size', answer(206, { 'content-range': 'bytes 0-3/*' }, '0123')],
  ['a range that is none', answer(206, {}, '0123')],
  ['a range with another length', answer(206, { 'content-range': 'bytes 0-3/10', 'content-length': '3' }, '012')],
  ['a range of a compressed file', answer(206, { 'content-range': 'bytes 0-3/10', 'content-encoding': 'x' }, '0123')],
  ['416, as for an empty file', answer(416, { 'content-range': 'bytes */0' })],
])('takes the whole file where the first range is answered by %s', async (_what, other) => {
  const { url, requests } = await serve(serveRanges(() => other));

  const file = await apiAt(url).api.download('f', LIVE, 4);

  expect(file).toMatchObject({ total: 10, readRange: undefined });
  expect(await read(file)).toBe(FILE);
  expect(requests).toHaveLength(2);
});

it('streams what a server answers that knows no ranges', async () => {
  const { url, requests } = await serve(answer(200, { 'content-length': '10' }, FILE));

  const file = await apiAt(url).api.download('f', LIVE, 4);

  expect(file).toMatchObject({ total: 10, readRange: undefined });
  expect(await read(file)).toBe(FILE);
  expect(requests).toHaveLength(1);
});

it.each([
  ['another ETag', answer(206, { etag: '"e2"', 'content-range': 'bytes 4-7/10' }, '4567')],
  ['no ETag any more', answer(206, { 'content-range': 'bytes 4-7/10' }, '4567')],
  ['another size', answer(206, { etag: '"e1"', 'content-range': 'bytes 4-7/11' }, '4567')],
  ['another range', answer(206, { etag: '"e1"', 'content-range': 'bytes 0-3/10' }, '0123')],
  ['the whole file', answer(200, { etag: '"e1"' }, FILE)],
  ['416', answer(416, { 'content-range': 'bytes */3' })],
])('says so when a further range is not of the same file: %s', async (_what, other) => {
  const { url } = await serve(serveRanges((range) => (range === 'bytes=4-7' ? other : undefined)));
  const file = await apiAt(url).api.download('f', LIVE, 4);
  await read(file);

  expect(await file?.readRange?.(4, 4, LIVE)).toBeUndefined();
});

describe('gives up the connection, though the answer goes on,', () => {
  /** Its body does not end. */
  function endless(status: number, headers: Record<string, string> = {}) {
    const closed = Promise.withResolvers<void>();
    const send: Answer = (_request, response) => {
      response.on('close', () => closed.resolve());
      response.writeHead(status, headers).write('x');
    };
    return { send, closed: closed.promise };
  }

  it('of a first range that is another', async () => {
    const { send, closed } = endless(206, { 'content-range': 'bytes 4-7/10' });
    const { url } = await serve(serveRanges((range) => (range === 'bytes=0-3' ? send : undefined)));

    expect(await read(await apiAt(url).api.download('f', LIVE, 4))).toBe(FILE);

    await closed;
  });

  it('of a further range that is of another file', async () => {
    const { send, closed } = endless(206, { etag: '"e2"', 'content-range': 'bytes 4-7/10' });
    const { url } = await serve(serveRanges((range) => (range === 'bytes=4-7' ? send : undefined)));
    const file = await apiAt(url).api.download('f', LIVE, 4);
    await read(file);

    expect(await file?.readRange?.(4, 4, LIVE)).toBeUndefined();

    await closed;
  });

  it('of a redirect', async () => {
    const { send, closed } = endless(302, { location: '/found' });
    const { url } = await serve((request, response) =>
      request.url === '/found' ? response.end('there') : send(request, response),
    );

    expect(await read(await apiAt(url).api.get('batches/abc', LIVE))).toBe('there');

    await closed;
  });

  it('of what is read no further', async () => {
    const { send, closed } = endless(200);
    const { url } = await serve(send);

    for await (const _ of (await apiAt(url).api.get('batches/abc', LIVE))?.chunks ?? []) break;

    await closed;
  });
});

it('says that a further range may be had later when the file is not there any more', async () => {
  const { url } = await serve(
    serveRanges((range) => (range === 'bytes=4-7' ? json(404, classic(404, 'NOT_FOUND')) : undefined)),
  );
  const file = await apiAt(url).api.download('f', LIVE, 4);
  await read(file);

  await expect(file?.readRange?.(4, 4, LIVE)).rejects.toMatchObject({ code: 'ERR_OUTPUT_NOT_READY' });
});

it('notices a range that breaks off, without a Content-Length too', async () => {
  const { url } = await serve(
    serveRanges((range) =>
      range === 'bytes=4-7' ? answer(206, { etag: '"e1"', 'content-range': 'bytes 4-7/10' }, '45') : undefined,
    ),
  );
  const file = await apiAt(url).api.download('f', LIVE, 4);
  await read(file);

  await expect(file?.readRange?.(4, 4, LIVE).then(read)).rejects.toMatchObject({ code: 'ERR_OUTPUT_TRUNCATED' });
});

it('shows the key to no other host, whichever part is asked for', async () => {
  const other = await serve((_request, response) => response.end('stolen'));
  const ranges = serveRanges((range) =>
    range === 'bytes=4-7' ? answer(302, { location: `${other.url}/x` }) : undefined,
  );
  const { url } = await serve(ranges);
  const file = await apiAt(url).api.download('f', LIVE, 4);
  await read(file);

  await expect(file?.readRange?.(4, 4, LIVE)).rejects.toMatchObject({ code: 'ERR_REDIRECT_REFUSED' });

  expect(other.requests).toEqual([]);
});
