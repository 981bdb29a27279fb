/** A copy on disk of every object that is stored, so that a person can open it. A file that is there is whole. */
import { randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { buildApp } from 'fauxqs';
import { endWith } from '../shared/append.ts';
import { explain } from '../shared/local-run-error.ts';

type App = Pick<ReturnType<typeof buildApp>, 'addHook' | 'server'>;

/** Of copies that are under way. No bucket has such a name. */
const PARTIAL = '.partial';

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
    const copy = download(port, path, dir, file).catch((error: unknown) => {
      // Whatever else it is, the object is gone again, or the run ends.
      if (explain(error) !== error) endWith(error);
    });
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

async function download(port: number, path: string, dir: string, file: string): Promise<void> {
  const partial = join(dir, PARTIAL, randomUUID());
  mkdirSync(dirname(partial), { recursive: true });
  try {
    const { promise, resolve: answered, reject } = Promise.withResolvers<IncomingMessage>();
    httpRequest({ host: '127.0.0.1', port, path }, answered).on('error', reject).end();
    const response = await promise;
    if (response.statusCode !== 200) throw new Error(`${path} is not there any more.`);
    await pipeline(response, createWriteStream(partial));
    mkdirSync(dirname(file), { recursive: true });
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}
