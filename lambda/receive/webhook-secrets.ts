/** Which versions of the signing secret and of the dynamic token are valid now. */

import { TransientError } from '../shared/errors.ts';
import type { Clock } from '../shared/ports.ts';
import type { SecretReader, SecretStage, SecretVersion } from '../shared/secrets.client.ts';
import { parseSigningSecret, type SigningSecret } from '../standard-webhooks/signature.ts';
import { digestToken, digestTokens, type TokenDigest } from '../standard-webhooks/token.ts';

/** Gemini revokes the secret before a rotation after 24 h (`revoke_previous_secrets_after_h24`); one hour for clocks and caches. */
const SIGNING_OVERLAP_SECONDS = 25 * 3600;
/** A URL is handed out with a job: up to 48 h until the job ends, 24 h of retries, and a day to spare. */
const TOKEN_OVERLAP_SECONDS = 96 * 3600;
const ORIGIN_OVERLAP_SECONDS = 24 * 3600;
/** What is shorter could be guessed. */
const MIN_ORIGIN_SECRET_LENGTH = 24;

/**
 * AWSPENDING too: during a rotation Gemini signs with the new secret before it becomes AWSCURRENT. It keeps that label after
 * the rotation, until the next one; once somebody has put another value by hand, it is an old secret like any other.
 */
export function loadSigningSecrets(
  reader: SecretReader,
  secretId: string,
  clock: Clock,
): () => Promise<readonly SigningSecret[]> {
  return () =>
    load(reader, secretId, ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'], SIGNING_OVERLAP_SECONDS, clock, (value) =>
      [value].flatMap((secret) => parseSigningSecret(secret) ?? []),
    );
}

export function loadDynamicTokens(
  reader: SecretReader,
  secretId: string,
  clock: Clock,
): () => Promise<readonly TokenDigest[]> {
  return () => load(reader, secretId, ['AWSCURRENT', 'AWSPREVIOUS'], TOKEN_OVERLAP_SECONDS, clock, digestTokens);
}

/** What the proxy before the API sends along. It is exchanged by a deployment, during which both are sent. */
export function loadOriginSecrets(
  reader: SecretReader,
  secretId: string,
  clock: Clock,
): () => Promise<readonly TokenDigest[]> {
  return () =>
    load(reader, secretId, ['AWSCURRENT', 'AWSPREVIOUS'], ORIGIN_OVERLAP_SECONDS, clock, (value) =>
      value.length < MIN_ORIGIN_SECRET_LENGTH ? [] : [digestToken(value)],
    );
}

async function load<Key>(
  reader: SecretReader,
  secretId: string,
  stages: readonly SecretStage[],
  overlapSeconds: number,
  clock: Clock,
  parse: (value: string) => readonly Key[],
): Promise<readonly Key[]> {
  const versions = await Promise.all(
    stages.map(async (stage) => ({ stage, version: await reader.read(secretId, stage) })),
  );
  const current = versions.find(({ stage }) => stage === 'AWSCURRENT')?.version;
  // A revocation that has no new value yet leaves nothing that verifies. An error would let what is cached serve on.
  const isUsable = current !== undefined && (current.revokesPrevious || parse(current.value).length > 0);
  if (!isUsable) {
    throw new TransientError('ERR_KEYS_UNAVAILABLE', `The secret ${secretId} holds no usable value; rotate it`);
  }
  const overlapEnds = current.createdAt.getTime() + overlapSeconds * 1000;
  const isAhead = ({ createdAt }: SecretVersion) => createdAt.getTime() >= current.createdAt.getTime();
  const countsPrevious = !current.revokesPrevious && clock().getTime() <= overlapEnds;
  const counts = { AWSCURRENT: () => true, AWSPENDING: isAhead, AWSPREVIOUS: () => countsPrevious };
  return versions.flatMap(({ stage, version }) =>
    version !== undefined && counts[stage](version) ? parse(version.value) : [],
  );
}
