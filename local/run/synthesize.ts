/**
 * Synthesizes the stack as `cdk synth` does, by the same app with the same context. Left out are the CDK's own command and
 * its checks of the template, which cost three times what the synthesis costs; `npm run synth` has both.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { explainOutput, LocalRunError } from '../shared/local-run-error.ts';
import { REGION } from '../template/intrinsics.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CONTEXT_KEY = 'gemini-webhooks';
const Configuration = z.record(z.string(), z.unknown());
const CdkJson = z.object({ context: z.looseObject({ [CONTEXT_KEY]: Configuration }) });

/**
 * @param configuration besides that of cdk.json
 * @param signal ends it, with all that it started
 * @throws LocalRunError with what the app said
 */
export async function synthesize(
  outputDir: string,
  configuration: Readonly<Record<string, unknown>> = {},
  signal?: AbortSignal,
): Promise<void> {
  const child = spawn(process.execPath, [join('bin', 'app.ts')], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CDK_OUTDIR: outputDir,
      CDK_CONTEXT_JSON: JSON.stringify(contextOf(configuration)),
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
  if (code === 0) return;
  throw (
    explainOutput(said, outputDir) ??
    new LocalRunError(`The synthesis failed:\n${said.trim()}\nCorrect this and start again.`)
  );
}

/** As the CDK's command would pass it on. */
function contextOf(configuration: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { context } = CdkJson.parse(JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8')));
  return {
    ...context,
    // A domain name of one's own would lead away from this machine.
    [CONTEXT_KEY]: { ...context[CONTEXT_KEY], ...configuration, customDomain: undefined },
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
