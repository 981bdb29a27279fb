/**
 * The four steps of a rotation by Secrets Manager, each of which may be repeated. What only one kind of secret does is a
 * `Rotation`. https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
 */
import { ManagementError } from '../shared/errors.ts';
import type { Log } from '../shared/ports.ts';

export const ROTATION_STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
type RotationStep = (typeof ROTATION_STEPS)[number];

export interface RotationRequest {
  readonly secretId: string;
  /** Id of the version that is to become current. */
  readonly versionId: string;
  readonly step: RotationStep;
}

/** The versions of one secret. Every method throws `ManagementError('ERR_SECRET_NOT_STORED')`. */
export interface RotatedSecret {
  /** Staging labels by version id. */
  stages(): Promise<Readonly<Record<string, readonly string[]>>>;
  /** Undefined when the version has no value yet. */
  read(versionId: string): Promise<string | undefined>;
  putPending(versionId: string, value: string): Promise<void>;
  /** Takes AWSPENDING away from a version, so that the next rotation begins another one instead of trying it again. */
  abandon(versionId: string): Promise<void>;
  /** Moves AWSCURRENT; Secrets Manager gives the version before it AWSPREVIOUS by itself. */
  makeCurrent(versionId: string, before: string | undefined): Promise<void>;
}

export interface Rotation {
  /** A new value, from whoever makes it. @param current undefined when there is none */
  readonly create: (current: string | undefined) => Promise<string>;
  /** @throws ManagementError `ERR_ROTATION_INVALID` when the value will never work, another one when that cannot be told */
  readonly test: (value: string) => Promise<void>;
}

export interface RotateSecretPorts {
  readonly secretOf: (secretId: string) => RotatedSecret;
  /** Undefined for a secret that is not of this function. */
  readonly rotationOf: (secretId: string) => Rotation | undefined;
  readonly log: Log;
}

/** @throws ManagementError when Secrets Manager has to try again */
export async function rotateSecret(ports: RotateSecretPorts, request: RotationRequest): Promise<void> {
  const { secretId, versionId, step } = request;
  const rotation = ports.rotationOf(secretId);
  if (rotation === undefined)
    throw new ManagementError('ERR_ROTATION_INVALID', 'The secret is not one of this function');
  const secret = ports.secretOf(secretId);
  const stages = await secret.stages();
  const labels = stages[versionId];
  if (labels === undefined) {
    throw new ManagementError('ERR_ROTATION_INVALID', `The version ${versionId} is not one of the secret`);
  }
  if (labels.includes('AWSCURRENT')) return;
  if (!labels.includes('AWSPENDING')) {
    throw new ManagementError('ERR_ROTATION_INVALID', `The version ${versionId} was given up; rotate the secret anew`);
  }
  switch (step) {
    case 'createSecret':
      // A repeated step finds the value. Asking for another one would have Gemini rotate twice.
      if ((await secret.read(versionId)) === undefined) {
        const current = currentOf(stages);
        await secret.putPending(versionId, await rotation.create(current && (await secret.read(current))));
      }
      break;
    case 'setSecret':
      // Whoever made the value uses it already.
      break;
    case 'testSecret':
      await test(rotation, secret, versionId, stages);
      break;
    case 'finishSecret':
      await secret.makeCurrent(versionId, currentOf(stages));
      break;
  }
  ports.log.info('Rotation step done', { secretId, versionId, step });
}

/**
 * Without a pending value the current one is tested: that is how Secrets Manager tries a new schedule out ("Rotate an AWS
 * Secrets Manager secret immediately", RotateImmediately).
 */
async function test(
  rotation: Rotation,
  secret: RotatedSecret,
  versionId: string,
  stages: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const current = currentOf(stages);
  const pending = await secret.read(versionId);
  const value = pending ?? (current && (await secret.read(current)));
  if (!value) throw new ManagementError('ERR_ROTATION_INVALID', 'The secret has neither a pending nor a current value');
  try {
    await rotation.test(value);
  } catch (error) {
    const isHopeless = error instanceof ManagementError && error.code === 'ERR_ROTATION_INVALID';
    if (isHopeless && pending !== undefined) await secret.abandon(versionId);
    throw error;
  }
}

function currentOf(stages: Readonly<Record<string, readonly string[]>>): string | undefined {
  return Object.keys(stages).find((version) => stages[version]?.includes('AWSCURRENT'));
}
