/** Looks, on a schedule, whether a source's webhook is still as it was deployed. */
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod/mini';
import { secretsManagerClient } from '../adapters/aws-clients.ts';
import { EnvironmentReader } from '../adapters/environment.ts';
import { GenAiWebhookRegistry } from '../adapters/genai-webhook-registry.ts';
import { SecretStore } from '../adapters/secret-store.ts';
import { SecretReader } from '../adapters/secrets-manager.ts';
import { createTelemetry } from '../adapters/telemetry.ts';
import { checkWebhook, type Finding } from '../app/check-webhook.ts';
import { ENV, GEMINI_URL, METRIC } from '../contract.ts';

const env = new EnvironmentReader(process.env);
const config = {
  source: env.required(ENV.source),
  apiKeySecretId: env.required(ENV.apiKeySecretId),
  signingSecretId: env.required(ENV.signingSecretId),
  dynamicTokenSecretId: env.required(ENV.dynamicTokenSecretId),
  repair: env.optional(ENV.repairWebhook) === 'true',
  baseUrl: env.url(ENV.geminiUrl, GEMINI_URL),
};
const wanted = env.webhook();
env.check();

const { log, metrics, flush } = createTelemetry('check-webhook', { source: config.source });
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
): Promise<{ readonly source: string; readonly findings: readonly Finding[] }> {
  const { source, signingSecretId, dynamicTokenSecretId } = config;
  const repair = config.repair || RepairRequest.safeParse(input).success;
  try {
    const findings = await checkWebhook({ registry, signingSecrets, wait, log, metrics }, { source, wanted, repair });
    for (const [secret, id] of Object.entries({ signing: signingSecretId, token: dynamicTokenSecretId })) {
      const rotatedAt = await store.rotatedAt(id);
      if (rotatedAt !== undefined) {
        metrics.seconds(METRIC.secretAge, (Date.now() - rotatedAt.getTime()) / 1000, { source, secret });
      }
    }
    return { source, findings };
  } finally {
    flush();
  }
}
