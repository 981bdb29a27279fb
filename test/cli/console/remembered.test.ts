/** What is shown at once, and when it is read again. */
import { expect, it } from 'vitest';
import { remembered } from '../../../cli/console/remembered.ts';

function setUp() {
  const world = { now: 0, reads: 0, isAway: false };
  const ask = remembered({ clock: () => new Date(world.now), freshMs: 1000, staleMs: 10_000 }, async (name: string) => {
    world.reads += 1;
    if (world.isAway) throw new Error('away');
    return `${name} ${world.reads}`;
  });
  return { world, ask };
}

it('is read once while it is fresh, and once by all who ask at a time', async () => {
  const { world, ask } = setUp();

  expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual(['a 1', 'a 1', 'b 2']);
  world.now = 999;
  expect(await ask('a')).toBe('a 1');
  expect(world.reads).toBe(2);
});

it('is shown and read again while it is stale, and not shown when it is old', async () => {
  const { world, ask } = setUp();
  await ask('a');

  world.now = 1000;
  expect(await ask('a')).toBe('a 1');
  expect(await ask('a')).toBe('a 2');
  world.now = 11_000;
  expect(await ask('a')).toBe('a 3');
});

it('hides no error for long, and remembers none', async () => {
  const { world, ask } = setUp();
  await ask('a');
  world.isAway = true;

  world.now = 1000;
  expect(await ask('a')).toBe('a 1');
  await expect.poll(() => ask('a').catch((error: Error) => error.message)).toBe('away');
  world.isAway = false;
  expect(await ask('a')).toMatch(/^a \d+$/);
});

it('forgets the oldest of many', async () => {
  const { world, ask } = setUp();
  for (let index = 0; index <= 50; index += 1) await ask(`q${index}`);

  await ask('q50');
  expect(world.reads).toBe(51);
  await ask('q0');
  expect(world.reads).toBe(52);
});
