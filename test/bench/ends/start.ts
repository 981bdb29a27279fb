/** Processes of a benchmark, each on a core of its own where the machine has `taskset`: what is measured, and its ends. */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const canPin = spawnSync('taskset', ['-V']).status === 0 && availableParallelism() > 1;

/** What is measured runs on the first core, its ends on the second. */
function pin({ pid }: ChildProcess, core: 0 | 1): void {
  if (canPin && pid !== undefined) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)]);
}

export interface End {
  readonly url: string;
  close(): void;
}

export async function startEnd(name: 'gemini' | 'aws', options: object): Promise<End> {
  const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), [JSON.stringify(options)]);
  pin(child, 1);
  const [port] = await once(child, 'message');
  return { url: `http://127.0.0.1:${port}`, close: () => child.disconnect() };
}

/** Runs a module to its end on the measured core. @returns the one message that it sends */
export async function measure<Result>(
  module: URL,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Result> {
  const child = fork(fileURLToPath(module), [...args], {
    env: { ...process.env, ...env },
    // The function's log is not what is measured, and not what is read.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  pin(child, 0);
  const [result] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${module.pathname} ended with ${code}`))),
  ]);
  child.disconnect();
  return result as Result;
}
