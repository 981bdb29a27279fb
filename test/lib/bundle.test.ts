import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bundleOf } from '../../lib/bundle.ts';
import { FUNCTION_NAMES, moduleOf } from '../../lib/functions.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

it('bundles every handler in one call, with maps that name the sources from the project, wherever that lies', () => {
  const [verifier, reconciler] = (['verifier', 'reconciler'] as const).map((name) => bundleOf(moduleOf(name)));

  expect([...(verifier?.keys() ?? [])].toSorted()).toEqual(['index.mjs', 'index.mjs.map']);
  const { sources } = JSON.parse(Buffer.from(verifier?.get('index.mjs.map') ?? []).toString()) as {
    sources: string[];
  };
  expect(sources.filter((source) => !/^\.\.\/\.\.\/(?:lambda|node_modules)\//.test(source))).toEqual([]);
  expect(sources.some((source) => source.includes('verifier'))).toBe(true);
  for (const content of [...(verifier?.values() ?? []), ...(reconciler?.values() ?? [])]) {
    expect(Buffer.from(content).includes(PROJECT)).toBe(false);
  }
  // Those of one call are kept: the second is the same object, and cost nothing.
  expect(bundleOf(moduleOf('reconciler'))).toBe(reconciler);
});

it('lists every entry point below lambda/, and nothing else', () => {
  const entryPoints = readdirSync(`${PROJECT}lambda`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.lambda.ts'))
    .map((file) => `${PROJECT}lambda/${file}`);

  expect(FUNCTION_NAMES.map(moduleOf).toSorted()).toEqual(entryPoints.toSorted());
  for (const path of entryPoints) expect(readFileSync(path, 'utf8')).toMatch(/^export .*\bhandler\b/m);
});
