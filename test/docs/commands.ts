/** The commands of the program, as its own help lists them, and whether it understands one with its arguments. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CliError } from '../../cli/cli-error.ts';
import { run } from '../../cli/program/program.ts';

let names: readonly string[] | undefined;

export function commandNames(): readonly string[] {
  const main = fileURLToPath(new URL('../../cli/program/main.ts', import.meta.url));
  names ??= [
    ...execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8' }).matchAll(/^ {2}gemini-webhooks (\S+)/gm),
  ].map(([, name = '']) => name);
  return names;
}

/** @returns what the program answers where it does not understand; nothing is reached and nothing is done */
export async function misunderstood(command: string): Promise<string | undefined> {
  const answers: string[] = [];
  let isUnderstood = false;
  const terminal = {
    ...{ isInteractive: false, columns: undefined, print: () => {}, progress: () => {}, ask: async () => '' },
    note: (text: string) => answers.push(text),
  };
  const find = async () => {
    isUnderstood = true;
    throw new CliError('No deployment is looked for.', 3);
  };
  await run(command.split(' '), { terminal, clock: () => new Date(0), pause: async () => false, find });
  return isUnderstood ? undefined : `${command}: ${answers.join(' ').split('\n', 1)}`;
}
