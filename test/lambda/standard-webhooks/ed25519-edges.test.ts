/** Where Ed25519 implementations differ (Chalkias et al., "Taming the many EdDSAs"): the strict side is taken. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseWebhookHeaders } from '../../../lambda/standard-webhooks/headers.ts';
import { findV1aKey, importEd25519Keys } from '../../../lambda/standard-webhooks/signature.ts';

/** The order of the group, RFC 8032 §5.1. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const BODY = Buffer.from('{}');
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signature = sign(null, Buffer.concat([Buffer.from('msg_1.1780000000.'), BODY]), privateKey);

function holds(bytes: Buffer, jwk: object = publicKey.export({ format: 'jwk' })): boolean {
  const headers = parseWebhookHeaders({
    'webhook-id': 'msg_1',
    'webhook-timestamp': '1780000000',
    'webhook-signature': `v1a,${bytes.toString('base64')}`,
  });
  return findV1aKey(headers, BODY, importEd25519Keys([jwk])) !== undefined;
}

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

it('takes the signature as it was made, and not with S + L, which is the same number in the group', () => {
  const s = littleEndian(signature.subarray(32)) + L;
  const bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();

  expect(holds(signature)).toBe(true);
  expect(holds(Buffer.concat([signature.subarray(0, 32), bytes]))).toBe(false);
});

it.each([
  ['the neutral point', '0100000000000000000000000000000000000000000000000000000000000000'],
  ['the same with the sign bit', '0100000000000000000000000000000000000000000000000000000000000080'],
  ['order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
  ['order 4, the other one', '0000000000000000000000000000000000000000000000000000000000000080'],
  ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['order 8, another one', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ['y = p, which is 0', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['y = p + 1, which is 1', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
])('takes no key of small order, for which anybody can sign: %s', (_what, hex) => {
  const x = Buffer.from(hex, 'hex').toString('base64url');
  const neutral = Buffer.concat([Buffer.from('01', 'hex'), Buffer.alloc(63)]);

  expect(importEd25519Keys([{ kty: 'OKP', crv: 'Ed25519', x }])).toEqual([]);
  expect(holds(neutral, { kty: 'OKP', crv: 'Ed25519', x })).toBe(false);
});
