/** Looks, on a schedule, whether a project's webhook is still as it was deployed. */
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod/mini';
import { ENV, GEMINI_URL } from '../contract.ts';
import { secretsManagerClient } from '../shared/aws.client.ts';
import { EnvironmentReader } from '../shared/environment.ts';
import { SecretReader } from '../shared/secrets.client.ts';
import { createTelemetry } from '../shared/telemetry.ts';
import { checkWebhook, type Finding } from './check-webhook.ts';
import { GenAiWebhookRegistry } from './registry.client.ts';
import { SecretStore } from './secret-store.client.ts';

const env = new EnvironmentReader(process.env);
const config = {
  project: env.required(ENV.project),
  apiKeySecretId: env.required(ENV.apiKeySecretId),
  signingSecretId: env.required(ENV.signingSecretId),
  dynamicTokenSecretId: env.required(ENV.dynamicTokenSecretId),
  repair: env.optional(ENV.repairWebhook) === 'true',
  baseUrl: env.url(ENV.geminiUrl, GEMINI_URL),
};
const wanted = env.webhook();
env.check();

const { log, metrics, flush } = createTelemetry('check-webhook', { project: config.project });
const client = secretsManagerClient();
const store = new SecretStore(client);
const secrets = new SecretReader(client);
const registry = new GenAiWebhookRegistry({ ...config, secrets });

async function signingSecrets(): Promise<readonly string[]> {
  const { signingSecretId } = config;
  const versions = [secrets.read(signingSecretId, 'AWSCURRENT'), secrets.read(signingSecretId, 'AWSPENDING')];
  return (await Promise.all(versions)).flatMap((version) => version?.value ?? []);
}

/** What an operator invokes it with, to have set right once what `repairWebhook` would. */
const RepairRequest = z.looseObject({ repair: z.literal(true) });

/** Answers an operator who invokes it by hand; a schedule does not listen. */
export async function handler(
  input: unknown,
): Promise<{ readonly project: string; readonly findings: readonly Finding[] }> {
  const { project, signingSecretId, dynamicTokenSecretId } = config;
  const repair = config.repair || RepairRequest.safeParse(input).success;
  try {
    const findings = await checkWebhook({ registry, signingSecrets, wait, log, metrics }, { project, wanted, repair });
    for (const [secret, id] of Object.entries({ signing: signingSecretId, token: dynamicTokenSecretId })) {
      const rotatedAt = await store.rotatedAt(id);
      if (rotatedAt !== undefined) {
        metrics.seconds('SecretAge', (Date.now() - rotatedAt.getTime()) / 1000, { project, secret });
      }
    }
    return { project, findings };
  } finally {
    flush();
  }
}
