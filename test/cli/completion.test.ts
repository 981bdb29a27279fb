/** The scripts for completion, in a shell. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemini-webhooks-'));
  writeFileSync(join(folder, 'gemini-webhooks'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(join(folder, 'gemini-webhooks'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

function shell(SHELL: string, script: string): string {
  const PATH = `${folder}${delimiter}${process.env['PATH']}`;
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: { ...process.env, PATH, SHELL } });
}

it.each([
  [['gemini-webhooks', 'redr'], ['redrive']],
  [['gemini-webhooks', 'redrive', 'un'], ['undelivered']],
  [['gemini-webhooks', 'jobs', '--state', 'wa'], ['waiting']],
  [['gemini-webhooks', 'rotate', '--rev'], ['--revoke']],
])('completes %j in bash', (words, completed) => {
  const script = `
    eval "$(gemini-webhooks completion)"
    COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
    _gemini-webhooks_yargs_completions
    printf '%s\\n' "\${COMPREPLY[@]}"`;

  expect(shell('/bin/bash', script).trim().split('\n')).toEqual(completed);
});

it('has a script for zsh, with what each command is for', () => {
  expect(shell('/bin/zsh', 'gemini-webhooks completion')).toMatch(/^#compdef gemini-webhooks\n/);
  expect(shell('/bin/zsh', 'gemini-webhooks --get-yargs-completions gemini-webhooks re')).toContain(
    'redrive:Puts back what was given up\n',
  );
});
