import { afterEach, expect, it, vi } from 'vitest';
import { defaultProvider } from '../../../lambda/shared/environment-credentials.ts';

afterEach(() => vi.unstubAllEnvs());

it('reads what Lambda put into the environment, anew each time', async () => {
  const credentials = defaultProvider();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_SESSION_TOKEN', 'token-1');
  const first = await credentials();
  vi.stubEnv('AWS_SESSION_TOKEN', 'token-2');

  expect(first).toEqual({ accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token-1' });
  expect(await credentials()).toMatchObject({ sessionToken: 'token-2' });
});

it('says what is missing', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', '');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', '');

  await expect(defaultProvider()()).rejects.toThrow(
    /AWS_ACCESS_KEY_ID is not set.*\n.*AWS_SECRET_ACCESS_KEY is not set/,
  );
});
