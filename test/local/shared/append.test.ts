import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { append } from '../../../local/shared/append.ts';
import { explain, explainOutput, LocalRunError } from '../../../local/shared/local-run-error.ts';

it('adds to a file', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'append-')), 'log');

  append(file, 'a\n');
  append(file, 'b\n');

  expect(readFileSync(file, 'utf8')).toBe('a\nb\n');
});

it('ends the run when it fails, and names the file', async () => {
  const ended = Promise.withResolvers<unknown>();
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', ended.resolve);

  expect(() => append(join(tmpdir(), 'no-such-folder', 'log'), 'a')).toThrow('ENOENT');

  expect(await ended.promise).toMatchObject({ path: join(tmpdir(), 'no-such-folder', 'log') });
  for (const listener of listeners) process.on('uncaughtException', listener);
});

it('says what to do about a full disk, and leaves other errors as they are', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path: '/x/log' });
  const other = Object.assign(new Error('EACCES'), { code: 'EACCES' });

  expect(explain(full)).toEqual(
    new LocalRunError(
      'The disk is full: /x/log cannot be written. Free some space, or give a folder on another disk with --state-dir, and start again.',
    ),
  );
  expect(explain(other)).toBe(other);
  expect(explain(undefined)).toBeUndefined();
});

it('finds it in what a program printed', () => {
  const printed = 'Failed to bundle asset X: Error: ENOSPC: no space left on device, write\n    at …';

  expect(explainOutput(printed, '/x')?.message).toMatch(/^The disk is full: \/x cannot be written\. Free some space/);
  expect(explainOutput('TypeError: x is not a function', '/x')).toBeUndefined();
});
