import { createPrivateKey, sign } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { WebhookHeaders } from '../../../lambda/standard-webhooks/headers.ts';
import {
  findV1aKey,
  importEd25519Keys,
  parseSigningSecret,
  verifyV1,
} from '../../../lambda/standard-webhooks/signature.ts';

const SECRET = 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=';
const OTHER_SECRET = 'whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=';
const BODY = Buffer.from('{"type":"batch.succeeded","data":{"id":"batches/abc"}}');

function headers(signature: string, overrides: Partial<WebhookHeaders> = {}): WebhookHeaders {
  const signatures = signature.split(' ').map((entry) => {
    const [identifier = '', value = ''] = entry.split(',');
    return { identifier, value };
  });
  return { id: 'msg_1', timestamp: '1780000000', timestampSeconds: 1_780_000_000, signatures, ...overrides };
}

function secrets(...values: string[]) {
  return values.flatMap((value) => parseSigningSecret(value) ?? []);
}

describe('v1, signed by the standardwebhooks package', () => {
  const signature = new Webhook(SECRET).sign('msg_1', new Date(1_780_000_000_000), BODY.toString());
  const foreign = new Webhook(OTHER_SECRET).sign('msg_1', new Date(1_780_000_000_000), BODY.toString());

  it('holds with the secret, alone, as the second secret and as the second signature', () => {
    expect(verifyV1(headers(signature), BODY, secrets(SECRET))).toBe(true);
    expect(verifyV1(headers(signature), BODY, secrets(OTHER_SECRET, SECRET))).toBe(true);
    expect(verifyV1(headers(`${foreign} ${signature}`), BODY, secrets(SECRET))).toBe(true);
  });

  it('holds with the secret without its prefix', () => {
    expect(verifyV1(headers(signature), BODY, secrets(SECRET.replace('whsec_', '')))).toBe(true);
  });

  it.each([
    ['another secret', headers(signature), BODY, OTHER_SECRET],
    ['another id', headers(signature, { id: 'msg_2' }), BODY, SECRET],
    ['another timestamp', headers(signature, { timestamp: '1780000001' }), BODY, SECRET],
    ['one more byte', headers(signature), Buffer.concat([BODY, Buffer.from(' ')]), SECRET],
    ['another identifier', headers(signature.replace('v1,', 'v1a,')), BODY, SECRET],
    ['no padding', headers(signature.replace('=', '')), BODY, SECRET],
    ['an empty signature', headers('v1,'), BODY, SECRET],
  ])('is refused with %s', (_name, given, body, secret) => {
    expect(verifyV1(given, body, secrets(secret))).toBe(false);
  });

  it('is refused without secrets', () => {
    expect(verifyV1(headers(signature), BODY, [])).toBe(false);
  });
});

it.each([
  '',
  'whsec_',
  'whsec_c2hvcnQ=',
  'whsec_not base64 at all, but long enough to be one',
  // 23 and 65 bytes.
  `whsec_${'A'.repeat(31)}=`,
  `whsec_${'A'.repeat(87)}=`,
])('refuses %j as a signing secret', (secret) => {
  expect(parseSigningSecret(secret)).toBeUndefined();
});

it.each([`whsec_${'A'.repeat(32)}`, `whsec_${'A'.repeat(86)}==`])('takes %j, of 24 or 64 bytes', (secret) => {
  expect(parseSigningSecret(secret)).toBeDefined();
});

describe('v1a, signed by node:crypto with the key of RFC 8032 §7.1 test 1', () => {
  const d = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A';
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
  const jwk = { kty: 'OKP', crv: 'Ed25519', x };
  const privateKey = createPrivateKey({ key: { ...jwk, d }, format: 'jwk' });
  const signature = sign(null, Buffer.concat([Buffer.from('msg_1.1780000000.'), BODY]), privateKey).toString('base64');
  // RFC 8032 §7.1 test 2.
  const other = { kty: 'OKP', crv: 'Ed25519', x: 'PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw' };

  it('finds the key among several, though the delivery names none', () => {
    const keys = importEd25519Keys([other, jwk]);

    expect(findV1aKey(headers(`v1a,${signature}`), BODY, keys)).toBe(keys[1]);
  });

  it('finds the key of one signature among several', () => {
    const keys = importEd25519Keys([jwk]);
    const foreign = Buffer.alloc(64, 1).toString('base64');

    expect(findV1aKey(headers(`v1a,${foreign} v1a,${signature} v1a,AAAA`), BODY, keys)).toBe(keys[0]);
    expect(findV1aKey(headers(`v1a,${foreign} v1a,AAAA`), BODY, keys)).toBeUndefined();
  });

  it('finds none for a v1 identifier, another body, a loose encoding or another key', () => {
    const keys = importEd25519Keys([jwk]);

    expect(findV1aKey(headers(`v1,${signature}`), BODY, keys)).toBeUndefined();
    expect(findV1aKey(headers(`v1a,${signature}`), Buffer.from('{}'), keys)).toBeUndefined();
    expect(findV1aKey(headers(`v1a,${signature.replace(/=+$/, '')}`), BODY, keys)).toBeUndefined();
    expect(findV1aKey(headers(`v1a,${signature}`), BODY, importEd25519Keys([other]))).toBeUndefined();
  });

  it.each([
    ['RSA', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    ['for encryption', { ...jwk, use: 'enc' }],
    ['for another algorithm', { ...jwk, alg: 'ES256' }],
    ['not meant to verify', { ...jwk, key_ops: ['sign'] }],
    ['published with its private part', { ...jwk, d }],
    ['padded', { ...jwk, x: `${x}=` }],
    ['without a type', { crv: 'Ed25519', x }],
    ['nothing', null],
    ['a point of order 1', { ...jwk, x: 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['a point of order 4', { ...jwk, x: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['too short', { ...jwk, x: 'AQ' }],
    ['not an object', 'key'],
  ])('leaves out a key that is %s', (_name, entry) => {
    expect(importEd25519Keys([entry])).toEqual([]);
    expect(importEd25519Keys([entry, jwk, entry])).toHaveLength(1);
  });

  it('imports a key with all that may describe it', () => {
    const described = { ...jwk, use: 'sig', alg: 'Ed25519', key_ops: ['verify'], kid: 7, x5c: [null] };

    expect(findV1aKey(headers(`v1a,${signature}`), BODY, importEd25519Keys([described]))).toBeDefined();
  });

  it('imports a hundred keys and no more: each is tried for a bad signature', () => {
    expect(
      findV1aKey(headers(`v1a,${signature}`), BODY, importEd25519Keys([...Array(99).fill(other), jwk])),
    ).toBeDefined();
    expect(importEd25519Keys(Array(101).fill(jwk))).toHaveLength(100);
  });
});
