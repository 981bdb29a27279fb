import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { isKeyRefused, readRefusal } from '../../../lambda/gemini/refusal.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');

function read(status: number, body: string | object, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify({ error: body });
  return readRefusal(
    { status, headers: new Headers(headers), body: Readable.from([Buffer.from(text)]) },
    'files/ab-c_1',
    NOW,
  );
}

it.each([
  ['7', 7],
  ['123456789', 86_400],
  ['0', undefined],
  ['-7', undefined],
  ['7 seconds', undefined],
  ['about 7', undefined],
  ['1234567890', undefined],
  ['Tue, 24 Nov 2026 05:00:01 GMT', 1],
])('waits as long as Retry-After says: %s', async (header, retryAfterSeconds) => {
  expect(await read(503, {}, { 'retry-after': header })).toEqual({
    kind: 'unavailable',
    status: 503,
    retryAfterSeconds,
  });
});

it.each([
  ['34s', 34],
  ['1.25s', 2],
  ['0s', undefined],
  ['-34s', undefined],
  ['34', undefined],
  ['34s and more', undefined],
  ['about 34s', undefined],
])('waits as long as RetryInfo says, without a header: %s', async (retryDelay, seconds) => {
  const details = [{ reason: 'RATE_LIMIT_EXCEEDED' }, { retryDelay }];

  expect(await read(429, { details })).toMatchObject({ kind: 'rate-limited', retryAfterSeconds: seconds });
  expect(await read(429, { details }, { 'retry-after': '7' })).toMatchObject({ retryAfterSeconds: 7 });
});

it.each([
  ['names it', { message: 'No permission to access files/ab-c_1.' }],
  ['names it between other words', { message: 'Invalid: "ab-c_1", or so' }],
  ['says that it may not exist', { message: 'You do not have permission, or it may not exist.' }],
])('is about what was asked for when it %s', async (_what, error) => {
  expect(await read(403, error)).toMatchObject({ kind: 'not-found', status: 403 });
});

it.each([
  ['names another', { message: 'No permission to access files/ab-c_11.' }],
  ['says nothing', {}],
  ['is no JSON', '<html>ab-c_1</html>'],
  ['is too long', `{"error":{"message":"ab-c_1"}}`.padEnd(65_537)],
  ['has details without a reason', { details: [{ retryDelay: '7s' }, { reason: 'OTHER' }] }],
])('is about whoever asked when it %s', async (_what, error) => {
  expect(await read(400, error)).toMatchObject({ kind: 'refused' });
});

it.each([
  [401, {}, true],
  [400, { details: [{ reason: 'OTHER' }, { reason: 'API_KEY_INVALID' }] }, true],
  [403, { details: [{ reason: 'SERVICE_DISABLED' }] }, true],
  [403, { message: 'Your API key was reported as leaked.' }, true],
  [403, { details: [{ reason: 'NOT_API_KEY_INVALID' }] }, false],
  [403, { details: [{ reason: 'SERVICE_DISABLED_FOR_A_WHILE' }] }, false],
  [403, { message: 'No permission' }, false],
  [404, { message: 'API key' }, false],
])('is about the key, or not: HTTP %d with %j', async (status, error, isKey) => {
  expect(isKeyRefused(status, { error })).toBe(isKey);
  expect((await read(status, error)).kind === 'key-refused').toBe(isKey);
});
