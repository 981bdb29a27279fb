/** The API key in its secret, as the fetchers and the reconciler have it. */
import { expect, it, vi } from 'vitest';
import { createApiKeySource } from '../../../lambda/gemini/api-key.ts';
import { TransientError } from '../../../lambda/shared/errors.ts';
import type { SecretReader, SecretVersion } from '../../../lambda/shared/secrets.client.ts';

const START = Date.parse('2026-11-24T05:00:00Z');

function setUp(value: string | undefined) {
  let now = START;
  const held = { value, isAway: false };
  const read = vi.fn(async (): Promise<SecretVersion | undefined> => {
    if (held.isAway) throw new TransientError('ERR_KEYS_UNAVAILABLE', 'away');
    return held.value === undefined ? undefined : { value: held.value, createdAt: new Date(START) };
  });
  const source = createApiKeySource({ read } as unknown as SecretReader, 'key-secret', () => new Date(now));
  const pass = (seconds: number) => {
    now += seconds * 1000;
  };
  return { source, held, read, pass };
}

it.each(['AIza-0', '!', '~'.repeat(512)])('takes %.10j, which a header can carry', async (value) => {
  const { source, read } = setUp(value);

  expect(await source.current()).toEqual([value]);
  expect(read.mock.calls).toEqual([['key-secret', 'AWSCURRENT']]);
});

it.each([undefined, '', '{"key":"AIza"}', 'AIza 0', 'AIza\n0', 'AIza-é', '\x7f', 'a'.repeat(513)])(
  'takes %.10j for no key, and does not show it',
  async (value) => {
    const failure = await setUp(value)
      .source.current()
      .catch((error: unknown) => error);

    expect(failure).toMatchObject({
      code: 'ERR_KEYS_UNAVAILABLE',
      cause: {
        code: 'ERR_KEYS_UNAVAILABLE',
        message: 'The secret key-secret holds no API key; put one there, see README, "Deploy it"',
      },
    });
  },
);

it('reads the key again after ten minutes, and goes on with it for a day while the secret cannot be read', async () => {
  const { source, held, read, pass } = setUp('AIza-0');
  await source.current();
  held.value = 'AIza-1';

  pass(599);
  expect(await source.current()).toEqual(['AIza-0']);
  expect(read).toHaveBeenCalledTimes(1);
  pass(1);
  expect(await source.current()).toEqual(['AIza-1']);

  held.isAway = true;
  pass(24 * 3600 - 1);
  expect(await source.current()).toEqual(['AIza-1']);
  pass(1);
  await expect(source.current()).rejects.toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE' });
});

it('reads the key again when Gemini refuses it, every thirty seconds at most', async () => {
  const { source, held, read, pass } = setUp('AIza-0');
  const refused = await source.current();
  held.value = 'AIza-1';

  pass(29);
  expect(await source.refreshed(refused)).toBeUndefined();
  pass(1);
  expect(await source.refreshed(refused)).toEqual(['AIza-1']);
  expect(read).toHaveBeenCalledTimes(2);
});
