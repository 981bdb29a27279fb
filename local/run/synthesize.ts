/** Synthesizes the stack as a deployment would, by the CDK's own command. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LocalRunError } from '../aws/local-run-error.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CDK = fileURLToPath(new URL('../../node_modules/aws-cdk/bin/cdk', import.meta.url));

/**
 * @param context configuration besides that of cdk.json, by key without prefix
 * @throws LocalRunError with what the CDK said
 */
export async function synthesize(outputDir: string, context: Readonly<Record<string, number>> = {}): Promise<void> {
  const options = Object.entries(context).flatMap(([key, value]) => ['-c', `gemini-webhooks:${key}=${value}`]);
  const args = [CDK, 'synth', '--quiet', '--output', outputDir, ...options];
  const child = spawn(process.execPath, args, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const code = await new Promise<number | null>((done, fail) => child.on('error', fail).on('close', done));
  if (code !== 0) throw new LocalRunError(`cdk synth failed:\n${said.trim()}\nCorrect this and start again.`);
}
