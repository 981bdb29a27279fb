import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { expect, it } from 'vitest';

/**
 * Every arrow between two folders; a file's name stands for that file alone. A folder imports only what is above it here, so
 * that no two import each other, directly or by way of others.
 */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  lambda: [],
  'lambda/shared': ['lambda'],
  'lambda/standard-webhooks': ['lambda', 'lambda/shared'],
  'lambda/events': ['lambda', 'lambda/shared', 'lambda/standard-webhooks'],
  'lambda/ledger': ['lambda', 'lambda/events', 'lambda/shared'],
  'lambda/gemini/json': ['lambda/shared'],
  'lambda/gemini': ['lambda', 'lambda/events', 'lambda/shared', 'lambda/standard-webhooks'],
  'lambda/gemini/jobs': ['lambda', 'lambda/events', 'lambda/gemini', 'lambda/gemini/json', 'lambda/shared'],
  // These four do not import each other.
  'lambda/receive': [
    'lambda',
    'lambda/events',
    'lambda/gemini',
    'lambda/ledger',
    'lambda/shared',
    'lambda/standard-webhooks',
  ],
  'lambda/fetch/json': ['lambda/gemini/json'],
  'lambda/fetch': [
    'lambda',
    'lambda/events',
    'lambda/fetch/json',
    'lambda/gemini',
    'lambda/gemini/jobs',
    'lambda/gemini/json',
    'lambda/ledger',
    'lambda/shared',
  ],
  'lambda/reconcile': [
    'lambda',
    'lambda/events',
    'lambda/gemini',
    'lambda/gemini/jobs',
    'lambda/ledger',
    'lambda/shared',
  ],
  'lambda/registration': ['lambda', 'lambda/gemini', 'lambda/shared', 'lambda/standard-webhooks'],

  // The client's package has no dependencies: it shares names and types with the functions, and nothing else.
  client: ['lambda'],

  'lib/shared': [],
  'lib/monitoring': ['lambda', 'lib/shared'],
  lib: ['lambda', 'lib/monitoring', 'lib/shared'],
  bin: ['lib', 'lib/shared'],

  // The command line finds everything through the deployment's description, and uses the clients of the stores.
  cli: ['lambda', 'lambda/events', 'lambda/ledger'],
  'cli/trial': ['cli', 'lambda', 'lambda/events'],
  'cli/commands': ['cli', 'cli/trial', 'client', 'lambda', 'lambda/events', 'lambda/ledger', 'lambda/receive'],
  'cli/console/assets': [],
  'cli/console': ['cli', 'cli/commands', 'lambda', 'lambda/events', 'lambda/ledger'],
  'cli/console/outputs': ['cli', 'cli/console'],
  'cli/console/pages': ['cli', 'cli/console', 'cli/console/outputs', 'lambda'],
  'cli/console/http': ['cli', 'cli/console', 'cli/console/outputs', 'cli/console/pages', 'lambda'],
  'cli/program': ['cli', 'cli/commands', 'cli/console', 'cli/console/http', 'lambda', 'lambda/shared/errors.ts'],

  // The local run takes the functions from the template and the bundles, as AWS would, and looks like the command line.
  'local/shared': [],
  'local/gemini': [],
  'local/lambda': ['local/shared'],
  'local/template': ['lambda', 'local/shared'],
  'local/aws': ['client/event-pattern.ts', 'lambda', 'local/lambda', 'local/shared', 'local/template'],
  'local/run': [
    'cli/local-run.ts',
    'cli/table.ts',
    'lambda',
    'local/aws',
    'local/gemini',
    'local/shared',
    'local/template',
  ],
  'local/demo': ['cli/table.ts', 'lambda', 'local/aws', 'local/run'],
  local: ['local/aws', 'local/demo', 'local/run', 'local/shared'],

  tools: ['cli', 'cli/console/http', 'client', 'lambda', 'lambda/events', 'lib', 'test/fakes', 'test/lib'],
};

const files = globSync('{bin,cli,client,lambda,lib,local,tools}/**/*.{js,mjs,ts}').filter(
  (file) => !file.includes('/dist/'),
);

/** Of imports, of what is exported from elsewhere, and of what is imported later on. */
function importsOf(file: string): string[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(/^.*\b(?:from|import)\b[ (]*'(\.[^']+)'/gm);
  return [...specifiers].map(([, specifier = '']) => join(dirname(file), specifier));
}

it('has these arrows between folders, and no others', () => {
  const found: Record<string, Set<string>> = {};
  for (const file of files) {
    const folder = dirname(file);
    found[folder] ??= new Set();
    for (const imported of importsOf(file)) {
      const target = IMPORTS[folder]?.includes(imported) ? imported : dirname(imported);
      if (target !== folder) found[folder].add(target);
    }
  }

  expect(Object.fromEntries(Object.entries(found).map(([folder, targets]) => [folder, [...targets].sort()]))).toEqual(
    IMPORTS,
  );
});

it('has none that points up', () => {
  const folders = Object.keys(IMPORTS);
  const isAbove = (folder: string, target: string) =>
    folders.indexOf(target.endsWith('.ts') ? dirname(target) : target) < folders.indexOf(folder);

  const up = Object.entries(IMPORTS).flatMap(([folder, targets]) =>
    targets.filter((target) => !isAbove(folder, target)).map((target) => `${folder} -> ${target}`),
  );

  expect(up).toEqual([]);
});

it('imports no entry point of a function', () => {
  expect(files.flatMap(importsOf).filter((imported) => imported.endsWith('.lambda.ts'))).toEqual([]);
});
