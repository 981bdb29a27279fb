/** Ways to tamper with a delivery. Which of them leave it genuine is not decided here. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import * as fc from 'fast-check';
import type { Delivery } from './harness.ts';
import { rsa, TOKEN } from './harness.ts';

export interface Mutation {
  readonly name: string;
  readonly apply: (delivery: Delivery) => Delivery;
}

const stranger = generateKeyPairSync('ed25519');
const SIGNATURE = 'webhook-signature';

function withHeader(delivery: Delivery, name: string, change: (value: string) => string | undefined): Delivery {
  const headers = delivery.headers.flatMap(([key, value]) => {
    if (key.toLowerCase() !== name) return [[key, value] as const];
    const changed = change(value);
    return changed === undefined ? [] : [[key, changed] as const];
  });
  return { ...delivery, headers };
}

const flip = (text: string, at: number, bit: number) => {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length === 0) return text;
  const index = at % bytes.length;
  bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
  return bytes.toString('latin1');
};
const header = fc.constantFrom('webhook-id', 'webhook-timestamp', SIGNATURE);
const at = fc.nat(10_000);
const bit = fc.integer({ min: 0, max: 7 });

const flipHeader = fc.record({ header, at, bit }).map(({ header: name, at: index, bit: which }) => ({
  name: `one bit of ${name}`,
  apply: (delivery: Delivery) => withHeader(delivery, name, (value) => flip(value, index, which)),
}));
const flipBody = fc.record({ at, bit }).map(({ at: index, bit: which }) => ({
  name: 'one bit of the body',
  apply: (delivery: Delivery) => ({
    ...delivery,
    body: Buffer.from(flip(delivery.body.toString('latin1'), index, which), 'latin1'),
  }),
}));
const replaceHeader = fc
  .record({ header, value: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('')) })
  .map(({ header: name, value }) => ({
    name: `another ${name}`,
    apply: (delivery: Delivery) => withHeader(delivery, name, () => value),
  }));
const dropHeader = header.map((name) => ({
  name: `no ${name}`,
  apply: (delivery: Delivery) => withHeader(delivery, name, () => undefined),
}));
const doubleHeader = fc.record({ header, value: fc.string() }).map(({ header: name, value }) => ({
  name: `${name} twice`,
  apply: (delivery: Delivery) => ({ ...delivery, headers: [...delivery.headers, [name, value] as const] }),
}));
const spellHeader = header.map((name) => ({
  name: 'a header in capitals',
  apply: (delivery: Delivery) => ({
    ...delivery,
    headers: delivery.headers.map(([key, value]) => [key === name ? key.toUpperCase() : key, value] as const),
  }),
}));
const body = fc.uint8Array({ maxLength: 64 }).map((bytes) => ({
  name: 'another body',
  apply: (delivery: Delivery) => ({ ...delivery, body: Buffer.from(bytes) }),
}));
const truncate = at.map((length) => ({
  name: 'half a body',
  apply: (delivery: Delivery) => ({
    ...delivery,
    body: delivery.body.subarray(0, length % Math.max(1, delivery.body.length)),
  }),
}));
const append = fc.constantFrom(' ', '\n', '\0', '{}', '\ufeff').map((tail) => ({
  name: 'a longer body',
  apply: (delivery: Delivery) => ({ ...delivery, body: Buffer.concat([delivery.body, Buffer.from(tail)]) }),
}));
const age = fc.integer({ min: -10_000_000, max: 10_000_000 }).map((seconds) => ({
  name: 'another time, with its signature',
  apply: (delivery: Delivery) => withHeader(delivery, 'webhook-timestamp', (value) => String(Number(value) + seconds)),
}));
/** Moves a part over a border of what is signed: `id.timestamp.body`. */
const shift = fc.nat(3).map((digits) => ({
  name: 'a border moved',
  apply: (delivery: Delivery) => {
    const moved = withHeader(delivery, 'webhook-id', (value) => `${value}.${'1'.repeat(digits)}`);
    return { ...moved, body: Buffer.concat([Buffer.from('x'.repeat(digits)), delivery.body]) };
  },
}));
const scheme = fc.constantFrom('v1', 'v1a', 'v2', 'V1', 'none', '').map((identifier) => ({
  name: 'another scheme',
  apply: (delivery: Delivery) => withHeader(delivery, SIGNATURE, (value) => value.replace(/^[^,]*/, identifier)),
}));
const route = fc.constantFrom('static', 'dynamic').map((kind) => ({
  name: 'another route',
  apply: (delivery: Delivery) => ({ ...delivery, route: kind as Delivery['route'] }),
}));
const token = fc
  .oneof(fc.string(), fc.constant(''), fc.constant(TOKEN.slice(1)), fc.constant(`${TOKEN} `))
  .map((value) => ({
    name: 'another token',
    apply: (delivery: Delivery) => ({ ...delivery, token: value }),
  }));
const base64 = fc.constantFrom('=', '==', ' ', '%3D', '\n', 'A').map((tail) => ({
  name: 'stray characters after the signature',
  apply: (delivery: Delivery) => withHeader(delivery, SIGNATURE, (value) => value + tail),
}));
const list = fc
  .array(fc.constantFrom('v1,AAAA', 'v1a,AAAA', ',', 'v1', ' ', 'v1,'), { minLength: 1, maxLength: 8 })
  .map((entries) => ({
    name: 'more signatures beside a spoilt one',
    apply: (delivery: Delivery) =>
      withHeader(delivery, SIGNATURE, (value) => [...entries, value.slice(0, -5), ...entries].join(' ')),
  }));
const strange = fc.constant({
  name: 'signed by a key of nobody',
  apply: (delivery: Delivery) => {
    const value = (name: string) => delivery.headers.find(([key]) => key === name)?.[1] ?? '';
    const content = Buffer.concat([
      Buffer.from(`${value('webhook-id')}.${value('webhook-timestamp')}.`),
      delivery.body,
    ]);
    return withHeader(delivery, SIGNATURE, () => `v1a,${sign(null, content, stranger.privateKey).toString('base64')}`);
  },
});
const b64 = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const jose = fc
  .constantFrom('none', 'None', 'HS256', 'RS256', 'PS256', 'ES256')
  .chain((alg) =>
    fc.record({ alg: fc.constant(alg), kid: fc.constantFrom('rsa-1', 'other', '../x'), crit: fc.boolean() }),
  )
  .map(({ alg, kid, crit }) => ({
    name: `a JWT with alg ${alg}, made from the public key`,
    apply: (delivery: Delivery) => {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        type: 'batch.succeeded',
        iss: 'https://generativelanguage.googleapis.com',
        aud: 'https://hooks.example.com',
        iat: now,
        exp: now + 60,
      };
      const head = b64({ alg, kid, ...(crit && { crit: ['exp'] }) });
      const input = `${head}.${b64(claims)}`;
      const secret = rsa.publicKey.export({ format: 'pem', type: 'spki' });
      const mac = alg === 'HS256' ? createHmac('sha256', secret).update(input).digest('base64url') : b64('signature');
      return withHeader(delivery, SIGNATURE, () => `${input}.${alg.toLowerCase() === 'none' ? '' : mac}`);
    },
  }));

/** One to three at a time. */
export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.oneof(
    ...[flipHeader, flipBody, replaceHeader, dropHeader, doubleHeader, spellHeader, body, truncate, append, age, shift],
    ...[scheme, route, token, base64, list, strange, jose],
  ),
  { minLength: 1, maxLength: 3 },
);
