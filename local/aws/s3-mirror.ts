/** A copy on disk of every object that is stored, so that a person can open it. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { buildApp } from 'fauxqs';

type App = ReturnType<typeof buildApp>;

export function mirrorObjects(app: App, dir: string): { settled(): Promise<void> } {
  const copying = new Set<Promise<void>>();

  app.addHook('onResponse', async (incoming, reply) => {
    const [path = '', query = ''] = incoming.url.split('?', 2);
    const parameters = new URLSearchParams(query);
    const isPut = incoming.method === 'PUT' && !parameters.has('partNumber');
    const isCompletion = incoming.method === 'POST' && parameters.has('uploadId');
    const [bucket = '', ...key] = path.split('/').slice(1).map(decodeURIComponent);
    const file = join(dir, bucket, ...key);
    // A key may hold anything; nothing is written outside the folder.
    if (reply.statusCode !== 200 || !(isPut || isCompletion) || key.join('') === '' || !isInside(dir, file)) return;
    const { port } = app.server.address() as AddressInfo;
    const copy = download(port, path, file).catch(() => {});
    copying.add(copy);
    void copy.finally(() => copying.delete(copy));
  });

  return {
    async settled() {
      while (copying.size > 0) await Promise.all(copying);
    },
  };
}

function isInside(dir: string, file: string): boolean {
  return resolve(file).startsWith(resolve(dir) + sep);
}

async function download(port: number, path: string, file: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  await new Promise<void>((done, fail) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path }, (response) => {
      pipeline(response, createWriteStream(file)).then(done, fail);
    });
    outgoing.on('error', fail).end();
  });
}
