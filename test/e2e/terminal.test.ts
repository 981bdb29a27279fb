/** `npm start` in a terminal, which sends what a key means to every process of its foreground group. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, watch } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { type GeminiSimulator, startGeminiSimulator } from '../../local/gemini/simulator.ts';
import { createClient } from '../../local/run/run.ts';

const MAIN = fileURLToPath(new URL('../../local/main.ts', import.meta.url));
const CTRL_C = '\x03';

let stateDir: string;
let simulator: GeminiSimulator;
beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'terminal-'));
  simulator = await startGeminiSimulator({ apiKey: 'key' });
});
afterEach(() => simulator.close());

/** By util-linux's `script`, or that of the BSDs: both give the command a terminal of its own. */
function inTerminal(...args: string[]) {
  const command = [process.execPath, MAIN, '--state-dir', stateDir, ...args];
  const options =
    process.platform === 'linux' ? ['-qec', command.join(' '), '/dev/null'] : ['-q', '/dev/null', ...command];
  const child = spawn('script', options, { stdio: ['pipe', 'pipe', 'inherit'] });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  return { child, screen: () => screen };
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  return child.exitCode ?? ((await once(child, 'exit')) as [number | null])[0];
}

async function untilWritten(name: string): Promise<void> {
  const file = join(stateDir, name);
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(stateDir, () => existsSync(file) && resolve());
  if (existsSync(file)) resolve();
  await promise;
  watcher.close();
}

const AT_SIMULATOR = () => [
  ...['--port', '0', '--assembly', inject('assemblyDir'), '--register'],
  ...['--gemini-url', simulator.url, '--jwks-url', simulator.jwksUrl, '--api-key', 'key'],
];
const webhooks = async () => (await createClient(simulator.url, 'key').webhooks.list()).webhooks ?? [];

it('ends on Ctrl-C without an error, and leaves no webhook at Gemini, no process and no endpoints', async () => {
  const { child, screen } = inTerminal(...AT_SIMULATOR());
  await untilWritten('endpoints.json');
  const { webhookUrl, s3Url } = JSON.parse(readFileSync(join(stateDir, 'endpoints.json'), 'utf8'));
  expect(await webhooks()).toMatchObject([{ uri: webhookUrl, state: 'enabled' }]);

  child.stdin?.write(CTRL_C);

  expect(await exitCodeOf(child)).toBe(130);
  expect(screen()).not.toMatch(/error|failed|not deleted/i);
  expect(await webhooks()).toEqual([]);
  expect(existsSync(join(stateDir, 'endpoints.json'))).toBe(false);
  for (const url of [webhookUrl, s3Url]) await expect(fetch(url)).rejects.toThrow();
});

it('ends on Ctrl-C while it synthesizes, at once', async () => {
  const { child, screen } = inTerminal('--port', '0');
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  child.stdout?.on('data', () => /Synthesizing the stack … \d/.test(screen()) && resolve());
  await begun;

  child.stdin?.write(CTRL_C);

  expect(await exitCodeOf(child)).toBe(130);
  expect(screen()).not.toMatch(/error/i);
});

it('says that the port is taken before it synthesizes anything', async () => {
  const other = createServer();
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const { port } = other.address() as AddressInfo;

  const { child, screen } = inTerminal('--port', String(port));

  expect(await exitCodeOf(child)).toBe(2);
  expect(screen()).toContain(`Port ${port} is in use. Give another one: npm start -- --port ${port + 1}`);
  expect(screen()).not.toContain('Synthesizing');
  other.close();
});
