import { createPrivateKey, sign } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, vi } from 'vitest';
import { createAuthenticate, createTokenCheck } from '../../../lambda/receive/authenticate.ts';
import type { KeySource } from '../../../lambda/shared/ports.ts';
import type { RawDelivery } from '../../../lambda/standard-webhooks/delivery.ts';
import { importEd25519Keys, parseSigningSecret } from '../../../lambda/standard-webhooks/signature.ts';
import { digestToken, digestTokens } from '../../../lambda/standard-webhooks/token.ts';

const NOW = new Date(1_780_000_000_000);
const BODY = Buffer.from('{"type":"batch.succeeded"}');
const SECRET = 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=';
const OTHER_SECRET = 'whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=';
const TOKEN = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const NEXT_TOKEN = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg';
// RFC 8032 §7.1 test 1.
const JWK = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const PRIVATE_KEY = createPrivateKey({
  key: { ...JWK, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' },
  format: 'jwk',
});
const V1 = new Webhook(SECRET).sign('msg_1', NOW, BODY.toString());
const V1A = `v1a,${sign(null, Buffer.concat([Buffer.from('msg_1.1780000000.'), BODY]), PRIVATE_KEY).toString('base64')}`;

function project<Key>(
  keys: readonly Key[],
  newer?: readonly Key[],
): KeySource<Key> & { refreshed: ReturnType<typeof vi.fn> } {
  return { current: async () => keys, refreshed: vi.fn(async () => newer) };
}

function setUp() {
  const keys = { signingSecrets: project(parseAll(SECRET)), dynamicTokens: project(digestTokens(TOKEN + NEXT_TOKEN)) };
  const other = { signingSecrets: project(parseAll(OTHER_SECRET)), dynamicTokens: project([]) };
  const ports = {
    projects: new Map([
      ['default', keys],
      ['acme', other],
    ]),
    ed25519Keys: project(importEd25519Keys([JWK])),
    jwt: undefined,
  };
  return { ports, keys, authenticate: createAuthenticate(ports) };
}

function delivery(route: RawDelivery['route'], signature: string, headers: Record<string, string> = {}): RawDelivery {
  return {
    route,
    headers: { 'webhook-id': 'msg_1', 'webhook-timestamp': '1780000000', 'webhook-signature': signature, ...headers },
    body: BODY,
  };
}
const STATIC = { kind: 'static', project: 'default' } as const;
const DYNAMIC = { kind: 'dynamic', project: 'default', token: TOKEN } as const;

it('takes v1 at the static route and v1a with the token at the dynamic one', async () => {
  const { authenticate } = setUp();

  expect(await authenticate(delivery(STATIC, V1), NOW)).toMatchObject({
    project: 'default',
    scheme: 'v1',
    webhookId: 'msg_1',
    attemptedAt: NOW,
    payload: BODY,
    // `printf '{"type":"batch.succeeded"}' | sha256sum`
    bodySha256: 'e125bbeda37c3d55617e6a0ff24fca348703c40da5a0a8234656e1b3a80e0220',
  });
  expect(await authenticate(delivery(DYNAMIC, V1A), NOW)).toMatchObject({ scheme: 'v1a', webhookId: 'msg_1' });
});

describe('what stands before the API', () => {
  const [CURRENT, BEFORE] = ['origin-secret-of-now-0123456789', 'origin-secret-of-before-0123456'];

  function behind(newer?: readonly Buffer[]) {
    const { ports } = setUp();
    const secrets = project([CURRENT, BEFORE].map(digestToken), newer);
    return { secrets, authenticate: createAuthenticate({ ...ports, origin: { header: 'x-origin-verify', secrets } }) };
  }

  it.each([CURRENT, BEFORE])('is known by its header, and by the one before an exchange', async (value) => {
    const { authenticate } = behind();

    expect(await authenticate(delivery(STATIC, V1, { 'x-origin-verify': value }), NOW)).toMatchObject({ scheme: 'v1' });
    expect(await authenticate(delivery(DYNAMIC, V1A, { 'x-origin-verify': value }), NOW)).toMatchObject({
      scheme: 'v1a',
    });
  });

  it.each([
    ['without the header', {}],
    ['with an empty one', { 'x-origin-verify': '' }],
    ['with another value', { 'x-origin-verify': `${CURRENT}x` }],
    ['with the value twice, as API Gateway joins it', { 'x-origin-verify': `${CURRENT},${CURRENT}` }],
  ])('lets nothing pass %s, though it is signed', async (_how, headers) => {
    const { authenticate } = behind();

    await expect(authenticate(delivery(STATIC, V1, headers), NOW)).rejects.toMatchObject({
      code: 'ERR_ORIGIN_MISMATCH',
    });
    await expect(authenticate(delivery(DYNAMIC, V1A, headers), NOW)).rejects.toMatchObject({
      code: 'ERR_ORIGIN_MISMATCH',
    });
  });

  it('may send a newer secret than the one at hand, and who sends none has none asked for', async () => {
    const { authenticate, secrets } = behind([digestToken('origin-secret-of-tomorrow-012345')]);

    await expect(authenticate(delivery(STATIC, V1), NOW)).rejects.toMatchObject({ code: 'ERR_ORIGIN_MISMATCH' });
    expect(secrets.refreshed).not.toHaveBeenCalled();
    const newer = { 'x-origin-verify': 'origin-secret-of-tomorrow-012345' };
    expect(await authenticate(delivery(STATIC, V1, newer), NOW)).toMatchObject({ scheme: 'v1' });
  });
});

it.each([
  ['v1a at the static route', delivery(STATIC, V1A)],
  ['v1 at the dynamic route', delivery(DYNAMIC, V1)],
  ['a JWT while none is configured', delivery(DYNAMIC, 'aaa.bbb.ccc')],
])('refuses %s', async (_name, given) => {
  const { authenticate } = setUp();

  await expect(authenticate(given, NOW)).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_(SIGNATURE_MISMATCH|HEADER_INVALID)$/),
  });
});

it("refuses what Google signed for somebody else's endpoint before any key is asked for", async () => {
  const { ports, authenticate } = setUp();
  const current = vi.spyOn(ports.ed25519Keys, 'current');

  await expect(
    authenticate(delivery({ kind: 'dynamic', project: 'default', token: `${TOKEN}x` }, V1A), NOW),
  ).rejects.toMatchObject({
    code: 'ERR_TOKEN_MISMATCH',
  });
  await expect(
    authenticate(delivery({ kind: 'dynamic', project: 'default', token: '' }, V1A), NOW),
  ).rejects.toMatchObject({
    code: 'ERR_TOKEN_MISMATCH',
  });
  expect(current).not.toHaveBeenCalled();
});

it('takes the token that the next rotation makes current, so that no verifier has to learn of it', async () => {
  const { authenticate } = setUp();

  const verified = await authenticate(delivery({ ...DYNAMIC, token: NEXT_TOKEN }, V1A), NOW);

  expect(verified).toMatchObject({ project: 'default', scheme: 'v1a' });
});

it('verifies with the keys of the route and of no other project', async () => {
  const { authenticate } = setUp();
  const others = new Webhook(OTHER_SECRET).sign('msg_1', NOW, BODY.toString());
  const ACME = { kind: 'static', project: 'acme' } as const;

  expect(await authenticate(delivery(ACME, others), NOW)).toMatchObject({ project: 'acme', scheme: 'v1' });
  await expect(authenticate(delivery(ACME, V1), NOW)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_MISMATCH' });
  await expect(authenticate(delivery(STATIC, others), NOW)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_MISMATCH' });
  await expect(authenticate(delivery({ ...DYNAMIC, project: 'acme' }, V1A), NOW)).rejects.toMatchObject({
    code: 'ERR_TOKEN_MISMATCH',
  });
});

it('refuses a stale delivery before any secret is asked for', async () => {
  const { keys, authenticate } = setUp();
  const current = vi.spyOn(keys.signingSecrets, 'current');

  await expect(authenticate(delivery(STATIC, V1), new Date(1_780_000_301_000))).rejects.toMatchObject({
    code: 'ERR_TIMESTAMP_OUT_OF_TOLERANCE',
  });
  expect(current).not.toHaveBeenCalled();
});

it('asks once for newer secrets on a mismatch, and takes what they verify', async () => {
  const { ports, keys } = setUp();
  const signingSecrets = project(parseAll(OTHER_SECRET), parseAll(SECRET));
  const rotated = { ...ports, projects: new Map([['default', { ...keys, signingSecrets }]]) };

  expect(await createAuthenticate(rotated)(delivery(STATIC, V1), NOW)).toMatchObject({ scheme: 'v1' });
  expect(signingSecrets.refreshed).toHaveBeenCalledTimes(1);
});

it('does not ask for newer secrets when the delivery has no entry of the scheme', async () => {
  const { keys, authenticate } = setUp();

  await expect(authenticate(delivery(STATIC, V1A), NOW)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_MISMATCH' });
  expect(keys.signingSecrets.refreshed).not.toHaveBeenCalled();
});

function parseAll(secret: string) {
  return [secret].flatMap((value) => parseSigningSecret(value) ?? []);
}

it('takes a static delivery that is signed in another scheme as well', async () => {
  const { authenticate } = setUp();

  expect(await authenticate(delivery(STATIC, `${V1A} ${V1}`), NOW)).toMatchObject({ scheme: 'v1' });
});

it('does not call a delivery false for whose project it has no keys', async () => {
  const { authenticate } = setUp();

  await expect(authenticate(delivery({ ...STATIC, project: 'nobody' }, V1), NOW)).rejects.toThrow(
    'There is a route for the project nobody, but nothing to verify with',
  );
});

describe('the key that matched last', () => {
  /** `name` is noted whenever the key is tried. */
  function watched(tried: string[], name: string, x: string) {
    const [{ key } = {}] = importEd25519Keys([{ ...JWK, x }]);
    if (key === undefined) throw new Error('no key');
    return {
      get key() {
        tried.push(name);
        return key;
      },
    };
  }
  // RFC 8032 §7.1 test 2.
  const OTHER_X = 'PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw';
  const FORGED = `v1a,${Buffer.alloc(64, 1).toString('base64')}`;

  it('is tried first, and every key once', async () => {
    const { ports } = setUp();
    const tried: string[] = [];
    const keys = [watched(tried, 'other', OTHER_X), watched(tried, 'ours', JWK.x)];
    const authenticate = createAuthenticate({ ...ports, ed25519Keys: project(keys) });
    const triedFor = async (signature: string) => {
      tried.length = 0;
      await authenticate(delivery(DYNAMIC, signature), NOW).catch(() => {});
      return [...tried];
    };

    expect(await triedFor(V1A)).toEqual(['other', 'ours']);
    expect(await triedFor(V1A)).toEqual(['ours']);
    expect(await triedFor(FORGED)).toEqual(['ours', 'other']);
    expect(await triedFor(V1A)).toEqual(['ours']);
  });

  it('verifies nothing once it is withdrawn', async () => {
    const { ports } = setUp();
    let keys = importEd25519Keys([JWK]);
    const ed25519Keys = { current: async () => keys, refreshed: async () => undefined };
    const authenticate = createAuthenticate({ ...ports, ed25519Keys });

    expect(await authenticate(delivery(DYNAMIC, V1A), NOW)).toMatchObject({ scheme: 'v1a' });
    keys = importEd25519Keys([{ ...JWK, x: OTHER_X }]);
    await expect(authenticate(delivery(DYNAMIC, V1A), NOW)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_MISMATCH' });
  });
});

describe('where a JWT is configured', () => {
  const CLAIMS = { scheme: 'jwt', webhookId: 'id', attemptedAt: NOW, payload: {}, bodySha256: 'sha' } as const;

  function withJwt() {
    const { ports } = setUp();
    const verify = vi.fn(async () => CLAIMS);
    return { verify, authenticate: createAuthenticate({ ...ports, jwt: { verify } }) };
  }

  it('is taken at the dynamic route, with the token', async () => {
    const { verify, authenticate } = withJwt();

    expect(await authenticate(delivery(DYNAMIC, 'aaa.bbb.ccc'), NOW)).toEqual({ ...CLAIMS, project: 'default' });
    expect(verify.mock.calls).toEqual([['aaa.bbb.ccc', NOW]]);
  });

  it.each([
    ['without the token', delivery({ ...DYNAMIC, token: 'x' }, 'aaa.bbb.ccc'), 'ERR_TOKEN_MISMATCH'],
    ['at the static route', delivery(STATIC, 'aaa.bbb.ccc'), 'ERR_HEADER_INVALID'],
    ['of more than 4096 characters', delivery(DYNAMIC, `a.b.${'c'.repeat(4093)}`), 'ERR_HEADER_INVALID'],
    ['after a scheme', delivery(DYNAMIC, 'Bearer aaa.bbb.ccc'), 'ERR_HEADER_INVALID'],
    ['before another', delivery(DYNAMIC, 'aaa.bbb.ccc.ddd'), 'ERR_HEADER_INVALID'],
    ['that is missing', delivery(DYNAMIC, ''), 'ERR_HEADER_MISSING'],
  ])('is not even verified %s', async (_how, given, code) => {
    const { verify, authenticate } = withJwt();

    await expect(authenticate(given, NOW)).rejects.toMatchObject({ code });
    expect(verify).not.toHaveBeenCalled();
  });

  it('leaves the other schemes as they are', async () => {
    const { authenticate } = withJwt();

    expect(await authenticate(delivery(DYNAMIC, V1A), NOW)).toMatchObject({ scheme: 'v1a' });
    expect(await authenticate(delivery(STATIC, V1), NOW)).toMatchObject({ scheme: 'v1' });
  });
});

it.each([
  [STATIC, true],
  [DYNAMIC, true],
  [{ ...DYNAMIC, token: NEXT_TOKEN }, true],
  [{ ...DYNAMIC, token: 'x' }, false],
  [{ ...DYNAMIC, project: 'acme' }, false],
  [{ ...DYNAMIC, project: 'nobody' }, false],
])('knows whether the token of %j is ours: %s', async (route, isOurs) => {
  const { ports } = setUp();

  expect(await createTokenCheck(ports.projects)(delivery(route, V1A))).toBe(isOurs);
});
