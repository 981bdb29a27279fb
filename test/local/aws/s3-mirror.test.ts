import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { mirrorObjects } from '../../../local/aws/s3-mirror.ts';

type Hook = (request: object, reply: object) => Promise<void>;

let server: Server;
afterEach(() => server.close());

/** Stores one object, whose content is then answered like this. */
async function store(url: string, answer: (response: ServerResponse) => void) {
  const dir = mkdtempSync(join(tmpdir(), 'mirror-'));
  server = createServer((_request, response) => answer(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  let stored: Hook = async () => {};
  const addHook = (_name: string, hook: Hook) => {
    stored = hook;
  };
  const mirror = mirrorObjects({ server, addHook } as never, dir);
  await stored({ method: 'PUT', url }, { statusCode: 200 });
  await mirror.settled();
  const partial = join(dir, '.partial');
  return { dir, partial: existsSync(partial) ? readdirSync(partial) : [] };
}

it('copies an object', async () => {
  const { dir, partial } = await store('/bucket/a/manifest.json', (response) => response.end('{}'));

  expect(readFileSync(join(dir, 'bucket/a/manifest.json'), 'utf8')).toBe('{}');
  expect(partial).toEqual([]);
});

it.each([
  [
    'breaks off',
    (response: ServerResponse) =>
      response.writeHead(200, { 'content-length': 10 }).write('{', () => response.destroy()),
  ],
  ['is gone again', (response: ServerResponse) => response.writeHead(404).end('<Error/>')],
])('leaves no half of an object that %s', async (_what, answer) => {
  const { dir, partial } = await store('/bucket/a/manifest.json', answer);

  expect(existsSync(join(dir, 'bucket'))).toBe(false);
  expect(partial).toEqual([]);
});

it('writes nothing outside its folder, whatever the key', async () => {
  const { dir } = await store('/bucket/..%2F..%2F..%2Fescaped', (response) => response.end('x'));

  expect(readdirSync(dir)).toEqual([]);
});
