import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, it, vi } from 'vitest';
import { createWebhookConfig } from '../../client/webhook-config.ts';

const send = vi.fn();
const client = { send } as unknown as SecretsManagerClient;
const OPTIONS = { webhookUrl: 'https://api/webhooks/gemini', tokenSecretId: 'token', client };
const URL = `https://api/webhooks/gemini/dynamic/${'a'.repeat(43)}`;

afterEach(() => {
  send.mockReset();
  vi.unstubAllEnvs();
});

it('builds the config of each job type with the token for URLs, in the spelling of the SDK', async () => {
  send.mockResolvedValue({ SecretString: 'a'.repeat(43) + 'b'.repeat(43) });
  const config = createWebhookConfig(OPTIONS);

  expect(await config.url()).toBe(URL);
  expect(await config.forInteraction()).toEqual({ uris: [URL] });
  expect(await config.forInteraction({ team: 'a' })).toEqual({ uris: [URL], user_metadata: { team: 'a' } });
  expect(await config.forBatch()).toEqual({ uris: [URL] });
  expect(send.mock.calls.map(([command]) => command.input)).toEqual([{ SecretId: 'token' }]);
});

it('reads the token again after five minutes, so that a rotation reaches it', async () => {
  let now = 0;
  const config = createWebhookConfig({ ...OPTIONS, clock: () => new Date(now) });
  send.mockResolvedValueOnce({ SecretString: 'a'.repeat(43) + 'b'.repeat(43) });
  send.mockResolvedValueOnce({ SecretString: 'b'.repeat(43) + 'c'.repeat(43) });

  expect(await config.url()).toContain('aaa');
  now = 299_999;
  expect(await config.url()).toContain('aaa');
  now = 300_000;
  expect(await config.url()).toContain('bbb');
});

it('takes what the construct put into the environment', async () => {
  vi.stubEnv('GEMINI_WEBHOOK_URL', 'https://api/webhooks/gemini');
  vi.stubEnv('GEMINI_WEBHOOK_TOKEN_SECRET_ID', 'from-the-stack');
  send.mockResolvedValue({ SecretString: 'a'.repeat(86) });

  expect(await createWebhookConfig({ client }).url()).toBe(URL);
  expect(send.mock.calls[0]?.[0].input).toEqual({ SecretId: 'from-the-stack' });
});

it('names everything that is missing', () => {
  expect(() => createWebhookConfig({ client })).toThrow(
    'Missing: webhookUrl, tokenSecretId. Call addWebhookConfig(function)',
  );
});
