/** The console beside a local run: the command line's, in a process of its own, that ends when this one does. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const COMMAND_LINE = fileURLToPath(new URL('../../cli/program/main.ts', import.meta.url));
const START_LIMIT_MS = 60_000;

export interface LocalConsole {
  /** With the key that opens it. */
  readonly url: string;
  close(): Promise<void>;
}

const Ready = z.object({ url: z.string() });

/** Undefined when it does not come up, and why is on standard error: the run is worth as much without it. */
export async function startConsole(stateDir: string): Promise<LocalConsole | undefined> {
  const child = fork(COMMAND_LINE, ['console', '--local', stateDir, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Not in the terminal's group: Ctrl-C is for this process, which ends the other one by the channel.
    detached: true,
  });
  try {
    const signal = AbortSignal.timeout(START_LIMIT_MS);
    const [message] = await Promise.race([once(child, 'message', { signal }), ended(child)]);
    const { url } = Ready.parse(message);
    return { url, close: () => close(child) };
  } catch {
    await close(child);
    return undefined;
  }
}

async function ended(child: ChildProcess): Promise<never> {
  await once(child, 'exit');
  throw new Error('The console ended.');
}

async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  else child.kill();
  await exited;
}
