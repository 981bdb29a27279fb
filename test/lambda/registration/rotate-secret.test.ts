import { expect, it } from 'vitest';
import { ROTATION_STEPS, type RotatedSecret, rotateSecret } from '../../../lambda/registration/rotate-secret.ts';
import { dynamicTokenRotation, signingSecretRotation } from '../../../lambda/registration/rotate-webhook-secrets.ts';
import { FakeWebhookRegistry } from '../../fakes/webhook-registry.ts';

const WANTED = { name: 'name', uri: 'https://uri', events: ['batch.succeeded'] } as const;

/** A secret with a version that is current, and one that a rotation has begun. */
class FakeSecret implements RotatedSecret {
  readonly values = new Map<string, string>();
  labels: Record<string, string[]> = { old: ['AWSCURRENT'], new: ['AWSPENDING'] };

  constructor(current: string) {
    this.values.set('old', current);
  }
  stages = async () => this.labels;
  read = async (version: string) => this.values.get(version);
  putPending = async (version: string, value: string) => void this.values.set(version, value);
  abandon = async (version: string) => {
    this.labels = { ...this.labels, [version]: [] };
  };
  makeCurrent = async (version: string, before: string | undefined) => {
    this.labels = { [version]: ['AWSPENDING', 'AWSCURRENT'], ...(before && { [before]: ['AWSPREVIOUS'] }) };
  };
}

function setUp(current = `whsec_${Buffer.alloc(24).toString('base64')}`) {
  const registry = new FakeWebhookRegistry();
  registry.add(WANTED);
  const secret = new FakeSecret(current);
  const waited: number[] = [];
  const wait = async (milliseconds: number) => {
    waited.push(milliseconds);
    whileWaiting.fn();
  };
  const whileWaiting = { fn: () => {} };
  const rotations = new Map([
    ['signing', signingSecretRotation(registry, WANTED, wait)],
    ['token', dynamicTokenRotation()],
  ]);
  const ports = {
    secretOf: () => secret,
    rotationOf: (id: string) => rotations.get(id),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };
  const step = (name: (typeof ROTATION_STEPS)[number], secretId = 'signing') =>
    rotateSecret(ports, { secretId, versionId: 'new', step: name });
  return { registry, secret, waited, whileWaiting, step };
}

it('takes the new signing secret from Gemini, tests that Gemini signs with it, and makes it current', async () => {
  const { registry, secret, step } = setUp();

  for (const name of ROTATION_STEPS) await step(name);

  expect(registry.calls).toEqual(['list', 'rotate', 'list']);
  expect(secret.values.get('new')).toMatch(/^whsec_/);
  expect(secret.labels).toEqual({ new: ['AWSPENDING', 'AWSCURRENT'], old: ['AWSPREVIOUS'] });
});

it('does not rotate twice, however often a step is repeated', async () => {
  const { registry, secret, step } = setUp();

  for (const name of ROTATION_STEPS.flatMap((one) => [one, one, one])) await step(name);
  const value = secret.values.get('new');
  for (const name of ROTATION_STEPS) await step(name);

  expect(registry.calls.filter((call) => call === 'rotate')).toHaveLength(1);
  expect(secret.values.get('new')).toBe(value);
});

it('fails the test of a secret with which Gemini does not sign, as far as Gemini shows with which it does', async () => {
  const { registry, secret, step } = setUp();
  secret.values.set('new', `whsec_${Buffer.alloc(24, 1).toString('base64')}`);

  await step('testSecret');
  await registry.rotate('wh1');
  await expect(step('testSecret')).rejects.toMatchObject({ code: 'ERR_ROTATION_INVALID' });
});

it('gives up a new secret that Gemini signs with for a day only, because another rotation came after it', async () => {
  const { registry, secret, step } = setUp();
  await step('createSecret');
  // The other one's secret is lost: it was stored nowhere.
  await registry.rotate('wh1');

  await expect(step('testSecret')).rejects.toMatchObject({ code: 'ERR_ROTATION_INVALID' });

  expect(secret.labels).toEqual({ old: ['AWSCURRENT'], new: [] });
  await expect(step('finishSecret')).rejects.toMatchObject({ code: 'ERR_ROTATION_INVALID' });
  expect(secret.labels).toEqual({ old: ['AWSCURRENT'], new: [] });

  secret.values.delete('new');
  secret.labels = { old: ['AWSCURRENT'], new: ['AWSPENDING'] };
  for (const name of ROTATION_STEPS) await step(name);
  expect(secret.labels).toEqual({ new: ['AWSPENDING', 'AWSCURRENT'], old: ['AWSPREVIOUS'] });
});

it('keeps a new secret that could not be tested, for the next attempt', async () => {
  const { registry, secret, step } = setUp();
  await step('createSecret');
  registry.faults.set('list', 'unreachable');

  await expect(step('testSecret')).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });

  expect(secret.labels).toEqual({ old: ['AWSCURRENT'], new: ['AWSPENDING'] });
});

it('accepts any secret that signs, should Gemini give an end for each', async () => {
  const { registry, secret, step } = setUp();
  secret.values.set('new', `whsec_${Buffer.alloc(24, 1).toString('base64')}`);
  registry.webhooks.set('wh1', {
    ...{ id: 'wh1', ...WANTED, state: 'enabled' },
    secrets: [{ ending: secret.values.get('new')?.slice(-5) ?? '', expiresAt: '2027-11-24T05:00:00Z' }],
  });

  await step('testSecret');
  expect(secret.labels).toMatchObject({ new: ['AWSPENDING'] });
});

it('waits for a list that does not show the webhook yet, and gives the secret up when it is gone', async () => {
  const { registry, secret, waited, whileWaiting, step } = setUp();
  await step('createSecret');
  const webhook = registry.webhooks.get('wh1');
  registry.webhooks.clear();
  whileWaiting.fn = () => {
    if (webhook) registry.webhooks.set('wh1', webhook);
  };

  await step('testSecret');
  expect(waited).toEqual([10_000]);

  registry.webhooks.clear();
  whileWaiting.fn = () => {};
  await expect(step('testSecret')).rejects.toMatchObject({ code: 'ERR_ROTATION_INVALID' });
  expect(secret.labels).toEqual({ old: ['AWSCURRENT'], new: [] });
});

it('registers a webhook that is gone again: that gives a secret, too', async () => {
  const { registry, secret, step } = setUp();
  registry.webhooks.clear();

  for (const name of ROTATION_STEPS) await step(name);

  expect([...registry.webhooks.values()]).toMatchObject([WANTED]);
  expect(secret.values.get('new')).toMatch(/^whsec_/);
});

it('leaves the current secret as it is while Gemini is away', async () => {
  const { registry, secret, step } = setUp();
  registry.faults.set('rotate', 'unreachable');

  await expect(step('createSecret')).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
  expect(secret.values.has('new')).toBe(false);
  await step('createSecret');
  expect(secret.values.get('new')).toMatch(/^whsec_/);
});

it('tests the current value when a new schedule is tried out, which has no pending one', async () => {
  const { registry, secret, step } = setUp();
  secret.values.set('old', await registry.rotate('wh1'));

  await step('testSecret');
});

it('moves the tokens on by one: what was the next token is the one for URLs', async () => {
  const { secret, step } = setUp('a'.repeat(43) + 'b'.repeat(43));

  for (const name of ROTATION_STEPS) await step(name, 'token');

  const value = secret.values.get('new') ?? '';
  expect(value).toMatch(/^b{43}[A-Za-z0-9_-]{43}$/);
  expect(value.slice(43)).not.toBe('b'.repeat(43));
});

it('gives nothing up when it is the current value that fails', async () => {
  const { registry, secret, step } = setUp();
  await registry.rotate('wh1');

  await expect(step('testSecret')).rejects.toMatchObject({ code: 'ERR_ROTATION_INVALID' });
  expect(secret.labels).toEqual({ old: ['AWSCURRENT'], new: ['AWSPENDING'] });
});

it('gives up what is no signing secret, though Gemini shows none to compare with', async () => {
  const { secret, step } = setUp();
  secret.values.set('new', 'no secret');

  await expect(step('testSecret')).rejects.toMatchObject({ code: 'ERR_ROTATION_INVALID' });
  expect(secret.labels).toEqual({ old: ['AWSCURRENT'], new: [] });
});

it('gives up a value that holds no two tokens', async () => {
  const { secret, step } = setUp('a'.repeat(43) + 'b'.repeat(43));
  secret.values.set('new', 'a'.repeat(43));

  await expect(step('testSecret', 'token')).rejects.toMatchObject({ code: 'ERR_ROTATION_INVALID' });
  expect(secret.labels).toEqual({ old: ['AWSCURRENT'], new: [] });
});

it.each<Record<string, string[]>>([{ old: ['AWSCURRENT'], new: ['AWSPENDING'] }, { new: ['AWSPENDING'] }])(
  'has nothing to test while no version has a value: %j',
  async (labels) => {
    const { secret, step } = setUp();
    secret.values.clear();
    secret.labels = labels;

    await expect(step('testSecret')).rejects.toMatchObject({ code: 'ERR_ROTATION_INVALID' });
    expect(secret.labels).toEqual(labels);
  },
);

it('makes two new tokens of a value that holds none', async () => {
  const { secret, step } = setUp('typed by hand');

  await step('createSecret', 'token');

  expect(secret.values.get('new')).toMatch(/^[A-Za-z0-9_-]{86}$/);
});

it.each([
  ['a secret of somebody else', 'other', 'new'],
  ['a version that is none of the secret', 'signing', 'unknown'],
])('refuses %s', async (_what, secretId, versionId) => {
  const { secret } = setUp();
  const registry = new FakeWebhookRegistry();
  const rotation = signingSecretRotation(registry, WANTED, async () => {});
  const ports = {
    secretOf: () => secret,
    rotationOf: (id: string) => (id === 'signing' ? rotation : undefined),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };

  await expect(rotateSecret(ports, { secretId, versionId, step: 'createSecret' })).rejects.toMatchObject({
    code: 'ERR_ROTATION_INVALID',
  });
  expect(registry.calls).toEqual([]);
});
