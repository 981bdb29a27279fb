import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { loadJwks } from '../../../lambda/receive/remote-jwks.ts';

async function loadFrom(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await loadJwks(`http://127.0.0.1:${port}/jwks.json`, fetch)();
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

it.each([
  ['as it is', '{"keys":[{"kty":"OKP","x":"a"},{"kty":"RSA"}]}', [{ kty: 'OKP', x: 'a' }, { kty: 'RSA' }]],
  ['after a byte order mark', '\ufeff{"keys":[{"kty":"OKP"}]}', [{ kty: 'OKP' }]],
  [
    'entry by entry, of whatever form each is',
    '{"keys":[null,{"x":"a"},7,{"kty":"OKP"}]}',
    [null, { x: 'a' }, 7, { kty: 'OKP' }],
  ],
  ['of 64 KiB', '{"keys":[]}'.padEnd(65_536), []],
  ['with more than 32 entries', `{"keys":[${Array(33).fill('{"kty":"OKP"}')}]}`, Array(33).fill({ kty: 'OKP' })],
])('reads the document %s', async (_how, document, keys) => {
  expect(await loadFrom((_request, response) => response.end(document))).toEqual(keys);
});

it.each<[string, RequestListener]>([
  ['an error status', (_request, response) => response.writeHead(500).end('{"keys":[]}')],
  [
    'a redirect, though a key set is there',
    ({ url }, response) =>
      url === '/jwks.json'
        ? response.writeHead(302, { location: '/elsewhere' }).end()
        : response.end('{"keys":[{"kty":"OKP"}]}'),
  ],
  ['no JSON', (_request, response) => response.end('<html>')],
  ['no keys', (_request, response) => response.end('{}')],
  ['keys that are no list', (_request, response) => response.end('{"keys":{"kty":"OKP"}}')],
  [
    'more than 64 KiB',
    (_request, response) => response.end(JSON.stringify({ keys: [{ kty: 'OKP', x: 'a'.repeat(65_536) }] })),
  ],
  ['a cut connection', (request) => request.socket.destroy()],
])('fails on %s', async (_name, listener) => {
  await expect(loadFrom(listener)).rejects.toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE', cause: expect.any(Error) });
});

it('reads no more than 64 KiB, though what is longer were a key set', async () => {
  const loading = loadFrom((_request, response) => response.end('{"keys":[]}'.padEnd(65_537)));

  await expect(loading).rejects.toMatchObject({ cause: { message: 'The document is over 64 KiB' } });
});

it('asks for JSON', async () => {
  let accept: string | undefined;
  await loadFrom(({ headers }, response) => {
    accept = headers.accept;
    response.end('{"keys":[]}');
  });

  expect(accept).toBe('application/json');
});

it('waits for 1.5 s and no longer', async () => {
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort());
  onTestFinished(() => timeout.mockRestore());

  const loading = loadFrom((_request, response) => response.end('{"keys":[{"kty":"OKP"}]}'));

  await expect(loading).rejects.toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE' });
  expect(timeout).toHaveBeenCalledWith(1500);
});
