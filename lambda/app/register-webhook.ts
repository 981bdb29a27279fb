/**
 * Registers a static webhook at Gemini as a CloudFormation resource. CloudFormation repeats, rolls back and cleans up, and
 * an answer may be lost on the way, so that every step finds out what is there before it acts:
 *
 *     create   list ─ none ──── create ──── store the secret ──── done
 *                │                 └ answer lost: list again, adopt   └ not stored: delete
 *                └ there: adopt = update what differs, rotate, store the secret
 *     update   get ── there ─── update what differs
 *                └ gone: as create
 *     delete   delete ── gone: list, in case that it was made anew
 */
import type { SubscribableEvent } from '../contract.ts';
import { ManagementError } from '../domain/errors.ts';
import type { Log, RegisteredWebhook, WantedWebhook, WebhookRegistry } from './ports.ts';

export interface Registration extends WantedWebhook {
  readonly apiKeySecretId: string;
  /** Where the signing secret is kept. */
  readonly signingSecretId: string;
}

export type RegistrationRequest =
  | { readonly type: 'Create'; readonly wanted: Registration }
  | { readonly type: 'Update'; readonly physicalId: string; readonly wanted: Registration; readonly old: Registration }
  | { readonly type: 'Delete'; readonly physicalId: string; readonly wanted: Registration };

export interface RegisterWebhookPorts {
  /** Gemini with the API key of that secret. */
  readonly registryOf: (apiKeySecretId: string) => WebhookRegistry;
  /** @throws ManagementError `ERR_SECRET_NOT_STORED` */
  readonly storeSecret: (secretId: string, value: string) => Promise<void>;
  readonly log: Log;
}

/** Physical ids of creates that failed: CloudFormation asks to delete those as well. */
export const NOT_REGISTERED = 'not-registered';
const PERHAPS_REGISTERED = 'perhaps-registered';

/** A create that failed, and what a following delete has to look for. */
export class RegistrationFailed extends Error {
  readonly physicalId: string;

  constructor(physicalId: string, cause: unknown) {
    super('The webhook was not registered', { cause });
    this.physicalId = physicalId;
  }
}

/**
 * @returns the physical id: the webhook's id when it was first registered
 * @throws ManagementError, or RegistrationFailed around one for a create
 */
export async function registerWebhook(ports: RegisterWebhookPorts, request: RegistrationRequest): Promise<string> {
  switch (request.type) {
    case 'Create':
      return await create(ports, request.wanted);
    case 'Update':
      return await update(ports, request);
    case 'Delete':
      await remove(ports, request);
      return request.physicalId;
  }
}

/** The webhook for this very name and URL: ours, whoever asked for it. */
async function findOwn(
  registry: WebhookRegistry,
  { name, uri }: WantedWebhook,
): Promise<RegisteredWebhook | undefined> {
  return (await registry.list()).find((webhook) => webhook.name === name && webhook.uri === uri);
}

async function create(ports: RegisterWebhookPorts, wanted: Registration): Promise<string> {
  const registry = ports.registryOf(wanted.apiKeySecretId);
  let found: RegisteredWebhook | undefined;
  try {
    found = await findOwn(registry, wanted);
  } catch (error) {
    throw new RegistrationFailed(NOT_REGISTERED, error);
  }
  try {
    return found === undefined ? await register(ports, registry, wanted) : await adopt(ports, registry, found, wanted);
  } catch (error) {
    if (error instanceof RegistrationFailed) throw error;
    throw new RegistrationFailed(PERHAPS_REGISTERED, error);
  }
}

/** Leaves nothing behind when it fails, as far as Gemini can be reached. */
async function register(ports: RegisterWebhookPorts, registry: WebhookRegistry, wanted: Registration): Promise<string> {
  let created: { readonly id: string; readonly secret: string };
  try {
    created = await registry.create(wantedOf(wanted));
  } catch (error) {
    if (!(error instanceof ManagementError && error.mayHaveHappened))
      throw new RegistrationFailed(NOT_REGISTERED, error);
    const late = await findOwn(registry, wanted);
    if (late === undefined) throw new RegistrationFailed(NOT_REGISTERED, error);
    return await adopt(ports, registry, late, wanted);
  }
  try {
    await ports.storeSecret(wanted.signingSecretId, created.secret);
  } catch (error) {
    await registry.delete(created.id);
    throw new RegistrationFailed(NOT_REGISTERED, error);
  }
  ports.log.info('Webhook registered', { webhook: created.id, name: wanted.name, uri: wanted.uri });
  return created.id;
}

/** Its secret was shown once, to somebody else: the next one is ours. The one before signs for 24 hours more. */
async function adopt(
  ports: RegisterWebhookPorts,
  registry: WebhookRegistry,
  found: RegisteredWebhook,
  wanted: Registration,
): Promise<string> {
  await correct(registry, found, wanted);
  await ports.storeSecret(wanted.signingSecretId, await registry.rotate(found.id));
  ports.log.info('Webhook adopted', { webhook: found.id, name: wanted.name, uri: wanted.uri });
  return found.id;
}

async function update(
  ports: RegisterWebhookPorts,
  request: RegistrationRequest & { readonly type: 'Update' },
): Promise<string> {
  const { wanted, old, physicalId } = request;
  const registry = ports.registryOf(wanted.apiKeySecretId);
  const isSameProject = wanted.apiKeySecretId === old.apiKeySecretId;
  const found = (await registry.get(physicalId)) ?? (await findOwn(registry, wanted)) ?? (await findOwn(registry, old));
  let id: string;
  if (found === undefined) {
    id = await register(ports, registry, wanted).catch((error: unknown) => {
      throw error instanceof RegistrationFailed ? error.cause : error;
    });
  } else if (found.id !== physicalId || wanted.signingSecretId !== old.signingSecretId) {
    id = await adopt(ports, registry, found, wanted);
  } else {
    id = found.id;
    await correct(registry, found, wanted);
    ports.log.info('Webhook updated', { webhook: id, name: wanted.name, uri: wanted.uri });
  }
  // Another id would have CloudFormation delete the one before: right in the project that was left, wrong in the same.
  return isSameProject ? physicalId : id;
}

/** A webhook that somebody disabled by hand stays so; one that Gemini disabled is what the deployment sets right. */
async function correct(registry: WebhookRegistry, found: RegisteredWebhook, wanted: WantedWebhook): Promise<void> {
  const changes = differences(found, wanted);
  if (Object.keys(changes).length === 0) return;
  try {
    await registry.update(found.id, changes);
  } catch (error) {
    if (!(error instanceof ManagementError && error.mayHaveHappened)) throw error;
    const now = await registry.get(found.id);
    if (now === undefined || Object.keys(differences(now, wanted)).length > 0) throw error;
  }
}

/** What an update would have to say, and nothing when the webhook is as it is to be. */
export function differences(
  found: RegisteredWebhook,
  wanted: WantedWebhook,
): Partial<WantedWebhook> & { readonly state?: 'enabled' } {
  return {
    ...(found.name !== wanted.name && { name: wanted.name }),
    ...(found.uri !== wanted.uri && { uri: wanted.uri }),
    ...(!hasSameEvents(found.events, wanted.events) && { events: wanted.events }),
    ...(found.state === 'disabled_due_to_failed_deliveries' && { state: 'enabled' as const }),
  };
}

function hasSameEvents(found: readonly string[], wanted: readonly SubscribableEvent[]): boolean {
  return found.toSorted().join() === wanted.toSorted().join();
}

async function remove(
  ports: RegisterWebhookPorts,
  { wanted, physicalId }: RegistrationRequest & { readonly type: 'Delete' },
): Promise<void> {
  // Nothing was made, and with a key that does not hold nothing could be asked: the rollback must not fail for that.
  if (physicalId === NOT_REGISTERED) return;
  const registry = ports.registryOf(wanted.apiKeySecretId);
  const there = physicalId === PERHAPS_REGISTERED ? undefined : await registry.get(physicalId);
  const found = there ?? (await findOwn(registry, wanted));
  if (found === undefined) return;
  await registry.delete(found.id);
  ports.log.info('Webhook deleted', { webhook: found.id, name: wanted.name, uri: wanted.uri });
}

function wantedOf({ name, uri, events }: Registration): WantedWebhook {
  return { name, uri, events };
}
