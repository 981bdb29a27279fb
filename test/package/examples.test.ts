/** The `@example`s of what the packages export, and of the client's README: each compiles by itself, as a reader would paste it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILES = [
  ...['lib/fetcher.ts', 'lib/gemini-webhooks.ts', 'lib/managed-webhook.ts', 'lib/monitoring/monitoring-props.ts'],
  ...[
    'lib/webhooks-stack.ts',
    'client/index.ts',
    'lambda/submit-job.ts',
    'client/testing.ts',
    'client/webhook-config.ts',
  ],
];
const readme = readFileSync(join(ROOT, 'client/README.md'), 'utf8');
const examples = [
  ...FILES.flatMap((file) => examplesIn(file)),
  ...[...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code),
];

function examplesIn(file: string): string[] {
  const comments = readFileSync(join(ROOT, file), 'utf8').match(/^ *\/\*\*[\s\S]*?\*\//gm) ?? [];
  return comments.flatMap((comment) => {
    const text = comment.replaceAll(/^ *\* ?/gm, '');
    return [...text.matchAll(/@example[^\n]*\n```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  });
}

mkdirSync(join(ROOT, '.local'), { recursive: true });
const folder = mkdtempSync(join(ROOT, '.local', 'examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ...['GeminiWebhooks', 'WebhooksStack', 'Monitoring', 'Fetcher', 'ManagedWebhook'],
  ...[
    'submitBatch',
    'createJobAnnouncer',
    'BatchNotAnnouncedError',
    'createWebhookConfig',
    'sampleEvent',
    'matchesRule',
  ],
])('%s is used in an example', (name) => {
  expect(examples.some((code) => new RegExp(`\\b${name}\\b`).test(code))).toBe(true);
});

it('compiles each example', () => {
  for (const [index, code] of examples.entries()) writeFileSync(join(folder, `example-${index}.ts`), code);
  const compilerOptions = { incremental: false, noUnusedLocals: false, tsBuildInfoFile: null };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'], exclude: [] }),
  );
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

  expect(examples.length).toBeGreaterThanOrEqual(11);
  execFileSync(process.execPath, [tsc, '--project', folder], { stdio: ['ignore', 'inherit', 'inherit'] });
});
