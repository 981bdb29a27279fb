import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { bundleOf } from '../../lib/bundle.ts';
import { FUNCTION_NAMES, moduleOf } from '../../lib/functions.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

it('bundles every handler in one call, with maps that name the projects from the project, wherever that lies', () => {
  const [verifier, reconciler] = (['verifier', 'reconciler'] as const).map((name) => bundleOf(moduleOf(name)));

  expect([...(verifier?.keys() ?? [])].toSorted()).toEqual(['index.mjs', 'index.mjs.map']);
  const { projects } = JSON.parse(Buffer.from(verifier?.get('index.mjs.map') ?? []).toString()) as { projects: string[] };
  expect(projects.filter((project) => !/^\.\.\/\.\.\/(?:lambda|node_modules)\//.test(project))).toEqual([]);
  expect(projects.some((project) => project.includes('verifier'))).toBe(true);
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
