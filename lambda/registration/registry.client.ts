/** Gemini's management of webhooks, through `client.webhooks` of its SDK. */

import { setTimeout as timer } from 'node:timers/promises';
import { GoogleGenAI } from '@google/genai';
import * as z from 'zod/mini';
import { isApiKey } from '../gemini/api-key.ts';
import { isKeyRefused } from '../gemini/refusal.ts';
import { ManagementError, TransientError } from '../shared/errors.ts';
import type { Wait, WantedWebhook } from '../shared/ports.ts';
import type { SecretReader, SecretVersion } from '../shared/secrets.client.ts';
import type { RegisteredWebhook, WebhookRegistry } from './ports.ts';

/** The SDK's default is `v1` from its version 3 on, and the pages show `v1beta`. */
const API_VERSION = 'v1beta';
/** Far more than a project has: a list that does not end is broken off. */
const MAX_PAGES = 20;
const TIMEOUT_MS = 15_000;
/** Not for what must not be done twice: the SDK repeats creates by default. */
const ONCE = { maxRetries: 0, timeout: TIMEOUT_MS };
const REPEATED = { maxRetries: 2, timeout: TIMEOUT_MS };

/** Half a minute: a policy that was made a moment ago is not seen everywhere at once. */
const READ_DELAYS_MS = [2_000, 4_000, 8_000, 16_000];

const Answered = z.looseObject({ id: z.string() });

export interface GenAiWebhookRegistryOptions {
  readonly secrets: Pick<SecretReader, 'read'>;
  readonly apiKeySecretId: string;
  /** `https://generativelanguage.googleapis.com` */
  readonly baseUrl: string;
  readonly wait?: Wait;
}

type Webhooks = GoogleGenAI['webhooks'];
type Webhook = Awaited<ReturnType<Webhooks['get']>>;

export class GenAiWebhookRegistry implements WebhookRegistry {
  readonly #options: GenAiWebhookRegistryOptions;

  constructor(options: GenAiWebhookRegistryOptions) {
    this.#options = options;
  }

  async list(): Promise<readonly RegisteredWebhook[]> {
    return this.#call('list webhooks', async (webhooks) => {
      const found: RegisteredWebhook[] = [];
      let token: string | undefined;
      for (let pages = 0; pages < MAX_PAGES; pages += 1) {
        const page = await webhooks.list({ page_size: 100, ...(token && { page_token: token }) }, REPEATED);
        found.push(...(page.webhooks ?? []).flatMap((webhook) => toRegistered(webhook) ?? []));
        token = page.next_page_token;
        if (!token) break;
      }
      return found;
    });
  }

  async get(id: string): Promise<RegisteredWebhook | undefined> {
    return this.#call('read a webhook', async (webhooks) => {
      try {
        return toRegistered(await webhooks.get(id, {}, REPEATED));
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
  }

  async create({ name, uri, events }: WantedWebhook): Promise<{ readonly id: string; readonly secret: string }> {
    return this.#call('register the webhook', async (webhooks) => {
      const webhook = await webhooks.create({ name, uri, subscribed_events: [...events] }, ONCE);
      return { id: Answered.parse(webhook).id, secret: z.string().parse(webhook.new_signing_secret) };
    });
  }

  async update(id: string, changes: Partial<WantedWebhook> & { readonly state?: 'enabled' }): Promise<void> {
    const { events, ...others } = changes;
    const update = { ...others, ...(events && { subscribed_events: [...events] }) };
    await this.#call('update the webhook', (webhooks) =>
      webhooks.update(id, { ...update, update_mask: Object.keys(update).join() }, REPEATED),
    );
  }

  async delete(id: string): Promise<void> {
    await this.#call('delete the webhook', async (webhooks) => {
      try {
        await webhooks.delete(id, {}, REPEATED);
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
    });
  }

  async rotate(id: string, previous?: 'revoked'): Promise<string> {
    const revocation_behavior = previous ? 'revoke_previous_secrets_immediately' : 'revoke_previous_secrets_after_h24';
    return this.#call('rotate the signing secret', async (webhooks) => {
      const { secret } = await webhooks.rotateSigningSecret(id, { revocation_behavior }, ONCE);
      return z.string().parse(secret);
    });
  }

  /** The key is read anew each time: these calls are rare, and the one before may have been refused. */
  async #call<Result>(what: string, call: (webhooks: Webhooks) => Promise<Result>): Promise<Result> {
    const { apiKeySecretId, baseUrl } = this.#options;
    const apiKey = await this.#readKey();
    const client = new GoogleGenAI({ apiKey, apiVersion: API_VERSION, httpOptions: { baseUrl } });
    try {
      return await call(client.webhooks);
    } catch (error) {
      throw toManagementError(error, what, apiKeySecretId);
    }
  }

  async #readKey(): Promise<string> {
    const { apiKeySecretId } = this.#options;
    const create = `Create it with "aws secretsmanager create-secret --name ${apiKeySecretId} --secret-string <key>", or name another one`;
    const version = await this.#readSecret().catch((cause: unknown) => {
      // To who may not read it Secrets Manager does not say whether it is there.
      throw new ManagementError(
        'ERR_API_KEY_MISSING',
        `The secret ${apiKeySecretId} with the Gemini API key is not there, or may not be read. ${create}; if it is there, let the function's role read it (secretsmanager:GetSecretValue) and decrypt it (kms:Decrypt, where a customer managed key encrypts it). Then try again.`,
        { cause },
      );
    });
    if (version !== undefined && isApiKey(version.value)) return version.value;
    throw new ManagementError(
      'ERR_API_KEY_MISSING',
      `The secret ${apiKeySecretId} ${whatItHolds(version?.value)}. ${create}, and try again.`,
    );
  }

  async #readSecret(): Promise<SecretVersion | undefined> {
    const { secrets, apiKeySecretId, wait = timer } = this.#options;
    for (const delay of READ_DELAYS_MS) {
      try {
        return await secrets.read(apiKeySecretId, 'AWSCURRENT');
      } catch (error) {
        if (!isDenied(error)) throw error;
        await wait(delay);
      }
    }
    return await secrets.read(apiKeySecretId, 'AWSCURRENT');
  }
}

function toRegistered(webhook: Webhook): RegisteredWebhook | undefined {
  if (!webhook.id) return undefined;
  return {
    id: webhook.id,
    name: webhook.name,
    uri: webhook.uri,
    events: webhook.subscribed_events ?? [],
    state: webhook.state ?? 'enabled',
    secrets: (webhook.signing_secrets ?? []).map(({ truncated_secret, expire_time }) => ({
      ending: truncated_secret?.split('...')[1] ?? '',
      expiresAt: expire_time,
    })),
  };
}

/** Whitespace around the key is not among it: that is cut off when it is read. */
function whatItHolds(value: string | undefined): string {
  if (value === undefined) return 'is not there, or has no text; it has to hold the Gemini API key';
  if (value === '') return 'is empty; it has to hold the Gemini API key';
  if (/^[{["']/.test(value)) return 'holds a JSON document, where the Gemini API key has to be alone, as plain text';
  if (/\s/.test(value)) return 'holds a Gemini API key with a space or a line break in it';
  return 'holds no Gemini API key: it is too long, or has characters that no key has';
}

/** Also of a customer managed key that encrypts the secret. */
function isDenied(error: unknown): boolean {
  return (
    error instanceof TransientError && error.cause instanceof Error && error.cause.name === 'AccessDeniedException'
  );
}

const Message = z.looseObject({ error: z.looseObject({ message: z.string() }) });

/** Of an error body in either of Gemini's two forms; only compared, never quoted. */
function messageOf(body: unknown): string {
  const parsed = Message.safeParse(body);
  return parsed.success ? parsed.data.error.message : '';
}

const HttpError = z.looseObject({ status: z.number(), error: z.optional(z.unknown()) });

/** Undefined when the call had no answer. */
function statusOf(error: unknown): number | undefined {
  const parsed = HttpError.safeParse(error);
  return parsed.success ? parsed.data.status : undefined;
}

/** What the SDK's errors quote of requests and answers stays out of the sentence. */
function toManagementError(error: unknown, what: string, apiKeySecretId: string): ManagementError {
  const status = statusOf(error);
  const body = HttpError.safeParse(error).data?.error;
  const message = messageOf(body);
  if (/user location is not supported/i.test(message)) {
    return new ManagementError(
      'ERR_REGISTRATION_REFUSED',
      `Gemini does not serve the place of this AWS Region (HTTP ${status}: "User location is not supported"). Deploy to a Region in one of the countries at https://ai.google.dev/gemini-api/docs/available-regions.`,
      { cause: error },
    );
  }
  if (/project has been denied access|\bproject\b.*\b(?:denied|suspended)\b/i.test(message)) {
    return new ManagementError(
      'ERR_API_KEY_REFUSED',
      `Google has denied access to the project of the API key in the secret ${apiKeySecretId} (HTTP ${status}). Its owner has to clear that up with Google's support; or put the key of another project there, from https://aistudio.google.com/apikey, and try again.`,
      { cause: error },
    );
  }
  if (status !== undefined && isKeyRefused(status, body)) {
    return new ManagementError(
      'ERR_API_KEY_REFUSED',
      `Gemini refused the API key in the secret ${apiKeySecretId} (HTTP ${status}). Put a valid key of the project there, from https://aistudio.google.com/apikey, and try again.`,
      { cause: error },
    );
  }
  if (status === 403) {
    return new ManagementError(
      'ERR_API_KEY_REFUSED',
      `The API key in the secret ${apiKeySecretId} may not manage webhooks (HTTP 403). Lift the key's API restrictions, or use a key of the project's owner, and try again.`,
      { cause: error },
    );
  }
  if (status !== undefined && status < 500 && status !== 408 && status !== 429) {
    return new ManagementError(
      'ERR_REGISTRATION_REFUSED',
      `Gemini refused to ${what} (HTTP ${status}). Check the webhook's URL and events, and try again.`,
      { cause: error },
    );
  }
  const why = status === undefined ? 'did not answer' : `answered HTTP ${status}`;
  return new ManagementError(
    'ERR_GEMINI_UNAVAILABLE',
    `Gemini could not ${what}: it ${why}. Try again later; https://aistudio.google.com/status shows outages.`,
    { cause: error, mayHaveHappened: status !== 429 },
  );
}
