import { expect, it, vi } from 'vitest';
import { warmUp } from '../../../lambda/app/warm-up.ts';

const keys = () => ({ current: vi.fn(async () => []), refreshed: vi.fn(async () => undefined) });

it('reads both secrets of every source, and makes each call, all at once', async () => {
  const sources = new Map(['a', 'b'].map((name) => [name, { signingSecrets: keys(), dynamicTokens: keys() }]));
  const begun: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const call = (name: string) => async () => {
    begun.push(name);
    await promise;
  };

  const warm = warmUp({ sources, calls: [call('one'), call('two')] });
  await Promise.resolve();

  expect(begun).toEqual(['one', 'two']);
  for (const { signingSecrets, dynamicTokens } of sources.values()) {
    expect(signingSecrets.current).toHaveBeenCalledOnce();
    expect(dynamicTokens.current).toHaveBeenCalledOnce();
  }
  resolve();
  await warm;
});

it('fails for nothing: what is away now may be there when a delivery needs it', async () => {
  const away = () => Promise.reject(new Error('away'));
  const throws = () => {
    throw new Error('no credentials');
  };
  const sources = new Map([
    ['a', { signingSecrets: { ...keys(), current: away }, dynamicTokens: { ...keys(), current: away } }],
  ]);

  await expect(warmUp({ sources, calls: [away, throws] })).resolves.toBeUndefined();
});
