import { expect, it } from 'vitest';
import {
  firstRunsOf,
  parseCustomResourceEvent,
  respond,
  toFailure,
  toRegistrationRequest,
} from '../../../lambda/registration/cloudformation.ts';
import { RegistrationFailed } from '../../../lambda/registration/register-webhook.ts';
import { ManagementError } from '../../../lambda/shared/errors.ts';

const PROPERTIES = {
  ServiceToken: 'arn:aws:lambda:eu-west-1:123456789012:function:registrar',
  Name: 'stack-default',
  Uri: 'https://api/webhooks/gemini',
  SubscribedEvents: ['batch.succeeded'],
  ApiKeySecretId: 'key',
  SigningSecretId: 'signing',
};
const WANTED = {
  name: 'stack-default',
  uri: 'https://api/webhooks/gemini',
  events: ['batch.succeeded'],
  apiKeySecretId: 'key',
  signingSecretId: 'signing',
};
const EVENT = {
  RequestType: 'Create',
  StackId: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/S/1',
  RequestId: '11111111-2222-3333-4444-555555555555',
  LogicalResourceId: 'Webhook',
  ResponseURL: 'https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/answer?signed',
  ResourceType: 'Custom::GeminiWebhook',
  ResourceProperties: PROPERTIES,
};
const eventOf = (changes: object) => parseCustomResourceEvent({ ...EVENT, ...changes }, { region: 'eu-west-1' });
const refused = new ManagementError('ERR_API_KEY_REFUSED', 'Put a valid key there.');

it.each([
  ['Create', {}, { type: 'Create', wanted: WANTED }],
  [
    'Update',
    { RequestType: 'Update', PhysicalResourceId: 'wh1', OldResourceProperties: { ...PROPERTIES, Name: 'old' } },
    { type: 'Update', physicalId: 'wh1', wanted: WANTED, old: { ...WANTED, name: 'old' } },
  ],
  [
    'Delete',
    { RequestType: 'Delete', PhysicalResourceId: 'wh1' },
    { type: 'Delete', physicalId: 'wh1', wanted: WANTED },
  ],
])('reads a %s', (_type, changes, request) => {
  expect(toRegistrationRequest(eventOf(changes))).toEqual(request);
});

it.each([
  [
    'an event of 2027',
    { ResourceProperties: { ...PROPERTIES, SubscribedEvents: ['batch.cancelled'] } },
    /usable ResourceProperties\.SubscribedEvents\. /,
  ],
  ['no properties', { ResourceProperties: undefined }, /ResourceProperties/],
  ['an update of nothing', { RequestType: 'Update' }, /RequestType/],
  ['a deletion of nothing', { RequestType: 'Delete' }, /RequestType/],
  ['another request', { RequestType: 'Read' }, /RequestType/],
])('answers a request with %s by a sentence that names the field and no value', (_what, changes, field) => {
  const event = eventOf(changes);
  let failure: ReturnType<typeof toFailure> | undefined;
  try {
    toRegistrationRequest(event);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_REGISTRATION_REFUSED' });
    failure = toFailure(event, error);
  }

  expect(failure).toMatchObject({ status: 'FAILED', physicalId: 'not-registered' });
  expect(failure?.reason).toMatch(field);
  expect(failure?.reason).toMatch(/Deploy the template that the function belongs to\.$/);
  expect(failure?.reason).not.toContain('batch.cancelled');
});

it('takes no request that it does not know for a deletion', () => {
  const event = eventOf({ RequestType: 'Read', PhysicalResourceId: 'wh1' });

  expect(() => toRegistrationRequest(event)).toThrow('The request holds no usable RequestType');
});

it('lets the rollback of such a request succeed, whose properties hold no better', () => {
  const event = eventOf({
    RequestType: 'Delete',
    PhysicalResourceId: 'not-registered',
    ResourceProperties: { SubscribedEvents: 'all' },
  });

  expect(toRegistrationRequest(event)).toEqual({ type: 'Delete', physicalId: 'not-registered', wanted: undefined });
});

it('lets a stack be deleted whose properties another version wrote', () => {
  const event = eventOf({
    ...{ RequestType: 'Delete', PhysicalResourceId: 'wh1' },
    ResourceProperties: { ...PROPERTIES, SubscribedEvents: ['batch.cancelled'] },
  });

  expect(toRegistrationRequest(event)).toEqual({ type: 'Delete', physicalId: 'wh1', wanted: undefined });
});

it('names the functions that run first, after a registration only', () => {
  const ResourceProperties = { ...PROPERTIES, FirstRuns: ['health-check', 'reconciler'] };

  expect(firstRunsOf(eventOf({ ResourceProperties }))).toEqual(['health-check', 'reconciler']);
  expect(firstRunsOf(eventOf({ ResourceProperties, RequestType: 'Delete' }))).toEqual([]);
  expect(firstRunsOf(eventOf({}))).toEqual([]);
});

it('says in the stack’s events what a deletion left', async () => {
  const { requests, fetchFn } = answering(200);

  await respond(eventOf({}), { status: 'SUCCESS', physicalId: 'wh1', reason: 'It was left.' }, fetchFn);

  expect(JSON.parse(String(requests[0]?.[1]?.body))).toMatchObject({ Status: 'SUCCESS', Reason: 'It was left.' });
});

it('lets the rollback of an update succeed that was refused for its properties', () => {
  const back = { RequestType: 'Update', PhysicalResourceId: 'wh1', OldResourceProperties: { SubscribedEvents: 'all' } };

  expect(toRegistrationRequest(eventOf(back))).toEqual({
    ...{ type: 'Update', physicalId: 'wh1' },
    ...{ wanted: WANTED, old: WANTED },
  });
});

it('throws when nobody waits for an answer', () => {
  expect(() => parseCustomResourceEvent({ RequestType: 'Create' }, { region: 'eu-west-1' })).toThrow();
  expect(() => eventOf({ ResponseURL: 'nowhere' })).toThrow();
});

const BUCKET = 'cloudformation-custom-resource-response-euwest1';

it.each([
  `https://${BUCKET}.s3.amazonaws.com/x`,
  `https://${BUCKET}.s3.eu-west-1.amazonaws.com/x`,
  `https://${BUCKET}.s3-eu-west-1.amazonaws.com/x`,
  `https://${BUCKET}.s3.cn-north-1.amazonaws.com.cn/x`,
])('answers CloudFormation at %s', (ResponseURL) => {
  expect(eventOf({ ResponseURL }).ResponseURL).toBe(ResponseURL);
});

it.each([
  `http://${BUCKET}.s3.amazonaws.com/x`,
  `https://${BUCKET}.s3.amazonaws.com:8443/x`,
  `https://${BUCKET}.s3.attacker.example/x`,
  `https://${BUCKET}.s3.amazonaws.com.attacker.example/x`,
  `https://${BUCKET}.s3@attacker.example/x`,
  `https://${BUCKET}-evil.s3.amazonaws.com/x`,
  'https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x',
  'https://169.254.169.254/latest/meta-data',
  'https://127.0.0.1/x',
])('answers nobody at %s', (ResponseURL) => {
  expect(() => eventOf({ ResponseURL })).toThrow('The ResponseURL is not of CloudFormation');
});

it.each([
  ['the sentence of a failure of our own', refused, 'not-registered', 'Put a valid key there.'],
  [
    'the physical id that a failed create gives',
    new RegistrationFailed('perhaps-registered', refused),
    'perhaps-registered',
    'Put a valid key there.',
  ],
  [
    'the name of any other error, which may quote a request',
    new TypeError('Authorization: AIza-secret'),
    'not-registered',
    'The function failed (TypeError); its log says how.',
  ],
  [
    'nothing of what was thrown and is no error',
    'AIza-secret',
    'not-registered',
    'The function failed (unknown); its log says how.',
  ],
])('reports %s', (_what, error, physicalId, reason) => {
  expect(toFailure(eventOf({}), error)).toEqual({ status: 'FAILED', physicalId, reason });
});

function answering(...statuses: number[]) {
  const requests: [string, RequestInit | undefined][] = [];
  const fetchFn: typeof fetch = async (url, init) => {
    requests.push([String(url), init]);
    const status = statuses.shift() ?? 200;
    if (status === 0) throw new TypeError('fetch failed');
    return new Response('', { status });
  };
  return { requests, fetchFn };
}

it('puts the answer where CloudFormation waits for it, without a content type, and again when it was not taken', async () => {
  const { requests, fetchFn } = answering(503, 0, 200);

  await respond(eventOf({}), { status: 'FAILED', physicalId: 'not-registered', reason: 'Why' }, fetchFn);

  expect(requests).toHaveLength(3);
  const [url, init] = requests[2] ?? [];
  expect(url).toBe(EVENT.ResponseURL);
  expect(init).toMatchObject({ method: 'PUT', redirect: 'error', headers: { 'content-type': '' } });
  expect(JSON.parse(String(init?.body))).toEqual({
    Status: 'FAILED',
    Reason: 'Why',
    PhysicalResourceId: 'not-registered',
    StackId: EVENT.StackId,
    RequestId: EVENT.RequestId,
    LogicalResourceId: 'Webhook',
  });
});

it('gives up after the third attempt, so that Lambda invokes the function again', async () => {
  const { requests, fetchFn } = answering(403, 403, 403);

  await expect(respond(eventOf({}), { status: 'SUCCESS', physicalId: 'wh1' }, fetchFn)).rejects.toThrow('HTTP 403');
  expect(requests).toHaveLength(3);
});
