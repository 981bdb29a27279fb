import { expect, it } from 'vitest';
import { revokeDynamicToken, revokeSigningSecret } from '../../../lambda/registration/revoke-secret.ts';
import { ManagementError } from '../../../lambda/shared/errors.ts';
import { parseSigningSecret } from '../../../lambda/standard-webhooks/signature.ts';
import { FakeWebhookRegistry } from '../../fakes/webhook-registry.ts';

const WANTED = { name: 'name', uri: 'https://uri', events: ['batch.succeeded'] } as const;

function setUp() {
  const registry = new FakeWebhookRegistry();
  registry.add({ ...WANTED, secrets: [{ ending: 'known', expiresAt: undefined }] });
  const stored: [string, string][] = [];
  const away = { after: Number.POSITIVE_INFINITY };
  const ports = {
    registry,
    wanted: WANTED,
    ...{ signingSecretId: 'signing', dynamicTokenSecretId: 'token' },
    revoke: async (secretId: string, value: string) => {
      if (stored.length >= away.after) throw new ManagementError('ERR_SECRET_NOT_STORED', 'away');
      registry.calls.push('store');
      stored.push([secretId, value]);
    },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };
  return { registry, stored, away, ports };
}

it('closes the door first, and then has Gemini revoke all secrets of before', async () => {
  const { registry, stored, ports } = setUp();

  await revokeSigningSecret(ports);

  expect(registry.calls).toEqual(['store', 'list', 'rotate', 'store']);
  expect(stored.map(([id]) => id)).toEqual(['signing', 'signing']);
  expect(parseSigningSecret(stored[0]?.[1] ?? '')).toBeUndefined();
  expect(parseSigningSecret(stored[1]?.[1] ?? '')).toBeDefined();
  expect(registry.webhooks.get('wh1')?.secrets).toEqual([{ ending: stored[1]?.[1].slice(-5), expiresAt: undefined }]);
});

it.each(['list', 'rotate'])(
  'leaves the door closed when Gemini fails at %s, and ends it when repeated',
  async (call) => {
    const { registry, stored, ports } = setUp();
    registry.faults.set(call, call === 'rotate' ? 'answer-lost' : 'unreachable');

    await expect(revokeSigningSecret(ports)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
    expect(stored).toEqual([['signing', 'revoked']]);

    await revokeSigningSecret(ports);
    expect(parseSigningSecret(stored.at(-1)?.[1] ?? '')).toBeDefined();
  },
);

it('leaves the door closed when the new secret cannot be stored', async () => {
  const { stored, away, ports } = setUp();
  away.after = 1;

  await expect(revokeSigningSecret(ports)).rejects.toMatchObject({ code: 'ERR_SECRET_NOT_STORED' });
  expect(stored).toEqual([['signing', 'revoked']]);
});

it('asks Gemini for nothing while the door cannot be closed', async () => {
  const { registry, away, ports } = setUp();
  away.after = 0;

  await expect(revokeSigningSecret(ports)).rejects.toMatchObject({ code: 'ERR_SECRET_NOT_STORED' });
  expect(registry.calls).toEqual([]);
});

it('registers a webhook that is gone again: that gives a secret, too', async () => {
  const { registry, stored, ports } = setUp();
  registry.webhooks.clear();

  await revokeSigningSecret(ports);

  expect([...registry.webhooks.values()]).toMatchObject([WANTED]);
  expect(parseSigningSecret(stored[1]?.[1] ?? '')).toBeDefined();
});

it('makes both tokens new, without asking Gemini', async () => {
  const { registry, stored, ports } = setUp();

  await revokeDynamicToken(ports);
  await revokeDynamicToken(ports);

  expect(registry.calls).toEqual(['store', 'store']);
  const tokens = stored.flatMap(([, value]) => value.match(/^([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{43})$/)?.slice(1) ?? []);
  expect(new Set(tokens).size).toBe(4);
  expect(stored.map(([id]) => id)).toEqual(['token', 'token']);
});
