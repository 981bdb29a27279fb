import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { JSON_OUTPUT } from '../../cli/json-output.ts';

it.each(Object.entries(JSON_OUTPUT))('publishes the schema of what %s prints as JSON', (command, schema) => {
  const file = new URL(`../../schemas/cli/${command}.json`, import.meta.url);

  expect(JSON.parse(readFileSync(file, 'utf8')), 'run: npm run schemas').toEqual(
    JSON.parse(JSON.stringify(z.toJSONSchema(schema))),
  );
});

it('has names without spaces', () => {
  const names = [
    ...JSON.stringify(Object.values(JSON_OUTPUT).map((schema) => z.toJSONSchema(schema))).matchAll(/"([^"]+)":\{/g),
  ];

  expect(names.map(([, name]) => name).filter((name) => / /.test(name ?? ''))).toEqual([]);
});
