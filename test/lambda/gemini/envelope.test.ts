import { expect, it } from 'vitest';
import { toJobEvent } from '../../../lambda/gemini/envelope.ts';
import type { VerifiedDelivery } from '../../../lambda/standard-webhooks/delivery.ts';

const RECEIVED = new Date('2026-11-24T05:00:02.000Z');

function delivery(body: string | Buffer): VerifiedDelivery {
  const payload = Buffer.from(body);
  const attemptedAt = new Date('2026-11-24T05:00:01Z');
  return { project: 'acme', scheme: 'v1', webhookId: 'msg_1', attemptedAt, payload, bodySha256: 'ab' };
}

it('makes the event on the bus from a batch delivery', () => {
  const body =
    '{"type":"batch.succeeded","version":"v1","timestamp":"2026-11-24T04:59:59.123456789Z","user_metadata":{"team":"a"},"data":{"id":"abc"}}';

  expect(toJobEvent(delivery(body), RECEIVED)).toEqual({
    schemaVersion: '1',
    project: 'acme',
    webhookId: 'msg_1',
    type: 'batch.succeeded',
    jobType: 'batch',
    jobId: 'batches/abc',
    status: 'succeeded',
    occurredAt: '2026-11-24T04:59:59.123Z',
    receivedAt: '2026-11-24T05:00:02.000Z',
    origin: 'webhook',
    scheme: 'v1',
    verifiedJob: true,
    userMetadata: { team: 'a' },
    displayName: null,
    data: { id: 'abc' },
  });
});

it.each([
  '{"type":"batch.failed","userMetadata":{"team":"a"}}',
  '{"type":"batch.failed","data":{"userMetadata":{"team":"a"}}}',
  '{"type":"batch.failed","user_metadata":[],"data":{"user_metadata":{"team":"a"}}}',
])('finds the user metadata of %s', (body) => {
  expect(toJobEvent(delivery(body), RECEIVED)).toMatchObject({ userMetadata: { team: 'a' } });
});

it.each(['v1a', 'jwt'] as const)(
  'does not take the job for verified that came by %s: Google signs for everybody',
  (scheme) => {
    const given = { ...delivery('{"type":"batch.succeeded","data":{"id":"abc"}}'), scheme };

    expect(toJobEvent(given, RECEIVED)).toMatchObject({ verifiedJob: false });
  },
);

it('leaves out webhook configurations and whatever holds the token, however deep', () => {
  const token = 'dynamic-token-that-nobody-can-guess-0123456';
  const url = `https://api/webhooks/gemini/dynamic/${token}`;
  const data = {
    id: 'abc',
    webhook_config: { uris: [url] },
    job: { webhookConfig: { uris: ['https://api'] }, name: 'x', notes: [1, `see ${url}`, null, 'y'] },
    user_metadata: { url, plain: token, [token]: 'a key', other: `${token.slice(1)}`, team: 'a' },
  };
  const body = JSON.stringify({ type: 'batch.succeeded', data });

  const stripped = { other: token.slice(1), team: 'a' };
  expect(toJobEvent(delivery(body), RECEIVED, token)).toMatchObject({
    userMetadata: stripped,
    data: { id: 'abc', job: { name: 'x', notes: [1, null, 'y'] }, user_metadata: stripped },
  });
  expect(JSON.stringify(toJobEvent(delivery(body), RECEIVED, token))).not.toContain(token);
  // By the static route no token comes with the delivery; a dynamic URL is known by its form.
  expect(JSON.stringify(toJobEvent(delivery(body), RECEIVED))).not.toContain('/dynamic/');
});

it.each([
  ['batch.failed', 'batches/x1', 'batch', 'batches/x1'],
  ['batch.failed', 'batch_123456', 'batch', 'batches/batch_123456'],
  ['interaction.completed', 'v1_ChdTbXNI', 'interaction', 'v1_ChdTbXNI'],
  ['interaction.completed', 'interactions/v1_ChdTbXNI', 'interaction', 'v1_ChdTbXNI'],
  ['video.generated', 'models/veo-3.1/operations/ld6i', 'video', 'models/veo-3.1/operations/ld6i'],
  ['video.generated', 'operations/ld6i', 'video', 'operations/ld6i'],
  ['interaction.completed', 'batches/v1_x', 'other', null],
  ['interaction.completed', 'interactions/', 'other', null],
  ['interaction.completed', 'interactions/interactions/x', 'other', null],
  ['video.generated', 'ld6i', 'video', 'ld6i'],
  ['batch.succeeded', '../../etc', 'other', null],
  ['batch.succeeded', 'batches/é', 'other', null],
  ['batch.succeeded', 'a'.repeat(4096), 'other', null],
  ['interaction.completed', 'a.b', 'other', null],
  ['ping', 'abc', 'other', null],
  ['batchy.succeeded', 'abc', 'other', null],
])('routes %s with id %.40s as %s', (type, id, jobType, jobId) => {
  expect(toJobEvent(delivery(JSON.stringify({ type, data: { id } })), RECEIVED)).toMatchObject({ jobType, jobId });
});

/** The whole event is the first level, and `data` the second. */
const nested = (levels: number) => `{"type":"ping","data":{"a":${'['.repeat(levels - 2)}7${']'.repeat(levels - 2)}}}`;

it('takes nesting of 64 levels', () => {
  expect(toJobEvent(delivery(nested(64)), RECEIVED)).toMatchObject({ type: 'ping' });
});

it.each([
  '{"type":"ping"}',
  '{"type":"batch.succeeded","data":null}',
  '{"type":"batch.succeeded","data":[1],"timestamp":7}',
])('accepts %s, dated by the attempt, without data', (body) => {
  expect(toJobEvent(delivery(body), RECEIVED)).toMatchObject({
    jobType: 'other',
    data: {},
    occurredAt: '2026-11-24T05:00:01.000Z',
  });
});

it.each([
  ['no JSON', 'hello'],
  ['a list', '[]'],
  ['null', 'null'],
  ['no type', '{"data":{}}'],
  ['an empty type', '{"type":""}'],
  ['a type that EventBridge cannot carry', `{"type":"${'a'.repeat(129)}"}`],
  ['a lone surrogate', '{"type":"\\ud800"}'],
  ['our own voice', '{"type":"output.stored"}'],
  ['bytes that are not UTF-8', Buffer.from('7b2274797065223a2261ff227d', 'hex')],
  ['nesting of 65 levels', nested(65)],
  ['bottomless nesting', `{"type":"ping","data":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`],
])('refuses %s', (_name, body) => {
  expect(() => toJobEvent(delivery(body), RECEIVED)).toThrow(expect.objectContaining({ code: 'ERR_BODY_INVALID' }));
});

it('leaves out data and metadata that would be too large for the bus once written again', () => {
  const numbers = (count: number) => `{"a":[${Array.from({ length: count }, () => '1e20').join()}]}`;
  const body = (count: number) =>
    `{"type":"batch.succeeded","user_metadata":${numbers(count)},"data":{"id":"abc","b":${numbers(count)}}}`;

  const fits = toJobEvent(delivery(body(20_000)), RECEIVED);
  const large = toJobEvent(delivery(body(26_000)), RECEIVED);

  expect(fits.data).toMatchObject({ id: 'abc' });
  expect(body(26_000).length).toBeLessThan(262_145);
  expect(large).toMatchObject({ jobId: 'batches/abc', userMetadata: {}, data: {} });
});
