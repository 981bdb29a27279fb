/** Bad signatures must not become load on what the verifier asks for its keys. */
import { generateKeyPairSync } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import * as fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { createAuthenticate } from '../../lambda/receive/authenticate.ts';
import { createAuthenticatePorts } from '../../lambda/receive/keys.ts';
import { PipelineError } from '../../lambda/shared/errors.ts';
import { SecretReader } from '../../lambda/shared/secrets.client.ts';
import type { RawDelivery } from '../../lambda/standard-webhooks/delivery.ts';

const START = Date.parse('2026-11-24T05:00:00Z');
const TOKEN = 'dynamic-token-that-nobody-can-guess-0123456';
/** As the secret holds them: the token of now, and the one after the next rotation. */
const TOKENS = `${TOKEN}next-token-that-nobody-can-guess-0123456789`;
const SECRET = `whsec_${Buffer.from('k'.repeat(32)).toString('base64')}`;

function setUp(document: unknown) {
  let now = START;
  const secretsManager = mockClient(SecretsManagerClient);
  secretsManager.on(GetSecretValueCommand).callsFake(({ SecretId, VersionStage }) => {
    if (VersionStage !== 'AWSCURRENT') return {};
    return { SecretString: SecretId === 'token' ? TOKENS : SECRET, CreatedDate: new Date(START) };
  });
  const fetchKeys = vi.fn(async () => new Response(JSON.stringify(document)));
  const authenticate = createAuthenticate(
    createAuthenticatePorts({
      projects: { default: { signingSecretId: 'secret', dynamicTokenSecretId: 'token' } },
      ...{ jwksUrl: 'https://keys', jwtAudiences: [] },
      secrets: new SecretReader(new SecretsManagerClient({ region: 'us-east-1' })),
      fetch: fetchKeys as unknown as typeof fetch,
      clock: () => new Date(now),
      metrics: { count: () => {}, seconds: () => {} },
    }),
  );
  const attempt = async (route: RawDelivery['route'], signature: string) => {
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(now / 1000)),
      'webhook-signature': signature,
    };
    return await authenticate({ route, headers, body: Buffer.from('{}') }, new Date(now)).then(
      () => 'accepted',
      (error: unknown) => (error instanceof PipelineError ? error.code : 'ERR_INTERNAL'),
    );
  };
  return { attempt, fetchKeys, secretsManager, pass: (seconds: number) => (now += seconds * 1000) };
}

const keys = { keys: [generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })] };
const BAD_V1 = `v1,${'A'.repeat(43)}=`;
const BAD_V1A = `v1a,${'A'.repeat(86)}==`;

it('asks Secrets Manager and the key set a handful of times in a minute of 30,000 bad signatures', async () => {
  const { attempt, fetchKeys, secretsManager, pass } = setUp(keys);
  const answers = new Set<string>();
  // 500 a second, on all the ways in: no token, the right token, the static route.
  for (let second = 0; second < 60; second += 1) {
    for (let index = 0; index < 166; index += 1) {
      answers.add(await attempt({ kind: 'static', project: 'default' }, BAD_V1));
      answers.add(await attempt({ kind: 'dynamic', project: 'default', token: 'guess' }, BAD_V1A));
      answers.add(await attempt({ kind: 'dynamic', project: 'default', token: TOKEN }, BAD_V1A));
    }
    pass(1);
  }

  expect(answers).toEqual(new Set(['ERR_SIGNATURE_MISMATCH', 'ERR_TOKEN_MISMATCH']));
  // Loaded at 0 s, refreshed at 30 s: a load of the secret reads three stages, one of the token two.
  expect(fetchKeys).toHaveBeenCalledTimes(2);
  expect(secretsManager.commandCalls(GetSecretValueCommand)).toHaveLength(2 * 3 + 2 * 2);
});

const point = fc.constantFrom(
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  '7P________________________________________8',
  'JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU',
);
const jwk = fc.oneof(
  fc.jsonValue(),
  fc.record({
    kty: fc.constant('OKP'),
    crv: fc.constant('Ed25519'),
    x: fc.oneof(point, fc.string(), fc.base64String()),
  }),
  fc.record({ kty: fc.constantFrom('OKP', 'oct', 'RSA'), crv: fc.string(), x: fc.jsonValue(), k: fc.string() }),
);
const documents = fc.oneof(
  fc.jsonValue(),
  fc.record({ keys: fc.array(jwk, { maxLength: 40 }) }),
  fc.record({ keys: fc.jsonValue() }),
);
// R is the neutral point and S is zero: holds for any message where the key is a point of small order.
const UNIVERSAL = `v1a,${Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString('base64')}`;

it('accepts nothing, and never fails otherwise, whatever the key set says', async () => {
  await fc.assert(
    fc.asyncProperty(documents, fc.constantFrom(BAD_V1A, UNIVERSAL), async (document, signature) => {
      const { attempt } = setUp(document);
      const answer = await attempt({ kind: 'dynamic', project: 'default', token: TOKEN }, signature);
      return ['ERR_SIGNATURE_MISMATCH', 'ERR_KEYS_UNAVAILABLE'].includes(answer);
    }),
    { numRuns: 2000 },
  );
});
