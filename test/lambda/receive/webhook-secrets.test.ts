import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadDynamicTokens, loadOriginSecrets, loadSigningSecrets } from '../../../lambda/receive/webhook-secrets.ts';
import { SecretReader } from '../../../lambda/shared/secrets.client.ts';
import { mockClient } from '../../fakes/mock-client.ts';

const A = 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=';
const B = 'whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=';
const ROTATED = new Date('2026-11-24T05:00:00Z');
const client = mockClient(SecretsManagerClient);
const reader = new SecretReader(new SecretsManagerClient({ region: 'us-east-1' }));
const hoursLater = (hours: number) => () => new Date(ROTATED.getTime() + hours * 3_600_000);

function hold(versions: Readonly<Record<string, string>>) {
  for (const [VersionStage, SecretString] of Object.entries(versions)) {
    client.on(GetSecretValueCommand, { SecretId: 's', VersionStage }).resolves({ SecretString, CreatedDate: ROTATED });
  }
}

beforeEach(() => {
  client.reset();
  client.on(GetSecretValueCommand).rejects(new ResourceNotFoundException({ message: 'no such stage', $metadata: {} }));
});

it('takes the current, the pending and the previous signing secret, the previous one for 25 h', async () => {
  hold({ AWSCURRENT: `${A}\n`, AWSPENDING: B, AWSPREVIOUS: B });

  expect(await loadSigningSecrets(reader, 's', hoursLater(25))()).toHaveLength(3);
  expect(await loadSigningSecrets(reader, 's', hoursLater(25.1))()).toHaveLength(2);
});

it('takes no pending secret that is older than the current one: somebody has put another by hand since', async () => {
  hold({ AWSCURRENT: A });
  client
    .on(GetSecretValueCommand, { SecretId: 's', VersionStage: 'AWSPENDING' })
    .resolves({ SecretString: B, CreatedDate: new Date(ROTATED.getTime() - 1) });

  expect(await loadSigningSecrets(reader, 's', hoursLater(0))()).toHaveLength(1);
});

it('takes the current and the previous token, the previous one for 96 h', async () => {
  hold({ AWSCURRENT: 'b'.repeat(43) + 'c'.repeat(43), AWSPREVIOUS: 'a'.repeat(43) + 'b'.repeat(43) });

  // Of each value the token for URLs and the one after it.
  expect(await loadDynamicTokens(reader, 's', hoursLater(96))()).toHaveLength(4);
  expect(await loadDynamicTokens(reader, 's', hoursLater(96.1))()).toHaveLength(2);
});

it('takes the current and the previous secret of what stands before the API, the previous one for 24 h', async () => {
  hold({ AWSCURRENT: 'a'.repeat(24), AWSPREVIOUS: 'b'.repeat(24) });

  expect(await loadOriginSecrets(reader, 's', hoursLater(24))()).toHaveLength(2);
  expect(await loadOriginSecrets(reader, 's', hoursLater(24.1))()).toHaveLength(1);
});

it('takes no secret of what stands before the API that could be guessed', async () => {
  hold({ AWSCURRENT: 'a'.repeat(23) });

  await expect(loadOriginSecrets(reader, 's', hoursLater(1))()).rejects.toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE' });
});

describe('after a revocation', () => {
  const VersionStages = ['AWSCURRENT', 'REVOKES-PREVIOUS'];

  it('takes nothing of before, and what Gemini signs with from the next rotation on', async () => {
    hold({ AWSCURRENT: A, AWSPENDING: B, AWSPREVIOUS: B });
    client
      .on(GetSecretValueCommand, { SecretId: 's', VersionStage: 'AWSCURRENT' })
      .resolves({ SecretString: A, CreatedDate: ROTATED, VersionStages });

    expect(await loadSigningSecrets(reader, 's', hoursLater(0))()).toHaveLength(2);
    expect(await loadDynamicTokens(reader, 's', hoursLater(0))()).toHaveLength(0);
  });

  it('has nothing that verifies while there is no new value, and says so as an answer', async () => {
    hold({ AWSPREVIOUS: B });
    client
      .on(GetSecretValueCommand, { SecretId: 's', VersionStage: 'AWSCURRENT' })
      .resolves({ SecretString: 'revoked', CreatedDate: ROTATED, VersionStages });

    expect(await loadSigningSecrets(reader, 's', hoursLater(0))()).toEqual([]);
  });
});

it.each([
  ['is missing', {}],
  ['is empty', { AWSCURRENT: ' ' }],
  ['is of another form', { AWSCURRENT: 'hunter2', AWSPREVIOUS: A }],
])('has nothing to verify with when the current secret %s, and does not show its value', async (_name, versions) => {
  hold(versions);

  const loading = loadSigningSecrets(reader, 's', hoursLater(1))();

  await expect(loading).rejects.toMatchObject({
    code: 'ERR_KEYS_UNAVAILABLE',
    message: expect.not.stringContaining('hunter2'),
  });
});

it('fails when Secrets Manager is away, rather than going on with half of the secrets', async () => {
  hold({ AWSCURRENT: A });
  client.on(GetSecretValueCommand, { SecretId: 's', VersionStage: 'AWSPREVIOUS' }).rejects(new Error('away'));

  await expect(loadSigningSecrets(reader, 's', hoursLater(1))()).rejects.toMatchObject({
    code: 'ERR_KEYS_UNAVAILABLE',
  });
});
