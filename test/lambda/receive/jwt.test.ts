import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { importRsaKeys, JoseJwtVerifier } from '../../../lambda/receive/jwt.ts';

const NOW = new Date(1_780_000_000_000);
const AUDIENCE = 'https://hooks.example.com';
const ISSUER = 'https://generativelanguage.googleapis.com';
const keyPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EVENT = {
  type: 'batch.succeeded',
  data: { id: 'batches/abc' },
  jti: 'jwt-1',
  iat: 1_780_000_000,
  exp: 1_780_000_600,
  aud: AUDIENCE,
  iss: ISSUER,
};

let jwks: readonly JWK[];

beforeAll(async () => {
  const noise = generateKeyPairSync('rsa', { modulusLength: 2048 });
  jwks = await Promise.all(
    [noise.publicKey, keyPair.publicKey].map(async (key) => ({ ...(await exportJWK(key)), alg: 'RS256' })),
  );
});

function verify(token: string) {
  const keys = { current: async () => jwks, refreshed: async () => undefined };
  return new JoseJwtVerifier(keys, [AUDIENCE]).verify(token, NOW);
}

function signed(claims: Record<string, unknown>, header: Record<string, unknown> = {}, key = keyPair.privateKey) {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header }).sign(key);
}

/** `printf jwt-1 | sha256sum` */
const SHA256_OF_JWT_1 = 'ba2f0df40c45906bfcab77e08cd6bbbdce529633a0b3ad72655f39fa27294ffe';

it('takes the event from the claims and the id from the jti, though no kid names the key', async () => {
  expect(await verify(await signed(EVENT))).toMatchObject({
    scheme: 'jwt',
    webhookId: SHA256_OF_JWT_1,
    payload: { type: 'batch.succeeded', data: { id: 'batches/abc' } },
  });
});

it('distinguishes two jti that differ at their ends alone', async () => {
  const ids = await Promise.all(
    ['a', 'b'].map(async (end) => (await verify(await signed({ ...EVENT, jti: 'x'.repeat(300) + end }))).webhookId),
  );

  expect(ids[0]).not.toBe(ids[1]);
});

it('takes the SHA-256 of the token as the id when there is no jti', async () => {
  const { jti: _jti, ...claims } = EVENT;

  const { webhookId, bodySha256 } = await verify(await signed(claims));

  expect(webhookId).toMatch(/^[0-9a-f]{64}$/);
  expect(webhookId).toBe(bodySha256);
});

it.each(['', 7])('takes no jti of %j for an id, which would be that of every such token', async (jti) => {
  const { webhookId, bodySha256 } = await verify(await signed({ ...EVENT, jti }));

  expect(webhookId).toBe(bodySha256);
});

describe('newer keys', () => {
  function verifierOf(current: readonly JWK[], newer?: readonly JWK[]) {
    const refreshed = vi.fn(async () => newer);
    return { refreshed, verifier: new JoseJwtVerifier({ current: async () => current, refreshed }, [AUDIENCE]) };
  }

  it.each([{}, { kid: 'new' }])(
    'are asked for once when none verifies, and take what they verify: %j',
    async (header) => {
      const { refreshed, verifier } = verifierOf([...jwks.slice(0, 1)], [{ ...jwks[1], kty: 'RSA', ...header }]);

      expect(await verifier.verify(await signed(EVENT, header), NOW)).toMatchObject({ webhookId: SHA256_OF_JWT_1 });
      expect(refreshed.mock.calls).toEqual([[[...jwks.slice(0, 1)]]]);
    },
  );

  it('are asked for when none of several verifies', async () => {
    const { refreshed, verifier } = verifierOf(jwks);

    await expect(verifier.verify(await signed(EVENT, {}, foreign.privateKey), NOW)).rejects.toMatchObject({
      code: 'ERR_SIGNATURE_MISMATCH',
    });
    expect(refreshed).toHaveBeenCalledOnce();
  });

  it('are not asked for when the key was right and the claims are not', async () => {
    const { refreshed, verifier } = verifierOf(jwks.slice(1));

    await expect(verifier.verify(await signed({ ...EVENT, aud: 'x' }), NOW)).rejects.toMatchObject({
      code: 'ERR_SIGNATURE_MISMATCH',
    });
    expect(refreshed).not.toHaveBeenCalled();
  });
});

it.each<[string, () => Promise<string> | string]>([
  ['alg none', () => new UnsecuredJWT(EVENT).encode()],
  [
    'HS256 with a public key as the secret',
    () =>
      new SignJWT(EVENT)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(keyPair.publicKey.export({ type: 'spki', format: 'der' })),
  ],
  ["somebody else's key", () => signed(EVENT, {}, foreign.privateKey)],
  ['an unknown kid', () => signed(EVENT, { kid: 'nobody' })],
  ['another issuer', () => signed({ ...EVENT, iss: 'https://attacker.example' })],
  ['another audience', () => signed({ ...EVENT, aud: 'https://other.example' })],
  ['no audience', () => signed({ ...EVENT, aud: undefined })],
  ['no expiry', () => signed({ ...EVENT, exp: undefined })],
  ['an expiry past the tolerance', () => signed({ ...EVENT, iat: 1_779_990_000, exp: 1_779_999_699 })],
  ['an issue time in the future', () => signed({ ...EVENT, iat: 1_780_000_301, exp: 1_780_001_000 })],
  ['more than 25 h of age', () => signed({ ...EVENT, iat: 1_779_909_000, exp: 1_790_000_000 })],
  ['a critical header that nobody knows', () => forge({ alg: 'RS256', crit: ['x'], x: 1 })],
])('refuses a token with %s', async (_name, make) => {
  await expect(verify(await make())).rejects.toMatchObject({ code: 'ERR_SIGNATURE_MISMATCH' });
});

it('takes of a key set what describes an RSA key, and leaves out what nests deeper than a structured clone goes', async () => {
  let nested: unknown = 1;
  for (let depth = 0; depth < 20_000; depth += 1) nested = [nested];
  const [noise, key] = jwks;
  const entries = [{ ...noise, nested }, { ...key, nested }, { kty: 'RSA', n: 7 }, { kty: 'EC' }, null];
  const keys = importRsaKeys(entries);

  const verifier = new JoseJwtVerifier({ current: async () => keys, refreshed: async () => undefined }, [AUDIENCE]);

  expect(keys).toEqual(jwks);
  expect(await verifier.verify(await signed(EVENT), NOW)).toMatchObject({ webhookId: SHA256_OF_JWT_1 });
});

describe('of a key set', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });

  it.each([
    ['with an exponent of 1, for which anybody can sign', { e: 'AQ' }],
    ['with an exponent of 3', { e: 'Aw' }],
    ['with an even exponent', { e: 'AQAC' }],
    // 2^256 + 1
    ['with an exponent of 257 bits', { e: `AQ${'A'.repeat(41)}B` }],
    ['with an exponent that is empty', { e: '' }],
    ['with an exponent that is padded', { e: 'AQAB==' }],
    ['of 1024 bits', { n: small.n }],
    ['of 8200 bits', { n: Buffer.alloc(1025, 0xff).toString('base64url') }],
    [
      'with an even modulus',
      { n: Buffer.concat([Buffer.alloc(255, 0xff), Buffer.from([0xfe])]).toString('base64url') },
    ],
    ['for encryption', { use: 'enc' }],
    ['for another algorithm', { alg: 'PS256' }],
    ['not meant to verify', { key_ops: ['encrypt'] }],
    ['published with its private part', { d: 'AQAB' }],
    ['whose name is no text', { kid: 7 }],
  ])('leaves out an RSA key %s', (_what, change) => {
    const [, key] = jwks;

    expect(importRsaKeys([{ ...key, ...change }])).toEqual([]);
    expect(importRsaKeys([null, { ...key, ...change }, { ...key, use: 'sig', key_ops: ['verify'] }])).toEqual([key]);
  });
});

/** A genuine signature's payload under a header that was not signed. */
async function forge(header: object): Promise<string> {
  const [, payload, signature] = (await signed(EVENT)).split('.');
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), payload, signature].join('.');
}
