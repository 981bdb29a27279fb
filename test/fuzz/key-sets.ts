/** Key sets whose entries are anything: the good one among them is found, and none of the others lets anybody in. */
import { generateKeyPairSync, sign } from 'node:crypto';
import * as fc from 'fast-check';
import { exportJWK } from 'jose';
import { importRsaKeys } from '../../lambda/receive/jwt.ts';
import { loadJwks } from '../../lambda/receive/remote-jwks.ts';
import { parseWebhookHeaders } from '../../lambda/standard-webhooks/headers.ts';
import { findV1aKey, importEd25519Keys } from '../../lambda/standard-webhooks/signature.ts';

const ed25519 = generateKeyPairSync('ed25519');
const good = { ...ed25519.publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'good' };
const goodRsa = { ...(await exportJWK(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)), alg: 'RS256' };
const BODY = Buffer.from('{}');
const content = Buffer.concat([Buffer.from('msg_1.1780000000.'), BODY]);
const headersOf = (signature: Buffer) =>
  parseWebhookHeaders({
    'webhook-id': 'msg_1',
    'webhook-timestamp': '1780000000',
    'webhook-signature': `v1a,${signature.toString('base64')}`,
  });
const genuine = headersOf(sign(null, content, ed25519.privateKey));
// R is the neutral point and S is zero: holds for any message where the key is a point of small order.
const universal = headersOf(Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]));

const members = (key: object) =>
  fc
    .record(
      {
        kty: fc.constantFrom('OKP', 'RSA', 'EC', 'oct', null),
        crv: fc.constantFrom('Ed25519', 'X25519', 'P-256', 7),
        x: fc.oneof(fc.constant('AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'), fc.string(), fc.jsonValue()),
        n: fc.oneof(fc.string(), fc.base64String()),
        e: fc.constantFrom('AQ', 'AQAB', '', null),
        use: fc.constantFrom('enc', 'sig', 1),
        key_ops: fc.oneof(fc.constant(['sign']), fc.jsonValue()),
        d: fc.string(),
      },
      { requiredKeys: [] },
    )
    .map((changes) => ({ ...key, ...changes }));
/** Those that are spoilt in at least one member. */
const spoilt = fc
  .oneof(members(good), members(goodRsa), members({}))
  .filter((entry) => importEd25519Keys([entry]).length === 0 && importRsaKeys([entry]).length === 0);
const junk = fc.oneof(fc.jsonValue(), spoilt);
const sets = fc.record({
  before: fc.array(junk, { maxLength: 40 }),
  after: fc.array(junk, { maxLength: 10 }),
  mark: fc.constantFrom('', '\ufeff'),
});

/** @throws with the smallest example when something is wrong */
export async function fuzzKeySets(numRuns: number, seed: number): Promise<void> {
  const property = fc.asyncProperty(sets, async ({ before, after, mark }) => {
    const read = (keys: readonly unknown[]) =>
      loadJwks('https://keys', async () => new Response(mark + JSON.stringify({ keys })))();
    const found = await read([...before, good, goodRsa, ...after]);
    const keys = importEd25519Keys(found);
    if (findV1aKey(genuine, BODY, keys) === undefined) throw new Error('The good key was not found among the others');
    if (!importRsaKeys(found).some(({ n }) => n === goodRsa.n)) throw new Error('The good RSA key was not found');
    if (findV1aKey(universal, BODY, keys) !== undefined) throw new Error('A signature that nobody made was accepted');
    const others = importEd25519Keys(await read([...before, ...after]));
    if (findV1aKey(genuine, BODY, others) !== undefined) throw new Error('A key that was spoilt is used');
  });
  await fc.assert(property, { numRuns, seed });
}
