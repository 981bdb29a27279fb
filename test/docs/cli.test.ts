/** docs/cli.md names every command of the program, and no other. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { firstColumnAfter, readPage } from './markdown.ts';

it('documents every command', () => {
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
  const help = execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8' });
  const commands = [...help.matchAll(/^ {2}gemini-webhooks (\S+)/gm)].map(([, name]) => name);

  expect(commands.length).toBeGreaterThan(9);
  expect(firstColumnAfter(readPage('cli.md'), '# The command line')).toEqual(commands);
  expect(firstColumnAfter(readPage('cli.md'), '## Permissions')).toEqual(
    commands.filter((name) => name !== 'completion'),
  );
});
