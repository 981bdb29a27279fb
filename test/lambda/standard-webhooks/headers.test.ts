import { expect, it } from 'vitest';
import { checkTolerance, parseWebhookHeaders } from '../../../lambda/standard-webhooks/headers.ts';

const GOOD = { 'webhook-id': 'msg_1', 'webhook-timestamp': '1780000000', 'webhook-signature': 'v1,abc v1a,def' };

it('reads several signatures', () => {
  expect(parseWebhookHeaders(GOOD)).toEqual({
    id: 'msg_1',
    timestamp: '1780000000',
    timestampSeconds: 1_780_000_000,
    signatures: [
      { identifier: 'v1', value: 'abc' },
      { identifier: 'v1a', value: 'def' },
    ],
  });
});

it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('refuses a delivery without %s', (name) => {
  expect(() => parseWebhookHeaders({ ...GOOD, [name]: undefined })).toThrow(
    expect.objectContaining({ code: 'ERR_HEADER_MISSING' }),
  );
  expect(() => parseWebhookHeaders({ ...GOOD, [name]: '' })).toThrow(
    expect.objectContaining({ code: 'ERR_HEADER_MISSING' }),
  );
});

it.each([
  ['webhook-id', 'msg.1'],
  ['webhook-id', 'msg 1'],
  ['webhook-id', 'é'],
  ['webhook-id', 'a'.repeat(257)],
  ['webhook-timestamp', '1e9'],
  ['webhook-timestamp', '1780000000.5'],
  ['webhook-timestamp', '+1780000000'],
  ['webhook-timestamp', '01780000000'],
  ['webhook-timestamp', '1780000000abc'],
  ['webhook-signature', 'abc'],
  ['webhook-signature', ' '],
  ['webhook-signature', ',abc'],
  ['webhook-signature', 'v1,'],
  ['webhook-signature', Array(17).fill('v1,a').join(' ')],
  ['webhook-signature', `v1,${'a'.repeat(4096)}`],
])('refuses %s %.40j', (name, value) => {
  expect(() => parseWebhookHeaders({ ...GOOD, [name]: value })).toThrow(
    expect.objectContaining({ code: 'ERR_HEADER_INVALID' }),
  );
});

it('reads as much as it may be', () => {
  const longest = 'a'.repeat(4093);

  expect(parseWebhookHeaders({ ...GOOD, 'webhook-signature': Array(16).fill('v1,a').join(' ') }).signatures).toEqual(
    Array(16).fill({ identifier: 'v1', value: 'a' }),
  );
  expect(parseWebhookHeaders({ ...GOOD, 'webhook-signature': `v1,${longest}` }).signatures).toEqual([
    { identifier: 'v1', value: longest },
  ]);
});

it('passes over what is no entry beside one that is', () => {
  expect(parseWebhookHeaders({ ...GOOD, 'webhook-signature': ' abc  ,x v1, v1a,def ' }).signatures).toEqual([
    { identifier: 'v1a', value: 'def' },
  ]);
});

it('tolerates 300 s both ways and no more', () => {
  const now = new Date(1_780_000_000_000);

  expect(() => checkTolerance(1_779_999_700, now)).not.toThrow();
  expect(() => checkTolerance(1_780_000_300, now)).not.toThrow();
  expect(() => checkTolerance(1_779_999_699, now)).toThrow(
    expect.objectContaining({ code: 'ERR_TIMESTAMP_OUT_OF_TOLERANCE' }),
  );
  expect(() => checkTolerance(1_780_000_301, now)).toThrow(
    expect.objectContaining({ code: 'ERR_TIMESTAMP_OUT_OF_TOLERANCE' }),
  );
});
