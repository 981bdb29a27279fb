import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { prepareState } from '../../../local/aws/state-directories.ts';

it('begins empty where an earlier run has been', () => {
  const dir = join(mkdtempSync(join(tmpdir(), 'state-')), 'new');
  const { s3Dir, logsDir, eventsFile } = prepareState(dir);
  writeFileSync(join(s3Dir, 'object'), 'x');
  writeFileSync(join(logsDir, 'log'), 'x');
  writeFileSync(eventsFile, 'x');

  expect(prepareState(dir)).toEqual({ s3Dir, logsDir, eventsFile });
  expect([...readdirSync(s3Dir), ...readdirSync(logsDir), readFileSync(eventsFile, 'utf8')]).toEqual(['']);
  expect(readdirSync(dir).toSorted()).toEqual(['events.jsonl', 'logs', 's3']);
});

it.each([
  [['logs'], 'logs'],
  [['s3', 'logs'], 's3'],
])('removes nothing from a folder that is not its own, which holds %s', (names, named) => {
  const dir = mkdtempSync(join(tmpdir(), 'project-'));
  for (const name of names) {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'precious'), 'x');
  }

  expect(() => prepareState(dir)).toThrow(`${join(dir, named)}`);
  expect(() => prepareState(dir)).toThrow('give another folder with --state-dir');
  for (const name of names) expect(readdirSync(join(dir, name))).toEqual(['precious']);
  expect(readdirSync(dir).toSorted()).toEqual(names.toSorted());
});
