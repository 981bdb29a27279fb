import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { deliver, genuine } from './harness.ts';

it('accepts nothing that was tampered with, in 5,000 ways', async () => {
  const { runs, byMutation } = await fuzz(5000, 20_261_124);

  expect(runs).toBe(5000);
  expect(byMutation.size).toBeGreaterThan(20);
});

it.each(['v1', 'v1a', 'jwt'] as const)('accepts %s as it was sent, or the rest would show nothing', async (kind) => {
  expect(await deliver(await genuine(kind))).toMatchObject({ status: 200, published: 1 });
});
