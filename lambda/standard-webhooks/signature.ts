/**
 * The two signature schemes of Standard Webhooks: `v1` (HMAC-SHA256) and `v1a` (Ed25519), both over
 * `id.timestamp.body` with the body's raw bytes.
 */
import { createHmac, createPublicKey, createSecretKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import * as z from 'zod/mini';
import type { WebhookHeaders } from './headers.ts';
import { decodeBase64url, importKeys, VERIFYING } from './jwk.ts';

/** A secret that signs `v1`. */
export interface SigningSecret {
  readonly key: KeyObject;
}

/** A public key that verifies `v1a`. */
export interface Ed25519Key {
  readonly key: KeyObject;
}

/** Standard Webhooks, "Signing secrets": 24 to 64 bytes. */
const SECRET_BYTES = { min: 24, max: 64 };

/** Undefined for anything that is not `whsec_` + base64 of 24 to 64 bytes; the prefix may be missing, as in the reference libraries. */
export function parseSigningSecret(secret: string): SigningSecret | undefined {
  const encoded = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length < SECRET_BYTES.min || bytes.length > SECRET_BYTES.max) return undefined;
  return { key: createSecretKey(bytes) };
}

/** Whether one of the `v1` entries was made with one of the secrets. */
export function verifyV1(headers: WebhookHeaders, body: Buffer, secrets: readonly SigningSecret[]): boolean {
  const prefix = `${headers.id}.${headers.timestamp}.`;
  for (const { key } of secrets) {
    // As a text, which costs less than a buffer of its own.
    const expected = createHmac('sha256', key).update(prefix).update(body).digest('base64');
    for (const { identifier, value } of headers.signatures) {
      if (identifier === 'v1' && isSame(value, expected)) return true;
    }
  }
  return false;
}

/** The encoded forms are compared, so that a base64 with stray bits or padding is another signature. */
function isSame(given: string, expected: string): boolean {
  const bytes = Buffer.from(given);
  return bytes.length === expected.length && timingSafeEqual(bytes, Buffer.from(expected));
}

/** The key that made one of the `v1a` entries; the entry names none, so that each key is tried, in the order given. */
export function findV1aKey(headers: WebhookHeaders, body: Buffer, keys: readonly Ed25519Key[]): Ed25519Key | undefined {
  const given = headers.signatures
    .filter(({ identifier, value }) => identifier === 'v1a' && isCanonicalBase64(value))
    .map(({ value }) => Buffer.from(value, 'base64'));
  const content = Buffer.concat([Buffer.from(`${headers.id}.${headers.timestamp}.`), body]);
  return keys.find(({ key }) => given.some((signature) => verify(null, content, key, signature)));
}

function isCanonicalBase64(value: string): boolean {
  return Buffer.from(value, 'base64').toString('base64') === value;
}

const Jwk = z.looseObject({
  ...VERIFYING,
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  alg: z.optional(z.enum(['EdDSA', 'Ed25519'])),
});

/** The Ed25519 keys among a JWKS document's entries; what is not one, or is weak, is left out. */
export function importEd25519Keys(entries: readonly unknown[]): readonly Ed25519Key[] {
  return importKeys(entries, (entry) => {
    const jwk = Jwk.safeParse(entry);
    if (!jwk.success) return undefined;
    const { kty, crv, x } = jwk.data;
    const bytes = decodeBase64url(x);
    if (bytes?.length !== 32 || hasSmallOrder(bytes)) return undefined;
    return { key: createPublicKey({ key: { kty, crv, x }, format: 'jwk' }) };
  });
}

/**
 * Points of order 1, 2, 4 and 8 as y coordinates, little endian, sign bit off; with one of these as the key anybody can
 * sign anything (RFC 8032 §5.1.7 does not exclude them, OpenSSL does not either). The last two are non-canonical forms.
 */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

function hasSmallOrder(point: Buffer): boolean {
  const y = Buffer.from(point);
  y.writeUInt8(y.readUInt8(31) & 0x7f, 31);
  return SMALL_ORDER_Y.has(y.toString('hex'));
}
