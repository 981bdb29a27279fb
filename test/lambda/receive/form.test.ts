import { expect, it } from 'vitest';
import { formOfDelivery, formOfHeader } from '../../../lambda/receive/form.ts';

it.each([
  ['webhook-id', 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W', 'msg_<27 letters and digits>'],
  ['webhook-timestamp', '1674087231', '<10 digits>'],
  [
    'webhook-signature',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
    'v1,<44 base64> v1a,<88 base64>',
  ],
  ['webhook-signature', 'not,of Bearer,t0ken', 'not,<2 letters and digits> <12 characters>'],
  ['webhook-signature', 'Much-Longer,t0ken', '<17 characters>'],
  ['webhook-signature', 'longerthan8,t0ken', '<17 characters>'],
  ['webhook-id', 'abc', '<3 letters and digits>'],
  ['webhook-id', 'Some msg_abc', '<12 characters>'],
  ['webhook-id', 'msg_abc\nd', '<9 characters>'],
  ['x-id', 'msg_abc', '<7 letters and digits>'],
  ['user-agent', 'Google-Webhooks (+https://example.com)', '<38 characters>'],
])('describes %s by its form alone', (name, value, form) => {
  expect(formOfHeader(name, value)).toBe(form);
});

it('says where things are in a delivery, and nothing of what they are', () => {
  const secret = 'a-secret-that-a-user-wrote';
  const form = formOfDelivery(
    { 'content-type': 'application/json', 'webhook-id': 'msg_abc', authorization: `Bearer ${secret}` },
    {
      type: 'batch.succeeded',
      user_metadata: { [secret]: secret },
      data: { id: 'batches/k2q9x7d4', userMetadata: {} },
    },
  );

  expect(form).toEqual({
    headers: 'authorization: <33 characters>; content-type: <16 base64>; webhook-id: msg_<3 letters and digits>',
    keys: 'data, type, user_metadata, data.id, data.userMetadata',
    dataId: 'batches/<8 letters and digits>',
    metadataAt: 'user_metadata, data.userMetadata',
  });
  expect(JSON.stringify(form)).not.toContain('secret');
});

it('has sixty names and no more', () => {
  const payload = Object.fromEntries(Array.from({ length: 61 }, (_, index) => [`name${index + 100}`, 1]));

  expect(formOfDelivery({}, payload).keys.split(', ')).toEqual(
    Array.from({ length: 60 }, (_, index) => `name${index + 100}`),
  );
});

it.each([
  ['a ping without data', { type: 'webhook.ping' }, { keys: 'type', dataId: 'undefined', metadataAt: '' }],
  ['data that is null', { data: null }, { keys: 'data', dataId: 'undefined', metadataAt: '' }],
  ['data that is no object', { data: [1] }, { keys: 'data', dataId: 'undefined', metadataAt: '' }],
  ['an id that is a number', { data: { id: 5 } }, { keys: 'data, data.id', dataId: 'number', metadataAt: '' }],
  ['names that are content', { 'to: someone@example.com': 1 }, { keys: '', dataId: 'undefined', metadataAt: '' }],
])('holds for %s', (_, payload, expected) => {
  expect(formOfDelivery({}, payload)).toEqual({ headers: '', ...expected });
});
