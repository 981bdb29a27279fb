/** The registration as CloudFormation asks for it, with the SDK's own requests, in two simulated Gemini projects. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  parseCustomResourceEvent,
  toFailure,
  toRegistrationRequest,
} from '../../lambda/registration/cloudformation.ts';
import { registerWebhook } from '../../lambda/registration/register-webhook.ts';
import { GenAiWebhookRegistry } from '../../lambda/registration/registry.client.ts';
import { ManagementError } from '../../lambda/shared/errors.ts';
import { type GeminiSimulator, startGeminiSimulator } from '../../local/gemini/simulator.ts';

/** By the secret's name: the key that it holds, and where that is valid. `renamed` is another key secret of the first project. */
const PROJECTS: Readonly<Record<string, number>> = { first: 0, renamed: 0, second: 1 };
const KEYS = ['AIza-first', 'AIza-second'];
let simulators: GeminiSimulator[];
/** What the template that is deployed now names. */
let deployed: string;
let isStored: boolean;
/** Instead of a simulator. */
let elsewhere: string | undefined;

beforeEach(async () => {
  simulators = await Promise.all(KEYS.map((apiKey) => startGeminiSimulator({ apiKey })));
  deployed = 'first';
  isStored = true;
  elsewhere = undefined;
});
afterEach(() => Promise.all(simulators.map((simulator) => simulator.close())));

const log = { info: () => {}, warn: () => {}, error: () => {} };
const ports = {
  registryOf: (apiKeySecretId: string) => {
    const project = PROJECTS[apiKeySecretId];
    const value = project === undefined ? undefined : KEYS[project];
    const read = async () => (value === undefined ? undefined : { value, createdAt: new Date(0) });
    const baseUrl = elsewhere ?? simulators[project ?? 0]?.url ?? '';
    return new GenAiWebhookRegistry({ secrets: { read }, apiKeySecretId, baseUrl, wait: async () => {} });
  },
  get deployedApiKeySecretId() {
    return deployed;
  },
  storeSecret: async () => {
    if (!isStored) throw new ManagementError('ERR_SECRET_NOT_STORED', 'Secrets Manager did not serve the secret.');
  },
  reportLeft: () => {},
  log,
};

const propertiesOf = (ApiKeySecretId: string, changes: object = {}) => ({
  ...{ Name: 'stack-default', Uri: 'https://api/webhooks/gemini', SubscribedEvents: ['batch.succeeded'] },
  ...{ ApiKeySecretId, SigningSecretId: 'signing' },
  ...changes,
});

/** What the function would answer CloudFormation. */
async function request(changes: object): Promise<{ status: string; physicalId: string; reason?: string }> {
  const sent = {
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Webhook',
    ResponseURL: 'http://127.0.0.1',
  };
  const event = parseCustomResourceEvent({ ...sent, ...changes }, { region: 'eu-west-1', other: '127.0.0.1' });
  try {
    return { status: 'SUCCESS', physicalId: await registerWebhook(ports, toRegistrationRequest(event)) };
  } catch (error) {
    return toFailure(event, error);
  }
}
const create = (key = 'first') => request({ RequestType: 'Create', ResourceProperties: propertiesOf(key) });
const update = (PhysicalResourceId: string, from: object, to: object) =>
  request({ RequestType: 'Update', PhysicalResourceId, OldResourceProperties: from, ResourceProperties: to });
const remove = (PhysicalResourceId: string, properties: object = propertiesOf('first')) =>
  request({ RequestType: 'Delete', PhysicalResourceId, ResourceProperties: properties });

async function control(project: number, path: string, body?: object): Promise<Record<string, unknown>> {
  const options = body && { method: 'PATCH', body: JSON.stringify(body) };
  const response = await fetch(`${simulators[project]?.controlUrl}${path}`, options ?? {});
  return (await response.json()) as Record<string, unknown>;
}
async function journal(project = 0): Promise<string[]> {
  const { journal: calls } = (await control(project, '/stats')) as { journal: string[] };
  return calls.map((call) => call.replace('webhooks.', ''));
}
async function left(project = 0): Promise<number> {
  const response = await fetch(`${simulators[project]?.url}/v1beta/webhooks`, {
    headers: { 'x-goog-api-key': KEYS[project] ?? '' },
  });
  return ((await response.json()) as { webhooks?: object[] }).webhooks?.length ?? 0;
}

describe('the calls that Gemini sees', () => {
  it('of a create, an update and a delete', async () => {
    const { physicalId } = await create();
    await update(physicalId, propertiesOf('first'), propertiesOf('first', { Uri: 'https://domain/webhooks/gemini' }));
    await remove(physicalId, propertiesOf('first', { Uri: 'https://domain/webhooks/gemini' }));

    expect(await journal()).toEqual(['list 200', 'create 200', 'list 200', 'update 200', 'list 200', 'delete 200']);
    expect(await left()).toBe(0);
  });

  it('of a create whose secret is not stored, and its rollback', async () => {
    isStored = false;
    const failed = await create();
    await remove(failed.physicalId);

    expect(failed.status).toBe('FAILED');
    expect(await journal()).toEqual(['list 200', 'create 200', 'delete 200']);
    expect(await left()).toBe(0);
  });

  it('of a create whose answer is lost', async () => {
    await control(0, '/switches', { loseAnswers: 1 });

    expect(await create()).toMatchObject({ status: 'SUCCESS' });
    expect(await journal()).toEqual(['list 200', 'create 200', 'list 200', 'rotateSigningSecret 200']);
    expect(await left()).toBe(1);
  });

  it('of an update that is refused, and its rollback', async () => {
    const { physicalId } = await create();
    const broken = propertiesOf('first', { Uri: 'nowhere' });
    expect(await update(physicalId, propertiesOf('first'), broken)).toMatchObject({ status: 'FAILED', physicalId });
    expect(await update(physicalId, broken, propertiesOf('first'))).toMatchObject({ status: 'SUCCESS', physicalId });

    expect((await journal()).slice(2)).toEqual(['list 200', 'update 400', 'list 200']);
  });

  it('of a change to another project, with the clean-up in the one that is left', async () => {
    const { physicalId } = await create();
    deployed = 'second';
    const moved = await update(physicalId, propertiesOf('first'), propertiesOf('second'));
    await remove(physicalId, propertiesOf('first'));

    expect(moved.physicalId).not.toBe(physicalId);
    expect((await journal(0)).slice(2)).toEqual(['list 200', 'list 200', 'delete 200']);
    expect(await journal(1)).toEqual(['list 200', 'create 200']);
    expect([await left(0), await left(1)]).toEqual([0, 1]);
  });

  it('of such a change that is rolled back', async () => {
    const { physicalId } = await create();
    deployed = 'second';
    const moved = await update(physicalId, propertiesOf('first'), propertiesOf('second'));
    deployed = 'first';
    const back = await update(moved.physicalId, propertiesOf('second'), propertiesOf('first'));
    await remove(moved.physicalId, propertiesOf('second'));

    expect(back.physicalId).toBe(physicalId);
    expect((await journal(0)).slice(2)).toEqual(['list 200', 'list 200', 'rotateSigningSecret 200']);
    expect(await journal(1)).toEqual(['list 200', 'create 200', 'list 200', 'list 200', 'delete 200']);
    expect([await left(0), await left(1)]).toEqual([1, 0]);
  });

  it('of another key secret of the same project, after the webhook was deleted by hand', async () => {
    const { physicalId } = await create();
    await remove(physicalId);
    deployed = 'renamed';

    const renamed = await update(physicalId, propertiesOf('first'), propertiesOf('renamed'));

    expect(renamed).toEqual({ status: 'SUCCESS', physicalId });
    expect((await journal()).slice(4)).toEqual(['list 200', 'create 200', 'list 200']);
    expect(await left()).toBe(1);
  });
});

describe('a create that fails', () => {
  it('for a missing secret says how to make it, asks Gemini nothing, and so does its rollback', async () => {
    const failed = await create('nobody');

    expect(failed).toEqual({
      ...{ status: 'FAILED', physicalId: 'not-registered' },
      reason:
        'The secret nobody is not there, or has no text; it has to hold the Gemini API key. Create it with "aws secretsmanager create-secret --name nobody --secret-string <key>", or name another one, and try again.',
    });
    expect(await remove(failed.physicalId, propertiesOf('nobody'))).toMatchObject({ status: 'SUCCESS' });
    expect(await journal()).toEqual([]);
  });

  it('for a key that may not manage webhooks says what to lift', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end('{"error":{"code":"permission_denied","message":"The caller does not have permission"}}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    elsewhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    expect(await create()).toEqual({
      ...{ status: 'FAILED', physicalId: 'not-registered' },
      reason:
        "The API key in the secret first may not manage webhooks (HTTP 403). Lift the key's API restrictions, or use a key of the project's owner, and try again.",
    });
    server.close();
  });

  it('while Gemini cannot be reached says to wait, and leaves nothing to roll back', async () => {
    const [gone] = simulators;
    elsewhere = gone?.url ?? '';
    await gone?.close();

    const failed = await create();

    expect(failed).toMatchObject({
      ...{ status: 'FAILED', physicalId: 'not-registered' },
      reason: expect.stringMatching(/^Gemini could not list webhooks: it did not answer\. Try again later;/),
    });
    expect(await remove(failed.physicalId)).toMatchObject({ status: 'SUCCESS' });
    simulators = simulators.slice(1);
  });
});
