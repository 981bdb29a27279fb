import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bundleOf, findHandlers } from '../../lib/bundle.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const entryOf = (name: string) => findHandlers().find((path) => path.endsWith(name)) ?? '';

it('bundles every handler in one call, with maps that name the sources from the project, wherever that lies', () => {
  const [verifier, reconciler] = ['verifier.ts', 'reconcile.ts'].map((name) => bundleOf(entryOf(name)));

  expect([...(verifier?.keys() ?? [])].toSorted()).toEqual(['index.mjs', 'index.mjs.map']);
  const { sources } = JSON.parse(Buffer.from(verifier?.get('index.mjs.map') ?? []).toString()) as { sources: string[] };
  expect(sources.filter((source) => !/^\.\.\/\.\.\/(?:lambda|node_modules)\//.test(source))).toEqual([]);
  expect(sources.some((source) => source.includes('verifier'))).toBe(true);
  for (const content of [...(verifier?.values() ?? []), ...(reconciler?.values() ?? [])]) {
    expect(Buffer.from(content).includes(PROJECT)).toBe(false);
  }
  // Those of one call are kept: the second is the same object, and cost nothing.
  expect(bundleOf(entryOf('reconcile.ts'))).toBe(reconciler);
});

it('takes every module that exports a handler, and no other', () => {
  expect(findHandlers().map((path) => path.slice(path.lastIndexOf('/') + 1))).toEqual(
    expect.arrayContaining(['check-webhook.ts', 'fetch-batch.ts', 'record-job.ts', 'verifier.ts']),
  );
  expect(findHandlers().filter((path) => /contract|ports|environment-credentials/.test(path))).toEqual([]);
});
