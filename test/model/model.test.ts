import { expect, it } from 'vitest';
import { explore } from './explore.ts';
import { SHORT } from './models.ts';

it.each(SHORT)(
  'holds in every run: $name',
  async (model) => {
    const { runs, failure } = await model.explore();

    expect(failure).toBeUndefined();
    expect(runs).toBeGreaterThan(30);
  },
  120_000,
);

it('explores each way to choose once, and stops at the first failure', async () => {
  const seen: string[] = [];
  const all = await explore(async (choose) => {
    const first = choose(2);
    seen.push(first === 0 ? `0${choose(3)}` : `1${choose(2)}`);
  });
  const failing = await explore(async (choose) => {
    if (choose(3) === 1) throw new Error('here');
  });

  expect(seen).toEqual(['00', '01', '02', '10', '11']);
  expect(all).toEqual({ runs: 5, failure: undefined });
  expect(failing).toMatchObject({ runs: 2, failure: { choices: [1] } });
});
