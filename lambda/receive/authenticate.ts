/** Decides whether a delivery is genuine. The route names the schemes; the sender never chooses. */
import { createHash } from 'node:crypto';
import { RequestError } from '../shared/errors.ts';
import type { KeySource } from '../shared/ports.ts';
import type { RawDelivery, VerifiedDelivery } from '../standard-webhooks/delivery.ts';
import { checkTolerance, parseWebhookHeaders, type WebhookHeaders } from '../standard-webhooks/headers.ts';
import { type Ed25519Key, findV1aKey, type SigningSecret, verifyV1 } from '../standard-webhooks/signature.ts';
import { matchesToken, type TokenDigest } from '../standard-webhooks/token.ts';
import type { JwtVerifier } from './ports.ts';

/** What only one Gemini project's deliveries verify with. */
export interface ProjectKeys {
  readonly signingSecrets: KeySource<SigningSecret>;
  readonly dynamicTokens: KeySource<TokenDigest>;
}

/** What only the proxy before the API knows, and sends along. */
interface Origin {
  /** Lower case. */
  readonly header: string;
  readonly secrets: KeySource<TokenDigest>;
}

export interface AuthenticatePorts {
  /** Undefined where Gemini posts to the API itself. */
  readonly origin?: Origin | undefined;
  /** By name. */
  readonly projects: ReadonlyMap<string, ProjectKeys>;
  /** Google's, which sign for every project. */
  readonly ed25519Keys: KeySource<Ed25519Key>;
  /** Undefined while no audience is configured: a JWT is then like any other bad signature. */
  readonly jwt: JwtVerifier | undefined;
}

export type Authenticate = (delivery: RawDelivery, now: Date) => Promise<VerifiedDelivery>;

/** The result throws `RequestError` for what is not genuine and `TransientError` when that cannot be decided now. */
export function createAuthenticate(ports: AuthenticatePorts): Authenticate {
  /** The key that matched last is the likeliest to match next. */
  let lastMatched: Ed25519Key | undefined;

  async function holdsV1a(headers: WebhookHeaders, body: Buffer): Promise<boolean> {
    const matched = await tryKeys(ports.ed25519Keys, (keys) => {
      const last = keys.find((key) => key === lastMatched);
      const ordered = last === undefined ? keys : [last, ...keys.filter((key) => key !== last)];
      return findV1aKey(headers, body, ordered);
    });
    if (matched !== undefined) lastMatched = matched;
    return matched !== undefined;
  }

  async function holds(delivery: RawDelivery, headers: WebhookHeaders, keys: ProjectKeys): Promise<boolean> {
    if (delivery.route.kind === 'dynamic') return holdsV1a(headers, delivery.body);
    // Without an entry of the route's scheme there is nothing that newer secrets could change.
    if (!headers.signatures.some(({ identifier }) => identifier === 'v1')) return false;
    return (
      (await tryKeys(keys.signingSecrets, (secrets) => verifyV1(headers, delivery.body, secrets) || undefined)) === true
    );
  }

  return async (delivery, now) => {
    const { route, body } = delivery;
    if (ports.origin !== undefined) await checkOrigin(ports.origin, delivery);
    const keys = ports.projects.get(route.project);
    if (keys === undefined)
      throw new Error(`There is a route for the project ${route.project}, but nothing to verify with`);
    const signature = delivery.headers['webhook-signature'] ?? '';
    if (route.kind === 'dynamic' && ports.jwt !== undefined && JWS.test(signature)) {
      await checkToken(keys.dynamicTokens, route.token);
      return { ...(await ports.jwt.verify(signature, now)), project: route.project };
    }
    const headers = parseWebhookHeaders(delivery.headers);
    checkTolerance(headers.timestampSeconds, now);
    if (route.kind === 'dynamic') await checkToken(keys.dynamicTokens, route.token);
    if (!(await holds(delivery, headers, keys))) throw new RequestError('ERR_SIGNATURE_MISMATCH', 'No signature holds');
    return {
      project: route.project,
      scheme: route.kind === 'static' ? 'v1' : 'v1a',
      webhookId: headers.id,
      attemptedAt: new Date(headers.timestampSeconds * 1000),
      payload: body,
      bodySha256: createHash('sha256').update(body).digest('hex'),
    };
  };
}

/** JWS compact serialization (RFC 7515 §7.1), bounded. */
const JWS = /^(?=.{1,4096}$)[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

async function checkOrigin({ header, secrets }: Origin, { headers }: RawDelivery): Promise<void> {
  const given = headers[header];
  // What does not claim to come from the proxy has no newer secret asked for.
  const held = given && (await tryKeys(secrets, (digests) => matchesToken(given, digests) || undefined));
  if (!held) throw new RequestError('ERR_ORIGIN_MISMATCH', 'The delivery did not come through the proxy');
}

async function checkToken(tokens: KeySource<TokenDigest>, given: string): Promise<void> {
  const held = await tryKeys(tokens, (digests) => matchesToken(given, digests) || undefined);
  if (held === undefined) throw new RequestError('ERR_TOKEN_MISMATCH', 'The token in the path is not ours');
}

/** Whether a dynamic delivery's token is ours; a static one needs none. */
export function createTokenCheck(projects: AuthenticatePorts['projects']): (delivery: RawDelivery) => Promise<boolean> {
  return async ({ route }) => {
    if (route.kind === 'static') return true;
    const digests = (await projects.get(route.project)?.dynamicTokens.current()) ?? [];
    return matchesToken(route.token, digests);
  };
}

/** Asks with the keys at hand and, when none matches, once more with newer ones, where newer ones are to be had. */
async function tryKeys<Key, Match>(
  source: KeySource<Key>,
  match: (keys: readonly Key[]) => Match | undefined,
): Promise<Match | undefined> {
  const current = await source.current();
  const matched = match(current);
  if (matched !== undefined) return matched;
  const refreshed = await source.refreshed(current);
  return refreshed === undefined ? undefined : match(refreshed);
}
