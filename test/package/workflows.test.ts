import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const FOLDER = new URL('../../.github/workflows/', import.meta.url);
const workflows = readdirSync(FOLDER);

it('finds the workflows that it is to check', () => {
  expect(workflows).toEqual(expect.arrayContaining(['ci.yml', 'release.yml']));
});

// A tag of an action can be moved to other code; a commit cannot.
it.each(workflows)('%s names each action by its commit', (name) => {
  const uses = [...readFileSync(new URL(name, FOLDER), 'utf8').matchAll(/\buses: (.+)/g)].map(([, action]) => action);

  expect(uses.length).toBeGreaterThan(0);
  expect(uses.filter((action = '') => !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
});

it('ci.yml synthesizes with the oldest CDK that the package allows', () => {
  const { peerDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const { cdk, constructs } =
    /\{ cdk: (?<cdk>\d[\d.]+), constructs: (?<constructs>[\d.]+) \}/.exec(
      readFileSync(new URL('ci.yml', FOLDER), 'utf8'),
    )?.groups ?? {};

  expect(peerDependencies).toEqual({ 'aws-cdk-lib': `^${cdk}`, constructs: `^${constructs}` });
});
