/**
 * Rotates the two secrets of a project's webhook, called by Secrets Manager once for each step; and revokes one of them after a
 * leak, called by an operator.
 */
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod/mini';
import { ENV, GEMINI_URL } from '../contract.ts';
import { secretsManagerClient } from '../shared/aws.client.ts';
import { EnvironmentReader } from '../shared/environment.ts';
import { PipelineError } from '../shared/errors.ts';
import { SecretReader } from '../shared/secrets.client.ts';
import { createTelemetry } from '../shared/telemetry.ts';
import { GenAiWebhookRegistry } from './registry.client.ts';
import { revokeDynamicToken, revokeSigningSecret } from './revoke-secret.ts';
import { ROTATION_STEPS, type Rotation, rotateSecret } from './rotate-secret.ts';
import { dynamicTokenRotation, signingSecretRotation } from './rotate-webhook-secrets.ts';
import { SecretStore } from './secret-store.client.ts';

const env = new EnvironmentReader(process.env);
const config = {
  project: env.required(ENV.project),
  apiKeySecretId: env.required(ENV.apiKeySecretId),
  signingSecretId: env.required(ENV.signingSecretId),
  dynamicTokenSecretId: env.required(ENV.dynamicTokenSecretId),
  baseUrl: env.url(ENV.geminiUrl, GEMINI_URL),
};
const wanted = env.webhook();
env.check();

const { log } = createTelemetry('rotate-secret', { project: config.project });
const client = secretsManagerClient();
const store = new SecretStore(client);
const registry = new GenAiWebhookRegistry({ ...config, secrets: new SecretReader(client) });
const rotations = new Map<string, Rotation>([
  [config.signingSecretId, signingSecretRotation(registry, wanted, wait)],
  [config.dynamicTokenSecretId, dynamicTokenRotation()],
]);
const ports = {
  secretOf: (secretId: string) => store.rotated(secretId),
  rotationOf: (secretId: string) => rotations.get(secretId),
  log,
};

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html */
const RotationEvent = z.looseObject({
  SecretId: z.string(),
  ClientRequestToken: z.string(),
  Step: z.enum(ROTATION_STEPS),
});

/** What an operator invokes it with. */
const RevocationRequest = z.looseObject({ revoke: z.enum(['signing-secret', 'dynamic-token']) });

const revocation = {
  ...{ registry, wanted, log, revoke: (secretId: string, value: string) => store.revoke(secretId, value) },
  signingSecretId: config.signingSecretId,
  dynamicTokenSecretId: config.dynamicTokenSecretId,
};

/** Answers an operator; Secrets Manager does not listen. */
export async function handler(
  input: unknown,
): Promise<{ readonly project: string; readonly revoked: string } | undefined> {
  const request = RevocationRequest.safeParse(input);
  if (!request.success) {
    await rotate(input);
    return undefined;
  }
  const { revoke: revoked } = request.data;
  try {
    await (revoked === 'signing-secret' ? revokeSigningSecret : revokeDynamicToken)(revocation);
    return { project: config.project, revoked };
  } catch (error) {
    const reason = error instanceof PipelineError ? error.message : undefined;
    log.error('The revocation failed', { secret: revoked, reason });
    throw error;
  }
}

async function rotate(input: unknown): Promise<void> {
  const { SecretId: secretId, ClientRequestToken: versionId, Step: step } = RotationEvent.parse(input);
  try {
    await rotateSecret(ports, { secretId, versionId, step });
  } catch (error) {
    const reason = error instanceof PipelineError ? error.message : undefined;
    log.error('Rotation step failed', { secretId, versionId, step, reason });
    throw error;
  }
}
