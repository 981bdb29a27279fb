import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { beforeEach, expect, it } from 'vitest';
import { SecretStore } from '../../../lambda/registration/secret-store.client.ts';
import { mockClient } from '../../fakes/mock-client.ts';

const client = mockClient(SecretsManagerClient);
const store = new SecretStore(new SecretsManagerClient({ region: 'us-east-1' }));
const rotated = store.rotated('s');

beforeEach(() => {
  client.reset();
});
const inputs = () => client.calls().map(({ args: [command] }) => command.input);

it('makes what it stores the current value, and leaves no rotation under way', async () => {
  client.on(PutSecretValueCommand).resolves({});

  await store.put('s', 'whsec_value');

  expect(inputs()).toEqual([
    { SecretId: 's', SecretString: 'whsec_value', VersionStages: ['AWSCURRENT', 'AWSPENDING'] },
  ]);
});

it('makes the value current and revokes what was before in one call, a rotation under way as well', async () => {
  client.on(PutSecretValueCommand).resolves({});

  await store.revoke('s', 'whsec_value');

  const VersionStages = ['AWSCURRENT', 'AWSPENDING', 'REVOKES-PREVIOUS'];
  expect(inputs()).toEqual([{ SecretId: 's', SecretString: 'whsec_value', VersionStages }]);
});

it('knows when a secret was rotated, or else made', async () => {
  const made = new Date('2026-11-01T00:00:00Z');
  const last = new Date('2026-11-24T00:00:00Z');
  client.on(DescribeSecretCommand, { SecretId: 's' }).resolves({ CreatedDate: made, LastRotatedDate: last });
  client.on(DescribeSecretCommand, { SecretId: 'new' }).resolves({ CreatedDate: made });

  expect(await store.rotatedAt('s')).toEqual(last);
  expect(await store.rotatedAt('new')).toEqual(made);
});

it('moves a version through the stages of a rotation', async () => {
  client.on(PutSecretValueCommand).resolves({});
  client.on(UpdateSecretVersionStageCommand).resolves({});

  await rotated.putPending('new', 'whsec_value');
  await rotated.makeCurrent('new', 'old');
  await rotated.makeCurrent('first', undefined);

  expect(inputs()).toEqual([
    { SecretId: 's', ClientRequestToken: 'new', SecretString: 'whsec_value', VersionStages: ['AWSPENDING'] },
    { SecretId: 's', VersionStage: 'AWSCURRENT', MoveToVersionId: 'new', RemoveFromVersionId: 'old' },
    { SecretId: 's', VersionStage: 'AWSCURRENT', MoveToVersionId: 'first' },
  ]);
});

it('gives a version up by taking AWSPENDING from it, and giving it to none', async () => {
  client.on(UpdateSecretVersionStageCommand).resolves({});

  await rotated.abandon('new');

  expect(inputs()).toEqual([{ SecretId: 's', VersionStage: 'AWSPENDING', RemoveFromVersionId: 'new' }]);
});

it('reads the labels, and of a version without a value nothing', async () => {
  client
    .on(DescribeSecretCommand, { SecretId: 's' })
    .resolves({ VersionIdsToStages: { old: ['AWSCURRENT'], new: ['AWSPENDING'] } });
  client.on(GetSecretValueCommand, { VersionId: 'old' }).resolves({ SecretString: 'whsec_value' });
  client
    .on(GetSecretValueCommand, { VersionId: 'new' })
    .rejects(new ResourceNotFoundException({ message: 'no value', $metadata: {} }));

  expect(await rotated.stages()).toEqual({ old: ['AWSCURRENT'], new: ['AWSPENDING'] });
  expect(await rotated.read('old')).toBe('whsec_value');
  expect(await rotated.read('new')).toBeUndefined();
});

it.each([
  ['put', () => store.put('s', 'whsec_value')],
  ['revoke', () => store.revoke('s', 'whsec_value')],
  ['rotatedAt', () => store.rotatedAt('s')],
  ['stages', () => rotated.stages()],
  ['read', () => rotated.read('new')],
  ['putPending', () => rotated.putPending('new', 'whsec_value')],
  ['abandon', () => rotated.abandon('new')],
  ['makeCurrent', () => rotated.makeCurrent('new', 'old')],
])('says what to do about %s when Secrets Manager fails, and quotes neither value nor answer', async (_name, call) => {
  const cause = new Error('The request holds whsec_value');
  client.onAnyCommand().rejects(cause);

  await expect(call()).rejects.toMatchObject({
    code: 'ERR_SECRET_NOT_STORED',
    message: "Secrets Manager did not serve the secret s. Look for the reason in the function's log, and try again.",
    cause,
  });
});
