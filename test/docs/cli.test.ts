/** docs/cli.md names every command of the program, and no other. */
import { expect, it } from 'vitest';
import { commandNames } from './commands.ts';
import { firstColumnAfter, readPage } from './markdown.ts';

it('documents every command', () => {
  const commands = commandNames();

  expect(commands.length).toBeGreaterThan(9);
  expect(firstColumnAfter(readPage('cli.md'), '# The command line')).toEqual(commands);
  expect(firstColumnAfter(readPage('cli.md'), '## Permissions')).toEqual(
    commands.filter((name) => name !== 'completion'),
  );
});
