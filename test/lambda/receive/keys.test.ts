/** How long what is known of keys and secrets serves, with the adapters as they are deployed. */
import { generateKeyPairSync } from 'node:crypto';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAuthenticate } from '../../../lambda/receive/authenticate.ts';
import { createAuthenticatePorts } from '../../../lambda/receive/keys.ts';
import { SecretStore } from '../../../lambda/registration/secret-store.client.ts';
import { PipelineError } from '../../../lambda/shared/errors.ts';
import { SecretReader } from '../../../lambda/shared/secrets.client.ts';
import { signedHeaders } from '../../fakes/signed.ts';

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
      const body = '{}';
      const headers = signedHeaders(`whsec_${key.toString('base64')}`, 'msg_1', body, now / 1000);
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

describe('keys that Google publishes', () => {
  // RFC 8032 §7.1 test 1, and an RSA key of 2048 bits.
  const ED25519 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });

  function portsOf(document: () => object, changes: Partial<Parameters<typeof createAuthenticatePorts>[0]> = {}) {
    const count = vi.fn();
    let now = START;
    const secrets = new SecretReader(new SecretsManagerClient({ region: 'us-east-1' }));
    const ports = createAuthenticatePorts({
      ...{ secrets, projects: {}, jwksUrl: 'https://keys.example/jwks.json', jwtAudiences: [] },
      fetch: async () => Response.json(document()),
      clock: () => new Date(now),
      metrics: { count, seconds: () => {} },
      ...changes,
    });
    const pass = (seconds: number) => {
      now += seconds * 1000;
    };
    return { ports, count, pass };
  }

  it('verify v1a, and a JWT where an audience is configured', async () => {
    const { ports } = portsOf(() => ({ keys: [ED25519, RSA] }));
    const withJwt = portsOf(() => ({ keys: [ED25519, RSA] }), { jwtAudiences: ['https://hooks.example.com'] });

    expect(await ports.ed25519Keys.current()).toHaveLength(1);
    expect(ports.jwt).toBeUndefined();
    // Signed by nobody that is published.
    await expect(withJwt.ports.jwt?.verify('e30.e30.e30', new Date(START))).rejects.toMatchObject({
      code: 'ERR_SIGNATURE_MISMATCH',
    });
  });

  it('cannot decide anything while none of them is of use', async () => {
    const { ports } = portsOf(() => ({ keys: [RSA] }));
    const withJwt = portsOf(() => ({ keys: [ED25519] }), { jwtAudiences: ['https://hooks.example.com'] });

    await expect(ports.ed25519Keys.current()).rejects.toMatchObject({
      code: 'ERR_KEYS_UNAVAILABLE',
      cause: { code: 'ERR_KEYS_UNAVAILABLE', message: 'The key set holds no usable key' },
    });
    await expect(withJwt.ports.jwt?.verify('e30.e30.e30', new Date(START))).rejects.toMatchObject({
      code: 'ERR_KEYS_UNAVAILABLE',
    });
  });

  it('serve on, and are counted, when a document without any takes their place', async () => {
    let keys: object[] = [ED25519];
    const { ports, count, pass } = portsOf(() => ({ keys }));
    const good = await ports.ed25519Keys.current();
    keys = [];

    pass(601);

    expect(await ports.ed25519Keys.current()).toBe(good);
    expect(count.mock.calls).toEqual([['StaleKeysServed']]);
  });

  it('reads what the proxy before the API sends along from its secret', async () => {
    const client = mockClient(SecretsManagerClient);
    client
      .on(GetSecretValueCommand, { SecretId: 'origin' })
      .resolves({ SecretString: 'origin-secret-0123456789', CreatedDate: new Date(START) });

    const { ports } = portsOf(() => ({ keys: [] }), { origin: { header: 'x-origin-verify', secretId: 'origin' } });

    expect(ports.origin?.header).toBe('x-origin-verify');
    // One for AWSCURRENT and one for AWSPREVIOUS.
    expect(await ports.origin?.secrets.current()).toHaveLength(2);
    expect(portsOf(() => ({ keys: [] })).ports.origin).toBeUndefined();
  });
});
