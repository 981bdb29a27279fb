import { expect, it, vi } from 'vitest';
import { cachedKeys } from '../../../lambda/shared/cached-keys.ts';

function setUp() {
  let now = Date.parse('2026-11-24T05:00:00Z');
  const load = vi.fn(async (): Promise<readonly string[]> => ['a']);
  const onStale = vi.fn();
  const clock = () => new Date(now);
  const keys = cachedKeys({ load, clock, onStale, maxAgeSeconds: 600, cooldownSeconds: 30, staleSeconds: 86_400 });
  const pass = (seconds: number) => {
    now += seconds * 1000;
  };
  return { keys, load, onStale, pass };
}

it('loads once for many callers, and anew when the keys are too old', async () => {
  const { keys, load, pass } = setUp();

  await Promise.all([keys.current(), keys.current(), keys.current()]);
  pass(599);
  await keys.current();
  expect(load).toHaveBeenCalledTimes(1);

  pass(1);
  await keys.current();
  expect(load).toHaveBeenCalledTimes(2);
});

it('refreshes after a mismatch once per cooldown, whatever the number of mismatches', async () => {
  const { keys, load, pass } = setUp();
  const seen = await keys.current();

  expect(await keys.refreshed(seen)).toBeUndefined();
  pass(30);
  await Promise.all(Array.from({ length: 100 }, () => keys.refreshed(seen)));
  await keys.refreshed(await keys.current());

  expect(load).toHaveBeenCalledTimes(2);
});

it('gives what another delivery has refreshed meanwhile, in spite of the cooldown', async () => {
  const { keys, load, pass } = setUp();
  const seen = await keys.current();
  pass(30);
  load.mockResolvedValueOnce(['b']);
  await keys.refreshed(seen);

  expect(await keys.refreshed(seen)).toEqual(['b']);
  pass(30);
  expect(await keys.refreshed(seen)).toEqual(['b']);
  expect(load).toHaveBeenCalledTimes(2);
});

it('serves the last known good keys while the project is away, for a bounded time, asking once per cooldown', async () => {
  const { keys, load, onStale, pass } = setUp();
  await keys.current();
  load.mockRejectedValue(new Error('away'));
  pass(600);

  expect(await keys.current()).toEqual(['a']);
  expect(await keys.current()).toEqual(['a']);
  expect(onStale).toHaveBeenCalledTimes(2);
  expect(load).toHaveBeenCalledTimes(2);

  pass(86_400 - 600);
  await expect(keys.current()).rejects.toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE' });
});

it('has nothing to give while it never could load, and asks again after two seconds', async () => {
  const { keys, load, pass } = setUp();
  load.mockRejectedValue(new Error('away'));

  await expect(keys.current()).rejects.toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE', cause: new Error('away') });
  await expect(keys.current()).rejects.toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE' });
  expect(load).toHaveBeenCalledTimes(1);

  pass(2);
  load.mockResolvedValue(['a']);
  expect(await keys.current()).toEqual(['a']);
});
