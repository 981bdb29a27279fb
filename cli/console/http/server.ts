/** Listens on loopback, and nowhere else. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { CliError } from '../../cli-error.ts';
import type { ConsoleSource } from '../source.ts';
import { createApp } from './app.ts';

export interface RunningConsole {
  /** With the key that opens it. */
  readonly url: string;
  close(): Promise<void>;
}

/** @param port 0 takes any that is free. @throws CliError when it is taken */
export async function startConsole(source: ConsoleSource, port: number, clock: () => Date): Promise<RunningConsole> {
  const secret = () => randomBytes(24).toString('base64url');
  let listening: number | undefined;
  const access = { key: secret(), token: secret(), port: () => listening };
  const app = createApp({ source, access, clock });
  return await new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, (address: AddressInfo) => {
      listening = address.port;
      resolve({
        url: `http://127.0.0.1:${listening}/?key=${access.key}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            // Pages that are kept up to date would hold it open.
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another program has it' : cause.message;
      reject(
        new CliError(`The console cannot listen on port ${port}: ${why}. Give another with --port, or 0 for any.`, 3, {
          cause,
        }),
      );
    });
  });
}
