import { describe, expect, it } from 'vitest';
import {
  type Registration,
  RegistrationFailed,
  registerWebhook,
} from '../../../lambda/registration/register-webhook.ts';
import { ManagementError } from '../../../lambda/shared/errors.ts';
import { FakeWebhookRegistry } from '../../fakes/webhook-registry.ts';

const WANTED: Registration = {
  name: 'stack-default-eu-west-1-123456789012',
  uri: 'https://api/webhooks/gemini',
  events: ['batch.succeeded', 'batch.failed'],
  apiKeySecretId: 'key',
  signingSecretId: 'signing',
};
const OTHER = { ...WANTED, uri: 'https://hooks.example.com/webhooks/gemini', events: ['batch.succeeded'] } as const;

/** @param projects of other API keys, by the secret's name */
function setUp(projects: Readonly<Record<string, FakeWebhookRegistry>> = {}) {
  const registry = new FakeWebhookRegistry();
  const stored = new Map<string, string>();
  const left: string[] = [];
  const ports = {
    registryOf: (apiKeySecretId: string) => projects[apiKeySecretId] ?? registry,
    deployedApiKeySecretId: 'key',
    storeSecret: async (id: string, value: string) => {
      registry.calls.push('store');
      if (stored.has('broken')) throw new ManagementError('ERR_SECRET_NOT_STORED', 'not stored');
      stored.set(id, value);
    },
    reportLeft: (sentence: string) => void left.push(sentence),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };
  const create = (wanted = WANTED) => registerWebhook(ports, { type: 'Create', wanted });
  const update = (physicalId: string, wanted: Registration, old = WANTED) =>
    registerWebhook(ports, { type: 'Update', physicalId, wanted, old });
  const remove = (physicalId: string, wanted: Registration = WANTED) =>
    registerWebhook(ports, { type: 'Delete', physicalId, wanted });
  const removeUnreadable = (physicalId: string) =>
    registerWebhook(ports, { type: 'Delete', physicalId, wanted: undefined });
  return { registry, stored, left, create, update, remove, removeUnreadable };
}

/** The physical id that CloudFormation is given after a create that failed. */
async function physicalIdOf(creating: Promise<string>): Promise<string> {
  const error = await creating.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RegistrationFailed);
  expect((error as RegistrationFailed).cause).toBeInstanceOf(ManagementError);
  return (error as RegistrationFailed).physicalId;
}

it('looks, creates, and stores the secret before it reports success', async () => {
  const { registry, stored, create } = setUp();

  expect(await create()).toBe('wh1');

  expect(registry.calls).toEqual(['list', 'create', 'store']);
  expect(registry.webhooks.get('wh1')).toMatchObject({ name: WANTED.name, uri: WANTED.uri, events: WANTED.events });
  expect(stored.get('signing')).toMatch(/^whsec_/);
});

it('adopts the webhook that an earlier attempt made, and takes a secret of its own from it', async () => {
  const { registry, stored, create } = setUp();
  const first = await create();
  const before = stored.get('signing');

  expect(await create()).toBe(first);

  expect(registry.webhooks.size).toBe(1);
  expect(registry.calls).toEqual(['list', 'create', 'store', 'list', 'rotate', 'store']);
  expect(stored.get('signing')).not.toBe(before);
});

it.each([
  ['another name', { name: 'somebody', uri: WANTED.uri }],
  ['another URL', { name: WANTED.name, uri: 'https://elsewhere' }],
])('does not take over a webhook with %s', async (_what, webhook) => {
  const { registry, create } = setUp();
  registry.add(webhook);

  expect(await create()).toBe('wh2');
  expect(registry.webhooks.get('wh1')).toMatchObject(webhook);
});

it('finds a create again whose answer was lost, and does not make a second one', async () => {
  const { registry, stored, create } = setUp();
  registry.faults.set('create', 'answer-lost');

  expect(await create()).toBe('wh1');

  expect(registry.webhooks.size).toBe(1);
  expect(registry.calls).toEqual(['list', 'create', 'list', 'rotate', 'store']);
  expect(stored.get('signing')).toMatch(/^whsec_/);
});

it('removes the webhook again when its secret cannot be stored', async () => {
  const { registry, stored, create, remove } = setUp();
  stored.set('broken', '');

  const physicalId = await physicalIdOf(create());

  expect(registry.webhooks.size).toBe(0);
  expect(registry.calls).toEqual(['list', 'create', 'store', 'delete']);
  await remove(physicalId);
  expect(registry.calls).toHaveLength(4);
});

it.each([
  ['Gemini cannot be reached', 'list', 'unreachable'],
  ['Gemini refuses', 'create', 'refused'],
] as const)('leaves nothing behind when %s, and the rollback asks Gemini nothing', async (_what, call, fault) => {
  const { registry, create, remove } = setUp();
  registry.faults.set(call, fault);

  const physicalId = await physicalIdOf(create());
  const asked = registry.calls.length;
  await remove(physicalId);

  expect(registry.webhooks.size).toBe(0);
  expect(registry.calls).toHaveLength(asked);
});

it('has the rollback look again after a create whose answer was lost and that was not listed yet', async () => {
  const { registry, create, remove } = setUp();
  registry.faults.set('create', 'unreachable');

  const physicalId = await physicalIdOf(create());
  // Gemini was not so far away after all.
  registry.add(WANTED);
  await remove(physicalId);

  expect(registry.webhooks.size).toBe(0);
  expect(registry.calls).toEqual(['list', 'create', 'list', 'list', 'delete']);
});

it.each(['delete', 'rotate'] as const)('has the rollback clean up when %s failed during the create', async (call) => {
  const { registry, stored, create, remove } = setUp();
  if (call === 'delete') stored.set('broken', '');
  else registry.faults.set('create', 'answer-lost');
  registry.faults.set(call, 'unreachable');

  const physicalId = await physicalIdOf(create());
  expect(registry.webhooks.size).toBe(1);
  await remove(physicalId);

  expect(registry.webhooks.size).toBe(0);
});

it('updates URL and events in place, in one call, and asks for no other secret', async () => {
  const { registry, stored, create, update } = setUp();
  registry.add({ name: 'somebody else’s' });
  const id = await create();
  const secret = stored.get('signing');
  registry.calls.length = 0;

  expect(await update(id, OTHER)).toBe(id);

  expect(registry.calls).toEqual(['list', 'update']);
  expect(registry.webhooks.get(id)).toMatchObject({ uri: OTHER.uri, events: OTHER.events });
  expect(stored.get('signing')).toBe(secret);
});

it('renames the webhook whose id it knows', async () => {
  const { registry, create, update } = setUp();
  const id = await create();

  expect(await update(id, { ...WANTED, name: 'another' })).toBe(id);
  expect([...registry.webhooks.values()]).toMatchObject([{ id, name: 'another', uri: WANTED.uri }]);
});

it('says why what is gone could not be registered again', async () => {
  const { registry, create, update } = setUp();
  const id = await create();
  registry.webhooks.clear();
  registry.faults.set('create', 'refused');

  await expect(update(id, OTHER)).rejects.toMatchObject({ code: 'ERR_REGISTRATION_REFUSED' });
});

it('adopts what is registered as it is wanted now, though its id is another', async () => {
  const { registry, stored, update } = setUp();
  registry.add(OTHER);

  expect(await update('gone', OTHER)).toBe('gone');

  expect(registry.calls).toEqual(['list', 'rotate', 'store']);
  expect(stored.get('signing')).toMatch(/^whsec_/);
});

it.each([
  ['had no effect', () => {}],
  ['met no webhook any more', (registry: FakeWebhookRegistry) => registry.webhooks.clear()],
])('does not take an update for done whose answer was lost and that %s', async (_what, meanwhile) => {
  const { registry, create, update } = setUp();
  const id = await create();
  registry.faults.set('update', 'unreachable');
  const get = registry.get;
  registry.get = (asked) => {
    meanwhile(registry);
    return get(asked);
  };

  await expect(update(id, OTHER)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
  expect(registry.calls.slice(-2)).toEqual(['update', 'get']);
});

it('changes nothing when there is nothing to change, whatever the order of the events', async () => {
  const { registry, create, update } = setUp();
  const id = await create();
  registry.calls.length = 0;

  await update(id, { ...WANTED, events: ['batch.failed', 'batch.succeeded'] });

  expect(registry.calls).toEqual(['list']);
});

it('rolls back what an update did whose answer was lost', async () => {
  const { registry, create, update } = setUp();
  const id = await create();
  registry.faults.set('update', 'refused');
  await expect(update(id, OTHER)).rejects.toMatchObject({ code: 'ERR_REGISTRATION_REFUSED' });
  expect(registry.webhooks.get(id)).toMatchObject({ uri: WANTED.uri });

  registry.faults.set('update', 'answer-lost');
  expect(await update(id, OTHER)).toBe(id);
  expect(registry.webhooks.get(id)).toMatchObject({ uri: OTHER.uri });
  await update(id, WANTED, OTHER);
  expect(registry.webhooks.get(id)).toMatchObject({ uri: WANTED.uri, events: WANTED.events });
});

it('enables what Gemini disabled, and leaves disabled what somebody disabled', async () => {
  const { registry, create, update } = setUp();
  const id = await create();
  const setState = (state: string) => registry.webhooks.set(id, { id, ...OTHER, secrets: [], state });

  setState('disabled_due_to_failed_deliveries');
  await update(id, WANTED);
  expect(registry.webhooks.get(id)).toMatchObject({ state: 'enabled' });

  setState('disabled');
  await update(id, WANTED);
  expect(registry.webhooks.get(id)).toMatchObject({ state: 'disabled', uri: WANTED.uri });
});

it('registers again what is gone, under the same physical id, so that nothing is cleaned up after it', async () => {
  const { registry, create, update, remove } = setUp();
  const id = await create();
  registry.webhooks.clear();
  registry.calls.length = 0;

  expect(await update(id, OTHER)).toBe(id);
  expect(registry.calls).toEqual(['list', 'create', 'store']);
  expect([...registry.webhooks.values()]).toMatchObject([{ uri: OTHER.uri }]);

  await update(id, WANTED, OTHER);
  await remove(id);
  expect(registry.webhooks.size).toBe(0);
});

it('writes the secret into another secret when that one takes its place', async () => {
  const { stored, create, update } = setUp();
  const id = await create();

  await update(id, { ...WANTED, signingSecretId: 'replaced' });

  expect(stored.get('replaced')).toMatch(/^whsec_/);
});

describe('another API key secret', () => {
  const RENAMED = { ...WANTED, apiKeySecretId: 'renamed' };

  it('of the same project changes nothing at Gemini', async () => {
    const { registry, create, update } = setUp();
    const id = await create();
    registry.calls.length = 0;

    expect(await update(id, RENAMED)).toBe(id);
    expect(registry.calls).toEqual(['list']);
  });

  it.each([
    ['was deleted by hand', false],
    ['was registered again by a rotation', true],
  ])('of the same project, when the webhook %s, has CloudFormation clean up nothing', async (_what, isThere) => {
    const { registry, create, update } = setUp();
    const id = await create();
    registry.webhooks.clear();
    registry.add({ name: 'somebody else’s' });
    if (isThere) registry.add(WANTED);

    // Another physical id would be followed by a delete of the one before.
    expect(await update(id, RENAMED)).toBe(id);
    expect(registry.webhooks.size).toBe(2);
  });

  it('cleans up by the id alone, should the key before not show whose the new webhook is', async () => {
    const { registry, remove } = setUp();
    registry.add(WANTED);

    // The deployment names 'key': this request is about another one, before it.
    await remove('gone', RENAMED);

    expect(registry.webhooks.size).toBe(1);
    expect(registry.calls).toEqual(['list', 'delete']);
  });

  it('of another project registers there, and has CloudFormation delete in the project that was left', async () => {
    const other = new FakeWebhookRegistry('other');
    const { registry, create, update, remove } = setUp({ other });
    const id = await create();
    registry.calls.length = 0;

    const moved = await update(id, { ...WANTED, apiKeySecretId: 'other' });

    expect(moved).toBe('other1');
    expect(other.calls).toEqual(['list', 'create']);
    expect(registry.calls).toEqual(['store', 'list']);
    await remove(id);
    expect(registry.webhooks.size).toBe(0);
    expect(other.webhooks.size).toBe(1);
  });

  it('is a move as well when the key before is gone', async () => {
    const other = new FakeWebhookRegistry('other');
    const { registry, create, update } = setUp({ other });
    const id = await create();
    registry.faults.set('list', 'refused');

    expect(await update(id, { ...WANTED, apiKeySecretId: 'other' })).toBe('other1');
  });

  it('is no move while a defect of ours keeps us from asking by the key before', async () => {
    const { registry, create, update } = setUp({ other: new FakeWebhookRegistry('other') });
    const id = await create();
    registry.list = async () => {
      throw new RangeError('a defect');
    };

    await expect(update(id, { ...WANTED, apiKeySecretId: 'other' })).rejects.toThrow(RangeError);
  });
});

it('deletes, and succeeds when there is nothing to delete', async () => {
  const { registry, create, remove } = setUp();
  const id = await create();
  registry.calls.length = 0;

  expect(await remove(id)).toBe(id);
  expect(registry.calls).toEqual(['list', 'delete']);
  expect(registry.webhooks.size).toBe(0);
  expect(await remove(id)).toBe(id);
});

it('deletes both webhooks of two creates at the same time, and nobody else’s', async () => {
  const { registry, create, remove } = setUp();
  registry.add({ name: WANTED.name, uri: 'https://elsewhere' });
  const [id] = await Promise.all([create(), create()]);
  expect(registry.webhooks.size).toBe(3);

  await remove(id);

  expect([...registry.webhooks.values()]).toMatchObject([{ uri: 'https://elsewhere' }]);
});

it('leaves alone what the key may not see: its project was changed within the same secret', async () => {
  const { registry, left, create, remove } = setUp();
  const id = await create();
  registry.webhooks.clear();
  registry.faults.set('delete', 'refused');

  expect(await remove(id)).toBe(id);
  expect(left).toEqual([]);

  registry.faults.set('delete', 'unreachable');
  await expect(remove(id)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
});

it('deletes what its list does not show yet beside what it shows', async () => {
  const { registry, create, remove } = setUp();
  await create();
  registry.calls.length = 0;

  await remove('wh-unlisted');

  expect(registry.calls).toEqual(['list', 'delete', 'delete']);
});

it('says that it left a webhook that is the key’s, and that somebody renamed', async () => {
  const { registry, left, create, update, remove } = setUp();
  const id = await create();
  await update(id, { ...WANTED, name: 'renamed' });
  registry.faults.set('delete', 'refused');

  expect(await remove(id)).toBe(id);
  expect(left).toEqual([expect.stringMatching(/^The webhook wh1 /)]);
});

it.each(['list', 'delete'] as const)('does not take a defect of ours for a refusal: %s', async (call) => {
  const { registry, left, remove } = setUp();
  registry[call] = async () => {
    throw new RangeError('a defect');
  };

  await expect(remove('wh1')).rejects.toThrow(RangeError);
  expect(left).toEqual([]);
});

describe('a deletion is always possible', () => {
  it.each([
    ['ERR_API_KEY_MISSING', 'The secret key is not there.'],
    ['ERR_API_KEY_REFUSED', 'Gemini refused the API key.'],
    ['ERR_REGISTRATION_REFUSED', 'Gemini does not serve the place of this AWS Region.'],
  ] as const)('with %s, and says what is left at Gemini', async (code, cause) => {
    const { registry, left, create, remove } = setUp();
    const id = await create();
    registry.list = async () => {
      throw new ManagementError(code, cause);
    };

    expect(await remove(id)).toBe('wh1');
    expect(left).toEqual([
      `The webhook wh1 (stack-default-eu-west-1-123456789012, https://api/webhooks/gemini) was left at Gemini. ${cause} ` +
        'Delete it with a key of its project: DELETE https://generativelanguage.googleapis.com/v1beta/webhooks/<id>.',
    ]);
  });

  it('after a create whose end nobody knows, too', async () => {
    const { registry, left, remove } = setUp();
    registry.faults.set('list', 'refused');

    expect(await remove('perhaps-registered')).toBe('perhaps-registered');
    expect(left[0]).toMatch(/^A webhook that may have been registered \(stack-default-/);
  });

  it('when the webhook is gone, and nothing is left', async () => {
    const { registry, left, create, remove } = setUp();
    const id = await create();
    registry.webhooks.clear();

    expect(await remove(id)).toBe('wh1');
    expect(left).toEqual([]);
  });

  it('when another version wrote the request', async () => {
    const { registry, left, create, removeUnreadable } = setUp();
    await create();
    registry.calls.length = 0;

    expect(await removeUnreadable('wh1')).toBe('wh1');
    expect(await removeUnreadable('not-registered')).toBe('not-registered');
    expect(registry.calls).toEqual([]);
    expect(left).toEqual([expect.stringMatching(/^The webhook wh1 was left at Gemini\. The request does not say/)]);
  });

  it('but is tried again while Gemini is away', async () => {
    const { registry, left, create, remove } = setUp();
    const id = await create();
    registry.faults.set('list', 'unreachable');

    await expect(remove(id)).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE' });
    expect(left).toEqual([]);
  });
});
