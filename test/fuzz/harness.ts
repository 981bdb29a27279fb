/** The whole verifier, from the HTTP API's event to its answer, over a bus that only counts; and genuine deliveries for it. */
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, sign, verify } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createLocalJWKSet, exportJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import { Webhook } from 'standardwebhooks';
import { pathsOf } from '../../lambda/contract.ts';
import { toErrorResponse, toRawDelivery, toResponse } from '../../lambda/receive/api-gateway.ts';
import { createAuthenticate } from '../../lambda/receive/authenticate.ts';
import { JoseJwtVerifier } from '../../lambda/receive/jwt.ts';
import { receiveWebhook } from '../../lambda/receive/receive.ts';
import type { KeySource } from '../../lambda/shared/ports.ts';
import { importEd25519Keys, parseSigningSecret } from '../../lambda/standard-webhooks/signature.ts';
import { digestTokens } from '../../lambda/standard-webhooks/token.ts';

/** A delivery on its way, in parts that can be tampered with. */
export interface Delivery {
  readonly kind: 'v1' | 'v1a' | 'jwt';
  readonly route: 'static' | 'dynamic';
  readonly token: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

const SECRETS = ['a', 'b'].map((letter) => `whsec_${Buffer.from(letter.repeat(32)).toString('base64')}`);
export const TOKEN = 'dynamic-token-that-nobody-can-guess-0123456';
/** As the secret holds them: the token of now, and the one after the next rotation. */
const TOKENS = `${TOKEN}next-token-that-nobody-can-guess-0123456789`;
const AUDIENCE = 'https://hooks.example.com';
const ISSUER = 'https://generativelanguage.googleapis.com';
/** Stands in every body and every claim, and must stand in no log. */
const BODY_MARK = 'customer-words';

const edKeys = [1, 2, 3].map(() => generateKeyPairSync('ed25519'));
const edJwks = edKeys.map(({ publicKey }) => publicKey.export({ format: 'jwk' }));
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaJwk: JWK = { ...(await exportJWK(rsa.publicKey)), alg: 'RS256', kid: 'rsa-1' };

const fixed = <Key>(keys: readonly Key[]): KeySource<Key> => ({
  current: async () => keys,
  refreshed: async () => undefined,
});
const authenticate = createAuthenticate({
  projects: new Map([
    [
      'default',
      {
        signingSecrets: fixed(SECRETS.flatMap((secret) => parseSigningSecret(secret) ?? [])),
        dynamicTokens: fixed(digestTokens(TOKENS)),
      },
    ],
  ]),
  ed25519Keys: fixed(importEd25519Keys(edJwks)),
  jwt: new JoseJwtVerifier(fixed([rsaJwk]), [AUDIENCE]),
});

let deliveries = 0;

export async function genuine(kind: Delivery['kind']): Promise<Delivery> {
  const id = `msg_${++deliveries}`;
  const timestamp = Math.floor(Date.now() / 1000);
  const event = { type: 'batch.succeeded', data: { id: 'batches/abc', text: `${BODY_MARK} ${deliveries}` } };
  const body = Buffer.from(JSON.stringify(event));
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return {
    kind,
    route: kind === 'v1' ? 'static' : 'dynamic',
    token: kind === 'v1' ? '' : TOKEN,
    headers: [
      ['content-type', 'application/json'],
      ['webhook-id', id],
      ['webhook-timestamp', String(timestamp)],
      ['webhook-signature', await signatureOf(kind, content, { ...event, jti: id }, timestamp)],
    ],
    body,
  };
}

async function signatureOf(kind: Delivery['kind'], content: Buffer, claims: object, iat: number): Promise<string> {
  if (kind === 'v1') {
    const key = Buffer.from(SECRETS[deliveries % 2]?.slice(6) ?? '', 'base64');
    return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  }
  const edKey = edKeys[deliveries % 3];
  if (kind === 'v1a' && edKey) return `v1a,${sign(null, content, edKey.privateKey).toString('base64')}`;
  return await new SignJWT({ ...claims, iss: ISSUER, aud: AUDIENCE, iat, exp: iat + 600 })
    .setProtectedHeader({ alg: 'RS256', kid: 'rsa-1' })
    .sign(rsa.privateKey);
}

export interface Answer {
  readonly status: number;
  readonly published: number;
  readonly logged: string;
}

export async function deliver(delivery: Delivery): Promise<Answer> {
  return await handle(eventOf(delivery));
}

/** What the deployed handler does with an event of the HTTP API. */
export async function handle(event: APIGatewayProxyEventV2): Promise<Answer> {
  const lines: string[] = [];
  let published = 0;
  const log = (message: string, fields: object) => void lines.push(JSON.stringify([message, fields]));
  const ports = {
    authenticate,
    store: {
      claim: async () => ({ outcome: 'claimed', attempts: 1 }) as const,
      complete: async () => true,
      release: async () => {},
    },
    publisher: {
      publish: async () => {
        published += 1;
      },
    },
    findJob: async () => undefined,
    createOwner: () => 'owner',
    clock: () => new Date(),
    log: { info: log, warn: log, error: log },
    metrics: {
      count: (...call: unknown[]) => log('metric', call),
      seconds: (...call: unknown[]) => log('metric', call),
    },
  };
  try {
    const { statusCode } = toResponse(await receiveWebhook(ports, toRawDelivery(event, ['default'])));
    return { status: statusCode ?? 0, published, logged: lines.join('\n') };
  } catch (error) {
    return { status: toErrorResponse(error)?.statusCode ?? 500, published, logged: lines.join('\n') };
  }
}

function eventOf(delivery: Delivery): APIGatewayProxyEventV2 {
  const { route, token, body } = delivery;
  return {
    routeKey: `POST ${pathsOf('default')[route]}`,
    headers: headersOf(delivery),
    ...(route === 'dynamic' && { pathParameters: { token } }),
    body: body.toString('base64'),
    isBase64Encoded: true,
  } as unknown as APIGatewayProxyEventV2;
}

/** As API Gateway hands them over: in lower case, and joined where they come twice. */
function headersOf({ headers }: Delivery): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [key, value] of headers) {
    const name = key.toLowerCase();
    joined[name] = joined[name] === undefined ? value : `${joined[name]},${value}`;
  }
  return joined;
}

/** Whether others than we would accept it: the reference library, node:crypto, jose. */
export async function isGenuine(delivery: Delivery): Promise<boolean> {
  const headers = headersOf(delivery);
  if (delivery.route === 'static')
    return SECRETS.some((secret) => holds(() => new Webhook(secret).verify(delivery.body, headers)));
  if (delivery.token !== TOKEN) return false;
  const signature = headers['webhook-signature'] ?? '';
  const options = { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'] };
  const isToken = await jwtVerify(signature, createLocalJWKSet({ keys: [rsaJwk] }), options).then(
    () => true,
    () => false,
  );
  return isToken || holdsV1a(headers, signature, delivery.body);
}

function holdsV1a(headers: Record<string, string>, signatures: string, body: Buffer): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers;
  if (Math.abs(Number(timestamp) - Date.now() / 1000) > 300) return false;
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return signatures.split(' ').some((entry) => {
    const [scheme, value = ''] = entry.split(',', 2);
    if (scheme !== 'v1a') return false;
    const bytes = Buffer.from(value, 'base64');
    return edJwks.some((key) =>
      verify(null, content, createPublicKey({ key: key as JsonWebKey, format: 'jwk' }), bytes),
    );
  });
}

function holds(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

/** What of this delivery must be in no log line. */
export function secretsOf(delivery: Delivery): readonly string[] {
  const signature = delivery.headers.find(([name]) => name.toLowerCase() === 'webhook-signature')?.[1] ?? '';
  const values = [signature, ...signature.split(/[ ,.]/), delivery.token].filter((text) => text.length >= 8);
  return [...values, TOKEN, ...SECRETS, ...SECRETS.map((secret) => secret.slice(6)), BODY_MARK];
}
