/** The commands of the program, as its own help lists them. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

let names: readonly string[] | undefined;

export function commandNames(): readonly string[] {
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
  names ??= [
    ...execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8' }).matchAll(/^ {2}gemini-webhooks (\S+)/gm),
  ].map(([, name = '']) => name);
  return names;
}
