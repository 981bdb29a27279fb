import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { FUNCTION_NAMES, moduleOf } from '../../lib/functions.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

it('lists every entry point below lambda/, and nothing else', () => {
  const entryPoints = readdirSync(`${PROJECT}lambda`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.lambda.ts'))
    .map((file) => `${PROJECT}lambda/${file}`);

  expect(FUNCTION_NAMES.map(moduleOf).toSorted()).toEqual(entryPoints.toSorted());
  for (const path of entryPoints) expect(readFileSync(path, 'utf8')).toMatch(/^export .*\bhandler\b/m);
});
