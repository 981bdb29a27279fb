/**
 * Registers a static webhook at Gemini as a CloudFormation resource. CloudFormation repeats, rolls back and cleans up, and
 * an answer may be lost on the way, so that every step finds out what is there before it acts:
 *
 *     create   list ─ none ──── create ──── store the secret ──── done
 *                │                 └ answer lost: list again, adopt   └ not stored: delete
 *                └ there: adopt = update what differs, rotate, store the secret
 *     update   list ─ there ─── update what differs
 *                └ gone: as create
 *     delete   list ─ delete each that is ours
 *                └ refused, or no key to ask with: done, and what is left is reported
 */
import { ManagementError } from '../shared/errors.ts';
import type { Log, WantedWebhook } from '../shared/ports.ts';
import { differences, isOwn } from './desired-webhook.ts';
import type { RegisteredWebhook, WebhookRegistry } from './ports.ts';

export interface Registration extends WantedWebhook {
  readonly apiKeySecretId: string;
  /** Where the signing secret is kept. */
  readonly signingSecretId: string;
}

export type RegistrationRequest =
  | { readonly type: 'Create'; readonly wanted: Registration }
  | { readonly type: 'Update'; readonly physicalId: string; readonly wanted: Registration; readonly old: Registration }
  /** Wanted is undefined when the request holds nothing to register by, as the create before it did. */
  | { readonly type: 'Delete'; readonly physicalId: string; readonly wanted: Registration | undefined };

export interface RegisterWebhookPorts {
  /** Gemini with the API key of that secret. */
  readonly registryOf: (apiKeySecretId: string) => WebhookRegistry;
  /** The one that the deployment names now; a request about another one cleans up after it. */
  readonly deployedApiKeySecretId: string;
  /** @throws ManagementError `ERR_SECRET_NOT_STORED` */
  readonly storeSecret: (secretId: string, value: string) => Promise<void>;
  /** What a delete had to leave at Gemini, in a sentence for the stack's events: this function's log goes with the stack. */
  readonly reportLeft: (sentence: string) => void;
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
      await removeOrLeave(ports, request);
      return request.physicalId;
  }
}

async function findOwn(registry: WebhookRegistry, wanted: WantedWebhook): Promise<RegisteredWebhook | undefined> {
  return (await registry.list()).find((webhook) => isOwn(webhook, wanted));
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
    // What is not listed yet may be there all the same: the rollback looks again.
    if (late === undefined) throw new RegistrationFailed(PERHAPS_REGISTERED, error);
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
  // Not by its id, for which a key of another project may be refused.
  const webhooks = await registry.list();
  const found =
    webhooks.find((webhook) => webhook.id === physicalId) ??
    webhooks.find((webhook) => isOwn(webhook, wanted)) ??
    webhooks.find((webhook) => isOwn(webhook, old));
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
  // Another id has CloudFormation delete the one before: right in a project that was left, wrong in the same.
  if (id === physicalId || wanted.apiKeySecretId === old.apiKeySecretId) return physicalId;
  return (await isSeenBy(ports, old.apiKeySecretId, id)) ? physicalId : id;
}

/** Another name of a secret may be another key of the same project. */
async function isSeenBy(ports: RegisterWebhookPorts, apiKeySecretId: string, id: string): Promise<boolean> {
  try {
    return (await ports.registryOf(apiKeySecretId).list()).some((webhook) => webhook.id === id);
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error;
    ports.log.warn('The API key before cannot be asked for its webhooks', { reason: error.message });
    return false;
  }
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

/**
 * A stack can always be deleted: without a key that Gemini takes there is nothing that could be done, by a second attempt
 * either. While Gemini is only away, there is.
 */
async function removeOrLeave(
  ports: RegisterWebhookPorts,
  request: RegistrationRequest & { readonly type: 'Delete' },
): Promise<void> {
  const { physicalId, wanted } = request;
  const leave = (cause: string) => {
    const what =
      physicalId === PERHAPS_REGISTERED ? 'A webhook that may have been registered' : `The webhook ${physicalId}`;
    const whose = wanted ? ` (${wanted.name}, ${wanted.uri})` : '';
    const sentence = `${what}${whose} was left at Gemini. ${cause} Delete it with a key of its project: DELETE https://generativelanguage.googleapis.com/v1beta/webhooks/<id>.`;
    ports.log.error('The webhook was left at Gemini', { webhook: physicalId, reason: cause });
    ports.reportLeft(sentence);
  };
  // Nothing was made, and with a key that is refused nothing could be asked.
  if (physicalId === NOT_REGISTERED) return;
  if (wanted === undefined) return leave('The request does not say by which key.');
  try {
    await remove(ports, physicalId, wanted);
  } catch (error) {
    if (!(error instanceof ManagementError) || error.code === 'ERR_GEMINI_UNAVAILABLE') throw error;
    leave(error.message);
  }
}

/** Every one of ours: two creates at the same time see nothing of each other, and make two. */
async function remove(ports: RegisterWebhookPorts, physicalId: string, wanted: Registration): Promise<void> {
  const registry = ports.registryOf(wanted.apiKeySecretId);
  // What is cleaned up after another key took this one's place may be of the same project, and its name and URL the live one's.
  const isCleanup = wanted.apiKeySecretId !== ports.deployedApiKeySecretId;
  const listed = (await registry.list()).filter(
    (webhook) => webhook.id === physicalId || (!isCleanup && isOwn(webhook, wanted)),
  );
  for (const { id } of listed) {
    await registry.delete(id);
    ports.log.info('Webhook deleted', { webhook: id, name: wanted.name, uri: wanted.uri });
  }
  const isListed = listed.some(({ id }) => id === physicalId);
  if (physicalId !== PERHAPS_REGISTERED && !isListed) await removeUnlisted(ports, registry, physicalId);
}

/** A list may not show yet what was just created. An id that is refused, by a key that may list, is another project's. */
async function removeUnlisted(ports: RegisterWebhookPorts, registry: WebhookRegistry, id: string): Promise<void> {
  try {
    await registry.delete(id);
  } catch (error) {
    if (!(error instanceof ManagementError) || error.code === 'ERR_GEMINI_UNAVAILABLE') throw error;
    ports.log.warn('The webhook is none of the project of this key, and was left alone', { webhook: id });
  }
}

function wantedOf({ name, uri, events }: Registration): WantedWebhook {
  return { name, uri, events };
}
