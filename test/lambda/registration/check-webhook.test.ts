import { describe, expect, it } from 'vitest';
import { checkWebhook } from '../../../lambda/registration/check-webhook.ts';
import type { RegisteredWebhook } from '../../../lambda/registration/ports.ts';
import { TransientError } from '../../../lambda/shared/errors.ts';
import { FakeWebhookRegistry } from '../../fakes/webhook-registry.ts';

const WANTED = { name: 'ours', uri: 'https://uri', events: ['batch.succeeded', 'batch.failed'] } as const;

function setUp(...webhooks: Partial<RegisteredWebhook>[]) {
  const registry = new FakeWebhookRegistry();
  for (const webhook of webhooks) registry.add({ ...WANTED, ...webhook });
  const counted: unknown[][] = [];
  const lines: [string, Record<string, unknown>][] = [];
  const write = (message: string, fields: object) => void lines.push([message, { ...fields }]);
  const waited: number[] = [];
  const stored = { values: ['whsec_old-current'], afterWaiting: undefined as string[] | undefined, broken: false };
  const ports = {
    registry,
    signingSecrets: async () => {
      if (stored.broken) throw new TransientError('ERR_KEYS_UNAVAILABLE', 'The secret s cannot be read');
      return stored.values;
    },
    wait: async (milliseconds: number) => {
      waited.push(milliseconds);
      stored.values = stored.afterWaiting ?? stored.values;
    },
    log: { info: write, warn: write, error: write },
    metrics: { count: (...call: unknown[]) => void counted.push(call), seconds: () => {} },
  };
  const check = (repair: boolean) => checkWebhook(ports, { project: 'acme', wanted: WANTED, repair });
  return { registry, stored, waited, counted, lines, ports, check };
}
const HEALTHY = ['WebhookHealthy', { project: 'acme' }, 1];
const SICK = ['WebhookHealthy', { project: 'acme' }, 0];

it('finds nothing amiss with what was deployed, and writes no line', async () => {
  const { registry, counted, lines, check } = setUp({});

  expect(await check(true)).toEqual([]);

  expect(registry.calls).toEqual(['list']);
  expect(counted).toEqual([HEALTHY]);
  expect(lines).toEqual([]);
});

describe('what Gemini itself disabled', () => {
  const DISABLED = { state: 'disabled_due_to_failed_deliveries' };

  it('is enabled again, and counted, whatever else is wanted', async () => {
    const { registry, counted, lines, check } = setUp({ ...DISABLED, events: ['batch.succeeded'] });

    expect(await check(false)).toEqual(['disabled-due-to-failed-deliveries', 'other-events']);

    // Nothing else is touched that somebody may have meant.
    expect(registry.webhooks.get('wh1')).toMatchObject({ state: 'enabled', events: ['batch.succeeded'] });
    expect(counted).toContainEqual([
      'WebhookFindings',
      { project: 'acme', finding: 'disabled-due-to-failed-deliveries' },
    ]);
    expect(counted).toContainEqual(['WebhookRepairs', { project: 'acme' }]);
    expect(counted).toContainEqual(SICK);
    expect(lines).toMatchObject([
      ['Webhook finding', { finding: 'disabled-due-to-failed-deliveries', done: 'repaired' }],
      ['Webhook finding', { finding: 'other-events', done: 'nothing' }],
    ]);
  });

  it('is not enabled for another URL than ours', async () => {
    const { registry, check } = setUp({ ...DISABLED, uri: 'https://attacker.example' });

    expect(await check(false)).toEqual(['disabled-due-to-failed-deliveries', 'other-url']);
    expect(registry.calls).toEqual(['list']);

    expect(await check(true)).toEqual(['disabled-due-to-failed-deliveries', 'other-url']);
    expect(registry.webhooks.get('wh1')).toMatchObject({ ...WANTED, state: 'enabled' });
  });

  it('is healthy once it is enabled', async () => {
    const { counted, check } = setUp(DISABLED);

    expect(await check(false)).toEqual(['disabled-due-to-failed-deliveries']);
    expect(counted).toContainEqual(HEALTHY);
  });
});

it.each([
  ['other-url', { uri: 'https://attacker.example' }],
  ['other-events', { events: ['batch.succeeded'] }],
] as const)('reports %s once, and repairs it only where that is wanted', async (finding, changes) => {
  const fake = setUp(changes);
  expect(await fake.check(false)).toEqual([finding]);
  expect(fake.registry.calls).toEqual(['list']);
  expect(fake.counted).toEqual([['WebhookFindings', { project: 'acme', finding }], SICK]);
  expect(fake.lines).toEqual([
    [
      'Webhook finding',
      {
        ...{ project: 'acme', finding, name: 'ours', webhook: 'wh1' },
        ...{ done: 'nothing', remedy: expect.stringContaining('"gemini-webhooks repair"') },
      },
    ],
  ]);

  const repaired = setUp(changes);
  expect(await repaired.check(true)).toEqual([finding]);
  expect(repaired.registry.webhooks.get('wh1')).toMatchObject({ ...WANTED, state: 'enabled' });
  expect(repaired.counted).toContainEqual(['WebhookRepairs', { project: 'acme' }]);
  expect(repaired.counted).toContainEqual(HEALTHY);
  expect(repaired.lines).toMatchObject([['Webhook finding', { finding, done: 'repaired' }]]);
});

it.each([
  ['missing', []],
  ['disabled', [{ state: 'disabled' }]],
  ['disabled', [{ state: 'a state of 2027' }]],
] as const)('leaves alone what is %s, and says what to do', async (finding, webhooks) => {
  const { registry, counted, lines, check } = setUp(...webhooks);

  expect(await check(true)).toEqual([finding]);

  expect(registry.calls).toEqual(['list']);
  expect(counted).toContainEqual(SICK);
  expect(lines).toMatchObject([['Webhook finding', { done: 'nothing', remedy: expect.stringMatching(/^[A-Z]/) }]]);
});

it('looks at its own webhook, and touches no other of the project', async () => {
  const { registry, check } = setUp({ name: 'somebody', uri: 'https://other', state: 'disabled' }, {});

  expect(await check(true)).toEqual([]);
  expect(registry.webhooks.get('wh1')).toMatchObject({ uri: 'https://other', state: 'disabled' });
});

it('is neither healthy nor sick while Gemini cannot be asked', async () => {
  const { registry, counted, lines, check } = setUp({});
  registry.faults.set('list', 'unreachable');

  expect(await check(true)).toEqual(['unknown']);
  expect(counted).toEqual([['WebhookFindings', { project: 'acme', finding: 'unknown' }]]);
  expect(lines).toMatchObject([['Webhook finding', { remedy: 'away' }]]);
});

it.each(['list', 'update'] as const)('hides no defect behind a call of Gemini: %s', async (call) => {
  const { ports } = setUp({ state: 'disabled_due_to_failed_deliveries' });
  const registry = { ...ports.registry, [call]: () => Promise.reject(new TypeError('defect')) };

  await expect(checkWebhook({ ...ports, registry }, { project: 'acme', wanted: WANTED, repair: true })).rejects.toThrow(
    'defect',
  );
});

it('reports a repair that failed, and does not call the webhook healthy', async () => {
  const { registry, counted, lines, check } = setUp({ state: 'disabled_due_to_failed_deliveries' });
  registry.faults.set('update', 'refused');

  await check(true);

  expect(counted).toContainEqual(SICK);
  expect(lines.map(([message]) => message)).toEqual(['The webhook could not be repaired', 'Webhook finding']);
});

describe('the signing secret', () => {
  const EXPIRING = { ending: 'old', expiresAt: '2026-11-25T05:00:00Z' };
  const lasting = (ending: string) => ({ ending, expiresAt: undefined });

  it('is another one when Gemini goes on with what is stored nowhere: the webhook is not healthy, and nothing is repaired', async () => {
    const { registry, stored, counted, lines, check } = setUp({ secrets: [lasting('other'), EXPIRING] });
    stored.values = ['whsec_old'];

    expect(await check(true)).toEqual(['other-secret']);

    expect(registry.calls).toEqual(['list']);
    expect(counted).toContainEqual(['WebhookFindings', { project: 'acme', finding: 'other-secret' }]);
    expect(counted).toContainEqual(SICK);
    expect(lines).toMatchObject([
      ['Webhook finding', { done: 'nothing', remedy: expect.stringMatching(/^Rotate the signing secret now/) }],
    ]);
    expect(JSON.stringify(lines)).not.toContain('whsec_');
  });

  it.each([
    ['the current one', ['whsec_new']],
    ['the pending one', ['whsec_old', 'whsec_new']],
  ])('is known when it is %s', async (_which, values) => {
    const { stored, waited, counted, check } = setUp({ secrets: [lasting('new'), EXPIRING] });
    stored.values = values;

    expect(await check(false)).toEqual([]);
    expect(counted).toEqual([HEALTHY]);
    expect(waited).toEqual([]);
  });

  it('is looked at once more, for a rotation that has not stored yet what Gemini gave it', async () => {
    const { stored, waited, check } = setUp({ secrets: [lasting('new'), EXPIRING] });
    stored.values = ['whsec_old'];
    stored.afterWaiting = ['whsec_old', 'whsec_new'];

    expect(await check(false)).toEqual([]);
    expect(waited).toEqual([10_000]);
  });

  it('cannot be compared where Gemini shows no ending', async () => {
    const { check } = setUp({ secrets: [{ ending: '', expiresAt: undefined }] });

    expect(await check(false)).toEqual([]);
  });

  it('is not taken for readable when there is a defect', async () => {
    const { ports } = setUp({});
    const signingSecrets = () => Promise.reject(new TypeError('defect'));

    await expect(
      checkWebhook({ ...ports, signingSecrets }, { project: 'acme', wanted: WANTED, repair: false }),
    ).rejects.toThrow('defect');
  });

  it('that cannot be read makes the webhook neither healthy nor sick, unless something else is amiss', async () => {
    const alone = setUp({});
    alone.stored.broken = true;
    expect(await alone.check(false)).toEqual(['unknown']);
    expect(alone.counted).toEqual([['WebhookFindings', { project: 'acme', finding: 'unknown' }]]);
    expect(alone.lines).toMatchObject([['Webhook finding', { remedy: 'The secret s cannot be read' }]]);

    const disabled = setUp({ state: 'disabled' });
    disabled.stored.broken = true;
    expect(await disabled.check(false)).toEqual(['disabled', 'unknown']);
    expect(disabled.counted).toContainEqual(SICK);
  });
});
