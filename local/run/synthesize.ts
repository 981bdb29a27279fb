/** Synthesizes the stack as a deployment would, by the CDK's own command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalRunError } from '../aws/local-run-error.ts';
import { REGION } from '../template/intrinsics.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CDK = fileURLToPath(new URL('../../node_modules/aws-cdk/bin/cdk', import.meta.url));

/**
 * @param context configuration besides that of cdk.json, by key without prefix
 * @param signal ends it, with all that it started
 * @throws LocalRunError with what the CDK said
 */
export async function synthesize(
  outputDir: string,
  context: Readonly<Record<string, number | string>> = {},
  signal?: AbortSignal,
): Promise<void> {
  // A name of one's own would lead away from this machine.
  const options = Object.entries({ customDomain: '', ...context }).flatMap(([key, value]) => [
    '-c',
    `gemini-webhooks:${key}=${value}`,
  ]);
  const args = [CDK, 'synth', '--quiet', '--output', outputDir, ...options];
  const child = spawn(process.execPath, args, {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The CDK starts the app as "node", which may be an older one. And the Region that the local run plays: a template may hold its name.
    env: {
      ...process.env,
      AWS_REGION: REGION,
      PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    },
    // A group of its own, since the CDK does not end the app with itself.
    detached: signal !== undefined,
  });
  const end = () => killGroup(child);
  signal?.addEventListener('abort', end);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const code = await new Promise<number | null>((done, fail) => child.on('error', fail).on('close', done));
  signal?.removeEventListener('abort', end);
  if (code !== 0) throw new LocalRunError(`cdk synth failed:\n${said.trim()}\nCorrect this and start again.`);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself a moment ago.
  }
}
