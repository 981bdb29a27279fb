import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { loadJwks } from '../../../lambda/adapters/remote-jwks.ts';

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

it('reads the entries of the document', async () => {
  const keys = await loadFrom((_request, response) => response.end('{"keys":[{"kty":"OKP","x":"a"},{"kty":"RSA"}]}'));

  expect(keys).toEqual([{ kty: 'OKP', x: 'a' }, { kty: 'RSA' }]);
});

it.each<[string, RequestListener]>([
  ['an error status', (_request, response) => response.writeHead(500).end('{"keys":[]}')],
  ['a redirect', (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
  ['no JSON', (_request, response) => response.end('<html>')],
  ['no keys', (_request, response) => response.end('{}')],
  ['a key without a type', (_request, response) => response.end('{"keys":[{"x":"a"}]}')],
  ['more than 32 keys', (_request, response) => response.end(JSON.stringify({ keys: Array(33).fill({ kty: 'OKP' }) }))],
  [
    'more than 64 KiB',
    (_request, response) => response.end(JSON.stringify({ keys: [{ kty: 'OKP', x: 'a'.repeat(65_536) }] })),
  ],
  ['a cut connection', (request) => request.socket.destroy()],
])('fails on %s', async (_name, listener) => {
  await expect(loadFrom(listener)).rejects.toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE' });
});
