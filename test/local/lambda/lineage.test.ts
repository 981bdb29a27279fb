import { expect, it } from 'vitest';
import { lineageOf } from '../../../local/lambda/lineage.ts';

// The first eight digits of the SHA-256 of "A" and of "B".
const [A, B] = ['559aead0', 'df7e70e5'];

it.each([
  [undefined, `${A}:1`],
  ['Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1', `${A}:1`],
  [`Root=1-x;Sampled=0;Lineage=${A}:1`, `${A}:2`],
  [`Root=1-x;Lineage=${B}:7|${A}:15;Sampled=0`, `${B}:7|${A}:16`],
  [`Lineage=${B}:16`, `${B}:16|${A}:1`],
])('counts one more after %j', (cause, lineage) => {
  expect(lineageOf('A', cause)).toBe(lineage);
});

it('ends a chain in which the function was invoked 16 times', () => {
  expect(lineageOf('A', `Root=1-x;Lineage=${B}:2|${A}:16`)).toBeUndefined();
});
