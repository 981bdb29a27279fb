/** How long what is known of keys and secrets serves, with the adapters as they are deployed. */
import { createHmac } from 'node:crypto';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it, onTestFinished } from 'vitest';
import { createAuthenticate } from '../../../lambda/receive/authenticate.ts';
import { createAuthenticatePorts } from '../../../lambda/receive/keys.ts';
import { SecretStore } from '../../../lambda/registration/secret-store.client.ts';
import { PipelineError } from '../../../lambda/shared/errors.ts';
import { SecretReader } from '../../../lambda/shared/secrets.client.ts';

const START = Date.parse('2026-11-24T05:00:00Z');
const A = Buffer.from('01234567890123456789012345678901');
const B = Buffer.from('abcdefghijklmnopqrstuvwxyz123456');
const written = (key: Buffer) => `whsec_${key.toString('base64')}`;

/** One secret as Secrets Manager keeps it, and a verifier that is warm. */
function setUp() {
  let now = START;
  let isAway = false;
  const versions = [{ value: written(A), stages: ['AWSCURRENT'] }];
  const client = mockClient(SecretsManagerClient);
  onTestFinished(() => client.restore());
  client.on(GetSecretValueCommand).callsFake(async ({ VersionStage }) => {
    if (isAway) throw new Error('away');
    const found = versions.findLast(({ stages }) => stages.includes(VersionStage));
    return { SecretString: found?.value, CreatedDate: new Date(START), VersionStages: found?.stages };
  });
  client.on(PutSecretValueCommand).callsFake(async ({ SecretString, VersionStages = ['AWSCURRENT'] }) => {
    for (const version of versions) {
      const wasCurrent = version.stages.includes('AWSCURRENT');
      version.stages = version.stages.filter((stage) => !VersionStages.includes(stage) && stage !== 'AWSPREVIOUS');
      if (wasCurrent) version.stages.push('AWSPREVIOUS');
    }
    versions.push({ value: SecretString, stages: VersionStages });
    return {};
  });
  const secretsManager = new SecretsManagerClient({ region: 'us-east-1' });
  const authenticate = createAuthenticate(
    createAuthenticatePorts({
      projects: { default: { signingSecretId: 'secret', dynamicTokenSecretId: 'token' } },
      ...{ jwksUrl: 'https://keys', jwtAudiences: [], fetch, clock: () => new Date(now) },
      secrets: new SecretReader(secretsManager),
      metrics: { count: () => {}, seconds: () => {} },
    }),
  );
  return {
    store: new SecretStore(secretsManager),
    goAway: () => {
      isAway = true;
    },
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    async deliver(key: Buffer): Promise<string> {
      const [id, timestamp, body] = ['msg_1', String(now / 1000), '{}'];
      const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
      const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
      return await authenticate(
        { route: { kind: 'static', project: 'default' }, headers, body: Buffer.from(body) },
        new Date(now),
      ).then(
        () => 'accepted',
        (error: unknown) => (error instanceof PipelineError ? error.code : 'ERR_INTERNAL'),
      );
    },
  };
}

it('refuses a secret 30 s after it was revoked, and takes the new one', async () => {
  const { store, pass, deliver } = setUp();
  expect(await deliver(A)).toBe('accepted');

  await store.revoke('secret', 'revoked');
  await store.revoke('secret', written(B));
  pass(30);

  expect(await deliver(A)).toBe('ERR_SIGNATURE_MISMATCH');
  expect(await deliver(B)).toBe('accepted');
});

it('refuses everything 30 s after a revocation that came to no new secret', async () => {
  const { store, pass, deliver } = setUp();
  expect(await deliver(A)).toBe('accepted');

  await store.revoke('secret', 'revoked');
  pass(30);

  expect(await deliver(A)).toBe('ERR_SIGNATURE_MISMATCH');
  expect(await deliver(B)).toBe('ERR_SIGNATURE_MISMATCH');
});

it('goes on accepting the secret before an ordinary rotation', async () => {
  const { store, pass, deliver } = setUp();
  expect(await deliver(A)).toBe('accepted');

  await store.put('secret', written(B));
  pass(30);

  expect(await deliver(A)).toBe('accepted');
  expect(await deliver(B)).toBe('accepted');
});

it('serves what it knows for five minutes while Secrets Manager is away, and no longer', async () => {
  const { goAway, pass, deliver } = setUp();
  expect(await deliver(A)).toBe('accepted');
  goAway();

  pass(299);
  expect(await deliver(A)).toBe('accepted');
  pass(1);
  expect(await deliver(A)).toBe('ERR_KEYS_UNAVAILABLE');
});
