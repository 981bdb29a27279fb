/**
 * For applications that create jobs: the `webhook_config` that sends one job's events to this deployment. It reads the
 * dynamic token from Secrets Manager, so that a rotation needs no deployment of theirs.
 */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { TOKEN_LENGTH, WEBHOOK_CONFIG_ENV } from '../lambda/contract.ts';

/** The token before a rotation works for 96 hours more; a few minutes of these are nothing. */
const CACHE_MS = 5 * 60_000;

export interface WebhookConfigOptions {
  /**
   * URL of the project's static webhook, as the stack's output `WebhookUrl` has it.
   *
   * @default - the environment variable GEMINI_WEBHOOK_URL, which `addWebhookConfig` of the construct sets
   */
  readonly webhookUrl?: string;
  /**
   * Name or ARN of the secret that holds the dynamic token.
   *
   * @default - the environment variable GEMINI_WEBHOOK_TOKEN_SECRET_ID, which `addWebhookConfig` of the construct sets
   */
  readonly tokenSecretId?: string;
  /** @default - a client for the environment's Region and credentials */
  readonly client?: Pick<SecretsManagerClient, 'send'>;
  /** @default - the system's */
  readonly clock?: () => Date;
}

export interface WebhookConfig {
  /** The whole URL. Treat it like a password: who has it can send what Google signed for them. */
  url(): Promise<string>;
  /** For `ai.interactions.create({ background: true, webhook_config })`. Metadata comes back as `detail.userMetadata`. */
  forInteraction(userMetadata?: Readonly<Record<string, unknown>>): Promise<InteractionWebhookConfig>;
  /**
   * For `config.webhookConfig` of a batch. Gemini refuses metadata there (googleapis/go-genai#779): give it to `submitBatch` of
   * `gemini-webhooks-client/submit-job`, and it stands in every event of the batch.
   */
  forBatch(): Promise<BatchWebhookConfig>;
}

export interface InteractionWebhookConfig {
  uris: string[];
  user_metadata?: Record<string, unknown>;
}
export interface BatchWebhookConfig {
  uris: string[];
}

/**
 * @throws Error that names every option that is missing
 *
 * @example In a function for which the stack called `webhooks.addWebhookConfig(yourFunction)`
 * ```ts
 * import { GoogleGenAI } from '@google/genai';
 * import { createWebhookConfig } from 'gemini-webhooks-client/webhook-config';
 *
 * const ai = new GoogleGenAI({ apiVersion: 'v1beta' });
 * const webhook = createWebhookConfig();
 *
 * export async function handler(): Promise<void> {
 *   await ai.interactions.create({
 *     agent: 'deep-research-preview-04-2026',
 *     input: 'What changed in serverless in 2026?',
 *     background: true,
 *     webhook_config: await webhook.forInteraction({ ticket: 'ABC-1' }),
 *   });
 * }
 * ```
 */
export function createWebhookConfig(options: WebhookConfigOptions = {}): WebhookConfig {
  const webhookUrl = options.webhookUrl ?? process.env[WEBHOOK_CONFIG_ENV.webhookUrl];
  const tokenSecretId = options.tokenSecretId ?? process.env[WEBHOOK_CONFIG_ENV.tokenSecretId];
  if (!webhookUrl || !tokenSecretId) {
    const missing = [!webhookUrl && 'webhookUrl', !tokenSecretId && 'tokenSecretId'].filter(Boolean).join(', ');
    throw new Error(
      `Missing: ${missing}. Call addWebhookConfig(function) of the GeminiWebhooks construct, or pass it from the stack's outputs.`,
    );
  }
  const client = options.client ?? new SecretsManagerClient();
  const clock = options.clock ?? (() => new Date());
  let cached: { readonly url: string; readonly until: number } | undefined;

  async function url(): Promise<string> {
    const now = clock().getTime();
    if (cached !== undefined && now < cached.until) return cached.url;
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: tokenSecretId }));
    if (!SecretString) throw new Error(`The secret ${tokenSecretId} holds no token. Deploy the stack again.`);
    cached = { url: `${webhookUrl}/dynamic/${SecretString.slice(0, TOKEN_LENGTH)}`, until: now + CACHE_MS };
    return cached.url;
  }

  return {
    url,
    forInteraction: async (userMetadata) => ({
      uris: [await url()],
      ...(userMetadata && { user_metadata: { ...userMetadata } }),
    }),
    forBatch: async () => ({ uris: [await url()] }),
  };
}
