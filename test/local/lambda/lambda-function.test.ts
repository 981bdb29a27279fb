import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { LambdaFunction } from '../../../local/lambda/lambda-function.ts';

const functions: LambdaFunction[] = [];
afterEach(() => Promise.all(functions.splice(0).map((target) => target.close())));

function functionOf(code: string, timeoutSeconds = 5, maxSandboxes?: number) {
  const codeDir = mkdtempSync(join(tmpdir(), 'function-'));
  writeFileSync(join(codeDir, 'index.mjs'), code);
  const logFile = join(codeDir, 'log');
  const target = new LambdaFunction({
    ...{
      functionName: 'F',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:F',
      codeDir,
      logFile,
      timeoutSeconds,
      maxSandboxes,
    },
    ...{ handler: 'index.handler', memoryMiB: 128, environment: { NAME: 'value' } },
  });
  functions.push(target);
  return { target, log: () => readFileSync(logFile, 'utf8') };
}
const payload = async (target: LambdaFunction, event: unknown = {}) => {
  const result = await target.invoke(event);
  return 'payload' in result ? result.payload : result;
};

it('gives a handler its event, its environment and nothing of the host’s, and a context', async () => {
  const { target } = functionOf(`export const handler = async (event, context) => ({
    event, name: process.env.NAME, home: process.env.HOME ?? null, cwd: process.cwd() === process.env.LAMBDA_TASK_ROOT,
    arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() > 0,
  });`);

  expect(await payload(target, { a: 1 })).toEqual({
    ...{ event: { a: 1 }, name: 'value', home: null, cwd: true, left: true },
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:F',
  });
});

it('reuses a sandbox, takes one invocation at a time in each, and keeps ten at most', async () => {
  const { target } = functionOf(`export const handler = async () => process.pid;`);

  expect(await payload(target)).toBe(await payload(target));
  await Promise.all(Array.from({ length: 30 }, () => target.invoke({})));
  expect(target.pids.length).toBeLessThanOrEqual(10);
});

it('reports an error by its type, logs it, and goes on', async () => {
  const { target, log } = functionOf(
    `export const handler = async (event) => { if (event.fail) throw new RangeError('no'); return 1; };`,
  );

  expect(await target.invoke({ fail: true })).toEqual({ outcome: 'failed', errorType: 'RangeError' });
  expect(await payload(target)).toBe(1);
  expect(log()).toContain('"errorType":"RangeError"');
});

it('kills what runs out of time, and starts anew', async () => {
  const { target, log } = functionOf(
    `export const handler = (event) => event.hang ? new Promise(() => {}) : process.pid;`,
    1,
  );
  const before = await payload(target);

  expect(await target.invoke({ hang: true })).toEqual({ outcome: 'lost', reason: 'timeout' });
  expect(await payload(target)).not.toBe(before);
  expect(log()).toContain('"status":"timeout"');
});

it.each([
  ['exits', `export const handler = () => process.exit(0);`, 'exit'],
  ['cannot be loaded', `throw new Error('init');`, 'init'],
  ['exports no handler', `export const other = 1;`, 'init'],
])('loses an invocation when the function %s', async (_what, code, reason) => {
  const { target } = functionOf(code);

  expect(await target.invoke({})).toEqual({ outcome: 'lost', reason });
});

it('loses an invocation when the process is killed in the middle, and nothing more', async () => {
  const { target } = functionOf(`export const handler = (event) => event.hang ? new Promise(() => {}) : 'fine';`);
  await payload(target);
  const hanging = target.invoke({ hang: true });
  target.kill('SIGKILL');

  expect(await hanging).toEqual({ outcome: 'lost', reason: 'exit' });
  expect(await payload(target)).toBe('fine');
});

// Node's own count, not the function's: what was forgotten would not be in that.
const runningProcesses = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;

it.each([
  ['run and wait', 5],
  ['have just begun', 1],
])('leaves no process behind when it is closed while invocations %s', async (_what, count) => {
  const { target } = functionOf(`export const handler = () => new Promise(() => {});`, 60, 3);
  const invocations = Array.from({ length: count }, () => target.invoke({}));
  if (count > 1) await expect.poll(() => target.pids.length).toBe(3);

  await target.close();

  expect(await Promise.all(invocations)).toEqual(Array(count).fill({ outcome: 'lost', reason: 'exit' }));
  expect(await target.invoke({})).toEqual({ outcome: 'lost', reason: 'exit' });
  await expect.poll(runningProcesses).toBe(0);
});

it('leaves no process behind when the runner is killed', async () => {
  const { target } = functionOf(`export const handler = () => process.pid;`);
  const module = new URL('../../../local/lambda/lambda-function.ts', import.meta.url).href;
  const script = `import { LambdaFunction } from ${JSON.stringify(module)};
    const target = new LambdaFunction(${JSON.stringify(target.options)});
    process.stdout.write(String((await target.invoke({})).payload));`;
  const runner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await once(runner.stdout, 'data');
  const pid = Number(String(output));
  expect(pid).toBeGreaterThan(0);

  runner.kill('SIGKILL');
  await once(runner, 'exit');

  await expect.poll(() => isRunning(pid)).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A killed process that nobody has waited for is a zombie, and still has its number.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
