/** The scripts for completion, in a shell. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
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

it('completes commands, choices and options in bash', STARTS, () => {
  const cases = [
    ['gemini-webhooks', 'redr'],
    ['gemini-webhooks', 'redrive', 'un'],
    ['gemini-webhooks', 'jobs', '--state', 'wa'],
    ['gemini-webhooks', 'rotate', '--rev'],
  ];
  const complete = (words: readonly string[]) => `
    COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
    _gemini-webhooks_yargs_completions
    echo "\${COMPREPLY[@]}"`;

  expect(shell('/bin/bash', `eval "$(gemini-webhooks completion)"${cases.map(complete).join('')}`)).toBe(
    'redrive\nundelivered\nwaiting\n--revoke\n',
  );
});

it('has a script for zsh, with what each command is for', STARTS, () => {
  expect(shell('/bin/zsh', 'gemini-webhooks completion')).toMatch(/^#compdef gemini-webhooks\n/);
  expect(shell('/bin/zsh', 'gemini-webhooks --get-yargs-completions gemini-webhooks re')).toContain(
    'redrive:Puts back what was given up\n',
  );
});
