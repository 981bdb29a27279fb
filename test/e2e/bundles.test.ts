/** The bundles that would be deployed, as the synthesis left them. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

it('are one for each function, with maps that name the sources from the project, wherever that lies', () => {
  const handlers: string[] = [];
  for (const file of globSync('asset.*/index.mjs', { cwd: inject('assemblyDir') })) {
    const bundle = readFileSync(join(inject('assemblyDir'), file), 'utf8');
    const map = readFileSync(join(inject('assemblyDir'), `${file}.map`), 'utf8');
    const { sources } = JSON.parse(map) as { readonly sources: readonly string[] };
    expect(sources.filter((source) => !/^\.\.\/\.\.\/(?:lambda|node_modules)\//.test(source))).toEqual([]);
    expect([bundle, map].filter((content) => content.includes(PROJECT))).toEqual([]);
    handlers.push(...sources.filter((source) => source.endsWith('.lambda.ts')));
  }

  expect(handlers.toSorted()).toEqual([
    '../../lambda/fetch/fetch.lambda.ts',
    '../../lambda/ledger/record-job.lambda.ts',
    '../../lambda/receive/verifier.lambda.ts',
    '../../lambda/reconcile/reconcile.lambda.ts',
    '../../lambda/registration/check.lambda.ts',
    '../../lambda/registration/register.lambda.ts',
    '../../lambda/registration/rotate.lambda.ts',
  ]);
});
