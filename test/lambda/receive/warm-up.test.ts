import { expect, it, vi } from 'vitest';
import { warmUp } from '../../../lambda/receive/warm-up.ts';

const never = () => new Promise<void>(() => {});
const keys = () => ({ current: vi.fn(async () => []), refreshed: vi.fn(async () => undefined) });

it('reads both secrets of every project, and makes each call, all at once', async () => {
  const projects = new Map(['a', 'b'].map((name) => [name, { signingSecrets: keys(), dynamicTokens: keys() }]));
  const begun: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const call = (name: string) => async () => {
    begun.push(name);
    await promise;
  };

  const warm = warmUp({ projects, calls: [call('one'), call('two')], wait: never });
  await Promise.resolve();

  expect(begun).toEqual(['one', 'two']);
  for (const { signingSecrets, dynamicTokens } of projects.values()) {
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
  const projects = new Map([
    ['a', { signingSecrets: { ...keys(), current: away }, dynamicTokens: { ...keys(), current: away } }],
  ]);

  await expect(warmUp({ projects, calls: [away, throws], wait: never })).resolves.toBeUndefined();
});

it('waits for half a second, and no longer, for a service that is slow', async () => {
  const waited: number[] = [];
  const wait = async (milliseconds: number) => void waited.push(milliseconds);

  await warmUp({ projects: new Map(), calls: [never], wait });

  expect(waited).toEqual([500]);
});
