/**
 * Synthesizes the stack as `cdk synth` does, by the same app with the same context. Left out are the CDK's own command and
 * its checks of the template, which cost three times what the synthesis costs; `npm run synth` has both.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { LocalRunError } from '../shared/local-run-error.ts';
import { REGION } from '../template/intrinsics.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/**
 * @param context configuration besides that of cdk.json, by key without prefix
 * @param signal ends it, with all that it started
 * @throws LocalRunError with what the app said
 */
export async function synthesize(
  outputDir: string,
  context: Readonly<Record<string, number | string>> = {},
  signal?: AbortSignal,
): Promise<void> {
  const child = spawn(process.execPath, [join('bin', 'app.ts')], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CDK_OUTDIR: outputDir,
      CDK_CONTEXT_JSON: JSON.stringify(contextOf(context)),
      CDK_VALIDATION: 'false',
      // The Region that the local run plays: a template may hold its name.
      AWS_REGION: REGION,
    },
    // A group of its own, with what bundles the functions.
    detached: true,
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
  if (code !== 0) throw new LocalRunError(`The synthesis failed:\n${said.trim()}\nCorrect this and start again.`);
}

/** As the CDK's command would pass it on: that of cdk.json, and on top what comes from a command line, which is text. */
function contextOf(context: Readonly<Record<string, number | string>>): Readonly<Record<string, unknown>> {
  const own = Object.entries({ ...context, customDomain: '' });
  const fromFile = CdkJson.parse(JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8'))).context;
  return {
    ...fromFile,
    // A domain name of one's own would lead away from this machine.
    ...Object.fromEntries(own.map(([key, value]) => [`gemini-webhooks:${key}`, String(value)])),
    'aws:cdk:enable-path-metadata': false,
    'aws:cdk:version-reporting': false,
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself a moment ago.
  }
}
