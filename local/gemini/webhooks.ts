/**
 * Management of static webhooks, and their secrets with the 24 hours in which an old one still signs.
 */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { ApiError, notFound } from './api-error.ts';
import { type Call, json, param, type Route, routesOf } from './http.ts';
import { randomId } from './ids.ts';
import { page } from './paging.ts';
import type { World } from './state.ts';
import type { Webhook } from './webhook-store.ts';

/** The server accepts exactly these; cancellations cannot be subscribed to. */
const SUBSCRIBABLE_EVENTS = [
  'batch.succeeded',
  'batch.expired',
  'batch.failed',
  'interaction.requires_action',
  'interaction.completed',
  'interaction.failed',
  'video.generated',
] as const;

const SECRET_GRACE_MS = 24 * 60 * 60 * 1000;

const events = z.array(z.enum(SUBSCRIBABLE_EVENTS)).min(1);
const CreateWebhook = z.strictObject({ name: z.string().optional(), uri: z.url(), subscribed_events: events });
const UpdateWebhook = z.strictObject({
  name: z.string().optional(),
  uri: z.url().optional(),
  subscribed_events: events.optional(),
  state: z.enum(['enabled', 'disabled']).optional(),
});
const RotateSecret = z.strictObject({
  revocation_behavior: z
    .enum(['revoke_previous_secrets_after_h24', 'revoke_previous_secrets_immediately'])
    .default('revoke_previous_secrets_after_h24'),
});

export function webhookRoutes(world: World): Route[] {
  const { webhooks } = world.webhooks;
  const route = routesOf('next-gen');

  function lookUp(call: Call): Webhook {
    const webhook = webhooks.get(param(call, 'id'));
    if (!webhook) throw notFound();
    return webhook;
  }

  return [
    route('POST', '/webhooks', 'webhooks.create', (call) => {
      const { name, uri, subscribed_events } = parse(CreateWebhook, call);
      const secret = newSecret();
      const webhook: Webhook = {
        id: randomId(36),
        name,
        uri,
        subscribedEvents: subscribed_events,
        state: 'enabled',
        secrets: [{ value: secret, expiresAt: undefined }],
      };
      webhooks.set(webhook.id, webhook);
      return { json: { ...webhookResource(webhook, world.timers.now()), new_signing_secret: secret } };
    }),
    route('GET', '/webhooks', 'webhooks.list', (call) => {
      const all = [...webhooks.values()];
      const { items, nextPageToken } = page(all, call.query.get('page_size'), call.query.get('page_token'));
      const now = world.timers.now();
      return {
        json: {
          ...(items.length > 0 ? { webhooks: items.map((webhook) => webhookResource(webhook, now)) } : {}),
          ...(nextPageToken ? { next_page_token: nextPageToken } : {}),
        },
      };
    }),
    route('GET', '/webhooks/{id}', 'webhooks.get', (call) => ({
      json: webhookResource(lookUp(call), world.timers.now()),
    })),
    // update_mask is ignored: the fields of the body win, as they do at Gemini.
    route('PATCH', '/webhooks/{id}', 'webhooks.update', (call) => {
      const webhook = lookUp(call);
      const { name, uri, subscribed_events, state } = parse(UpdateWebhook, call);
      webhook.name = name ?? webhook.name;
      webhook.uri = uri ?? webhook.uri;
      webhook.subscribedEvents = subscribed_events ?? webhook.subscribedEvents;
      webhook.state = state ?? webhook.state;
      return { json: webhookResource(webhook, world.timers.now()) };
    }),
    route('DELETE', '/webhooks/{id}', 'webhooks.delete', (call) => {
      webhooks.delete(lookUp(call).id);
      return { json: {} };
    }),
    route('POST', '/webhooks/{id}:ping', 'webhooks.ping', (call) => {
      world.deliveries.ping(lookUp(call));
      return { json: {} };
    }),
    route('POST', '/webhooks/{id}:rotateSigningSecret', 'webhooks.rotateSigningSecret', (call) => {
      const webhook = lookUp(call);
      const { revocation_behavior } = parse(RotateSecret, call);
      const secret = newSecret();
      const now = world.timers.now();
      const expiresAt = new Date(now.getTime() + SECRET_GRACE_MS);
      const kept = revocation_behavior === 'revoke_previous_secrets_immediately' ? [] : webhook.secrets;
      webhook.secrets = [
        { value: secret, expiresAt: undefined },
        ...kept.map((old) => ({ value: old.value, expiresAt: old.expiresAt ?? expiresAt })),
      ];
      return { json: { secret } };
    }),
  ];
}

function parse<Output>(schema: z.ZodType<Output>, call: Call): Output {
  const result = schema.safeParse(json(call));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ApiError(400, `Invalid value at '${issue?.path.join('.')}': ${issue?.message}`);
}

/** `whsec_` and the base64 of 32 ASCII characters. */
function newSecret(): string {
  return `whsec_${Buffer.from(randomBytes(24).toString('base64')).toString('base64')}`;
}

function webhookResource(webhook: Webhook, now: Date): object {
  return {
    id: webhook.id,
    ...(webhook.name === undefined ? {} : { name: webhook.name }),
    uri: webhook.uri,
    subscribed_events: webhook.subscribedEvents,
    state: webhook.state,
    signing_secrets: webhook.secrets
      .filter(({ expiresAt }) => !expiresAt || expiresAt > now)
      .map(({ value, expiresAt }) => ({
        truncated_secret: `whsec_...${value.slice(-5)}`,
        ...(expiresAt ? { expire_time: expiresAt.toISOString() } : {}),
      })),
  };
}
