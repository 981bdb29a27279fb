/** The services of our own, as the AWS SDK sees them through the gateway. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  DeleteSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EventBus } from '../../../local/aws/event-bus.ts';
import { type Gateway, startGateway } from '../../../local/aws/gateway.ts';
import { SecretsManager } from '../../../local/aws/secrets-manager.ts';

const eventsFile = join(mkdtempSync(join(tmpdir(), 'bus-')), 'events.jsonl');
const delivered: string[] = [];
const secrets = new SecretsManager();
const onFatal = vi.fn();
let gateway: Gateway;
let events: EventBridgeClient;
let eventBus: EventBus;
let secretsManager: SecretsManagerClient;

const target = (Arn: string) => ({ Id: 'Target0', Arn, DeadLetterConfig: { Arn: 'dlq' } });
const rule = (id: string, EventPattern: Record<string, unknown>, arn: string) => ({
  ...{ id, ref: id, arn: `arn:${id}` },
  properties: { EventBusName: 'bus', EventPattern, State: 'ENABLED' as const, Targets: [target(arn)] },
});
let isOpen = Promise.resolve();
const bus = {
  id: 'Bus',
  ref: 'bus',
  arn: 'arn:aws:events:us-east-1:000000000000:event-bus/bus',
  properties: { Name: 'bus' },
};
const deliverTo = (arn: string) => async (body: string, attributes?: Record<string, string>) => {
  await isOpen;
  if (arn === 'broken') throw new Error('AWS.SimpleQueueService.NonExistentQueue');
  if (body.includes('"lost":true')) throw new Error('AWS.SimpleQueueService.NonExistentQueue');
  delivered.push(`${arn} ${JSON.parse(body)['detail-type']} ${attributes?.['ERROR_MESSAGE'] ?? ''}`.trim());
};

beforeEach(async () => {
  delivered.length = 0;
  onFatal.mockClear();
  eventBus = new EventBus({ bus, deliverTo, eventsFile });
  eventBus.setRules([
    rule('Batch', { detail: { jobType: ['batch'] } }, 'queue'),
    rule('Broken', { detail: { broken: [true] } }, 'broken'),
  ]);
  gateway = await startGateway({
    emulators: {},
    services: { events: eventBus.serve, secretsmanager: secrets.serve },
    onFatal,
    allows: async () => true,
  });
  const options = {
    endpoint: gateway.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'Verifier', secretAccessKey: 'x' },
  };
  events = new EventBridgeClient(options);
  secretsManager = new SecretsManagerClient(options);
});
afterEach(() => gateway.close());

const BASE = { EventBusName: 'bus', Source: 's', DetailType: 'batch.succeeded', Detail: '{"jobType":"batch"}' };

/** Resolves when the event has reached its targets, too. */
async function put(entry: object) {
  const answer = await events.send(new PutEventsCommand({ Entries: [{ ...BASE, ...entry }] }));
  await eventBus.settled();
  return answer;
}

it('routes an event by the rules, and writes it down as EventBridge delivers it', async () => {
  const { FailedEntryCount, Entries } = await put({ Time: new Date('2026-11-24T05:00:00.987Z') });

  expect(FailedEntryCount).toBe(0);
  expect(delivered).toEqual(['queue batch.succeeded']);
  expect(JSON.parse(readFileSync(eventsFile, 'utf8').trim().split('\n').at(-1) ?? '')).toEqual({
    ...{
      version: '0',
      id: Entries?.[0]?.EventId,
      'detail-type': 'batch.succeeded',
      source: 's',
      account: '000000000000',
    },
    ...{ time: '2026-11-24T05:00:00Z', region: 'us-east-1', resources: [], detail: { jobType: 'batch' } },
  });
});

it.each([
  ['another bus', { EventBusName: 'default' }, 'ResourceNotFoundException'],
  ['a detail that is no object', { Detail: '[1]' }, 'MalformedDetail'],
  ['a detail that is no JSON', { Detail: '{' }, 'MalformedDetail'],
  ['no source', { Source: '' }, 'InvalidArgument'],
  ['a detail-type of 129 characters', { DetailType: 'x'.repeat(129) }, 'InvalidArgument'],
  ['more than 1 MiB', { Detail: JSON.stringify({ a: 'x'.repeat(1024 * 1024) }) }, 'InvalidArgument'],
])('refuses the entry, and still answers 200: %s', async (_what, entry, ErrorCode) => {
  const { FailedEntryCount, Entries } = await put(entry);

  expect(FailedEntryCount).toBe(1);
  expect(Entries).toMatchObject([{ ErrorCode }]);
  expect(delivered).toEqual([]);
});

it('takes ten entries at a time, and of eleven none', async () => {
  const entry = { EventBusName: 'bus', Source: 's', DetailType: 'batch.succeeded', Detail: '{"jobType":"batch"}' };
  const all = (count: number) => events.send(new PutEventsCommand({ Entries: Array(count).fill(entry) }));

  await expect(all(11)).rejects.toMatchObject({ name: 'ValidationException' });
  expect(delivered).toEqual([]);
  expect((await all(10)).FailedEntryCount).toBe(0);
  await eventBus.settled();
  expect(delivered).toHaveLength(10);
});

it('sets the time of an event that comes without one', async () => {
  const before = Math.floor(Date.now() / 1000) * 1000;
  await put({});

  const { time } = JSON.parse(readFileSync(eventsFile, 'utf8').trim().split('\n').at(-1) ?? '');
  expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
});

it('answers before a target has taken the event, as EventBridge does, whatever becomes of it there', async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  isOpen = opened;

  expect(await events.send(new PutEventsCommand({ Entries: [{ ...BASE, Detail: '{"broken":true}' }] }))).toMatchObject({
    FailedEntryCount: 0,
  });
  expect(delivered).toEqual([]);
  open();
  await eventBus.settled();
  expect(delivered).toHaveLength(1);
});

it('has recorded and announced an event for good that neither its target nor the dead-letter queue takes', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const heard: string[] = [];
  eventBus.onEvent(({ detail }) => heard.push(JSON.stringify(detail)));

  expect((await put({ Detail: '{"broken":true,"lost":true}' })).FailedEntryCount).toBe(0);

  expect(heard).toEqual(['{"broken":true,"lost":true}']);
  expect(error.mock.calls.flat().join()).toContain('An event for broken is lost');
  error.mockRestore();
});

it('refuses a log group by the ARN that CloudFormation gives, to which EventBridge delivers nothing', () => {
  const arn = 'arn:aws:logs:us-east-1:000000000000:log-group:group:*';

  expect(() => eventBus.setRules([rule('CatchAll', { source: ['s'] }, arn)])).toThrow(
    `CatchAll has the target ${arn}, to which`,
  );
});

it('delivers by the rules that are there when an event comes', async () => {
  eventBus.setRules([]);
  await put({});
  eventBus.setRules([rule('Late', { detail: { jobType: ['batch'] } }, 'late')]);
  await put({});

  expect(delivered).toEqual(['late batch.succeeded']);
});

it('buries an event that a target did not take, and says why', async () => {
  await put({ Detail: '{"broken":true}' });

  expect(delivered).toEqual(['dlq batch.succeeded AWS.SimpleQueueService.NonExistentQueue']);
});

it('keeps the secret before the current one, and knows no other', async () => {
  const get = (SecretId: string, VersionStage?: string) =>
    secretsManager.send(new GetSecretValueCommand({ SecretId, VersionStage }));
  secrets.put('team/key', 'old');
  await expect(get('team/key', 'AWSPREVIOUS')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  secrets.put('team/key', 'new');

  expect(await get('team/key')).toMatchObject({ SecretString: 'new', CreatedDate: expect.any(Date) });
  expect(await get('arn:aws:secretsmanager:us-east-1:000000000000:secret:team/key-AbCdEf')).toMatchObject({
    SecretString: 'new',
  });
  expect(await get('team/key', 'AWSPREVIOUS')).toMatchObject({ SecretString: 'old' });
  await expect(get('nobody')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

it('stops the run at a member of a call that nobody wrote for, and names it', async () => {
  await expect(
    secretsManager.send(new GetSecretValueCommand({ SecretId: 'x', VersionStage: 'MINE' })),
  ).rejects.toThrow();

  expect(onFatal.mock.calls[0]?.[0].message).toContain('VersionStage');
});

it('stops the run at an action that nobody wrote for, and names it and who called', async () => {
  await expect(secretsManager.send(new DeleteSecretCommand({ SecretId: 'x' }))).rejects.toThrow();

  expect(onFatal.mock.calls[0]?.[0].message).toBe(
    'Verifier called secretsmanager DeleteSecret, which the local run does not know. Add it to local/aws/aws-call.ts.',
  );
});

it.each(['deny', 'drop', 'lose-answer'] as const)('can take a service away: %s', async (verdict) => {
  const restore = gateway.intercept(({ action, functionId }) =>
    action === 'PutEvents' && functionId === 'Verifier' ? verdict : 'pass',
  );
  const result = put({});

  await expect(result).rejects.toThrow();
  await eventBus.settled();
  expect(delivered).toHaveLength(verdict === 'lose-answer' ? 1 : 0);
  restore();
  expect((await put({})).FailedEntryCount).toBe(0);
});

it('tries an unfinished rotation again, as Secrets Manager does, until its version loses AWSPENDING', async () => {
  secrets.put('rotated', 'a');
  const begun = secrets.beginRotation('rotated');
  expect(secrets.beginRotation('rotated')).toBe(begun);

  const giveUp = { SecretId: 'rotated', VersionStage: 'AWSPENDING', RemoveFromVersionId: begun };
  await secretsManager.send(new UpdateSecretVersionStageCommand(giveUp));

  expect(secrets.unfinishedRotation('rotated')).toBeUndefined();
  expect(secrets.beginRotation('rotated')).not.toBe(begun);
});
