/** The scripts for completion, in a shell. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it, vi } from 'vitest';
import { runCommand } from '../fakes/command-line.ts';

const MAIN = fileURLToPath(new URL('../../cli/program/main.ts', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemini-webhooks-'));
  writeFileSync(join(folder, 'gemini-webhooks'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(join(folder, 'gemini-webhooks'), 0o755);
});

function shell(SHELL: string, script: string): string {
  const PATH = `${folder}${delimiter}${process.env['PATH']}`;
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: { ...process.env, PATH, SHELL } });
}

/** Each of them starts the program anew. */
const STARTS = { timeout: 180_000 };

it('completes in bash', STARTS, () => {
  const script = `
    eval "$(gemini-webhooks completion)"
    COMP_WORDS=(gemini-webhooks redr); COMP_CWORD=1
    _gemini-webhooks_yargs_completions
    echo "\${COMPREPLY[@]}"`;

  expect(shell('/bin/bash', script)).toBe('redrive\n');
});

it.each([
  [['re'], 'redrive'],
  [['redrive', 'un'], 'undelivered'],
  [['jobs', '--state', 'wa'], 'waiting'],
  [['rotate', '--rev'], '--revoke'],
])('offers for %j, among others, %s', async (words, completion) => {
  for (const [name, value] of Object.entries({ SHELL: '/bin/bash', ZSH_NAME: '' })) vi.stubEnv(name, value);
  const offered = vi.spyOn(console, 'log').mockReturnValue();

  await runCommand(['--get-yargs-completions', 'gemini-webhooks', ...words], { clock: () => new Date() });

  expect(offered.mock.calls.flat()).toContain(completion);
});

it('has a script for zsh, with what each command is for', STARTS, () => {
  expect(shell('/bin/zsh', 'gemini-webhooks completion')).toMatch(/^#compdef gemini-webhooks\n/);
  expect(shell('/bin/zsh', 'gemini-webhooks --get-yargs-completions gemini-webhooks re')).toContain(
    'redrive:Puts back what was given up\n',
  );
});
