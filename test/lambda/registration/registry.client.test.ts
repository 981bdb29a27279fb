/** The SDK's own requests, against a server that answers what each test says. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GenAiWebhookRegistry } from '../../../lambda/registration/registry.client.ts';
import { TransientError } from '../../../lambda/shared/errors.ts';
import type { SecretReader } from '../../../lambda/shared/secrets.client.ts';

const KEY = 'AIza-the-key';
const WANTED = { name: 'ours', uri: 'https://api/webhooks/gemini', events: ['batch.succeeded'] } as const;
const SHOWN = {
  id: 'wh1',
  name: 'ours',
  uri: 'https://api/webhooks/gemini',
  subscribed_events: ['batch.succeeded'],
  state: 'enabled',
  signing_secrets: [
    { truncated_secret: 'whsec_...MnM=' },
    { truncated_secret: 'whsec_...a2s=', expire_time: '2026-11-25T05:00:00Z' },
  ],
};

/** What the server says next, the last one for ever; a lost answer is a connection that ends after the request. */
type Answer = { readonly status: number; readonly body?: object } | 'lost';
let answers: Answer[];
let requests: string[];
let bodies: unknown[];
let server: Server;
let baseUrl: string;

beforeEach(async () => {
  answers = [];
  requests = [];
  bodies = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push(`${request.method} ${request.url}`);
    const text = Buffer.concat(chunks).toString('utf8');
    if (text !== '') bodies.push(JSON.parse(text));
    expect(request.headers['x-goog-api-key']).toBe(KEY);
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 500 };
    if (answer === 'lost') {
      response.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', 'retry-after-ms': '1' });
    response.end(JSON.stringify(answer.body ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** @param reads what the secret gives at each reading; the last one for ever */
function registryOf(...reads: (string | Error | undefined)[]) {
  const waited: number[] = [];
  const read: SecretReader['read'] = async (...which) => {
    expect(which).toEqual(['key', 'AWSCURRENT']);
    const value = reads.length > 1 ? reads.shift() : reads[0];
    if (value instanceof Error) {
      throw new TransientError('ERR_KEYS_UNAVAILABLE', 'The secret key cannot be read', { cause: value });
    }
    return value === undefined ? undefined : { value, createdAt: new Date(0) };
  };
  const registry = new GenAiWebhookRegistry({
    secrets: { read },
    apiKeySecretId: 'key',
    baseUrl,
    wait: async (milliseconds) => void waited.push(milliseconds),
  });
  return { registry, waited };
}
const named = (name: string) => Object.assign(new Error('User: arn:… is not authorized'), { name });

describe('list', () => {
  it('reads every page, and what each webhook shows of its secrets', async () => {
    answers = [
      { status: 200, body: { webhooks: [SHOWN], next_page_token: 'two' } },
      { status: 200, body: { webhooks: [{ id: 'wh2', uri: 'https://other' }, { name: 'without an id' }] } },
    ];

    const found = await registryOf(KEY).registry.list();

    expect(requests).toEqual([
      'GET /v1beta/webhooks?page_size=100',
      'GET /v1beta/webhooks?page_size=100&page_token=two',
    ]);
    expect(found).toEqual([
      {
        ...WANTED,
        ...{ id: 'wh1', state: 'enabled' },
        secrets: [
          { ending: 'MnM=', expiresAt: undefined },
          { ending: 'a2s=', expiresAt: '2026-11-25T05:00:00Z' },
        ],
      },
      { id: 'wh2', name: undefined, uri: 'https://other', events: [], state: 'enabled', secrets: [] },
    ]);
  });

  it('is empty for a project without webhooks, and comes to an end when its pages do not', async () => {
    answers = [{ status: 200 }];
    expect(await registryOf(KEY).registry.list()).toEqual([]);

    requests.length = 0;
    answers = [{ status: 200, body: { webhooks: [SHOWN], next_page_token: 'for ever' } }];
    expect(await registryOf(KEY).registry.list()).toHaveLength(20);
    expect(requests).toHaveLength(20);
  });

  it('is tried again while Gemini is overloaded', async () => {
    answers = [{ status: 503 }, { status: 200, body: { webhooks: [SHOWN] } }];

    expect(await registryOf(KEY).registry.list()).toHaveLength(1);
    expect(requests).toHaveLength(2);
  });
});

it('has nothing to read or delete where Gemini answers 404', async () => {
  answers = [{ status: 404, body: { error: { code: 'not_found', message: 'Result not found' } } }];
  const { registry } = registryOf(KEY);

  expect(await registry.get('wh1')).toBeUndefined();
  await registry.delete('wh1');
  expect(requests).toEqual(['GET /v1beta/webhooks/wh1', 'DELETE /v1beta/webhooks/wh1']);
});

it.each<[string, (registry: GenAiWebhookRegistry) => Promise<unknown>]>([
  ['list webhooks', (registry) => registry.list()],
  ['read a webhook', (registry) => registry.get('wh1')],
  ['register the webhook', (registry) => registry.create(WANTED)],
  ['update the webhook', (registry) => registry.update('wh1', { uri: 'https://elsewhere' })],
  ['delete the webhook', (registry) => registry.delete('wh1')],
  ['rotate the signing secret', (registry) => registry.rotate('wh1')],
])('says that it could not %s', async (what, call) => {
  answers = [{ status: 503 }];

  await expect(call(registryOf(KEY).registry)).rejects.toMatchObject({
    code: 'ERR_GEMINI_UNAVAILABLE',
    message: expect.stringContaining(`Gemini could not ${what}: it answered HTTP 503.`),
    cause: expect.any(Error),
  });
});

it('creates, updates and rotates in the words of the API', async () => {
  answers = [
    { status: 200, body: { ...SHOWN, new_signing_secret: 'whsec_new' } },
    { status: 200, body: SHOWN },
    { status: 200, body: { secret: 'whsec_newer' } },
  ];
  const { registry } = registryOf(KEY);

  expect(await registry.create(WANTED)).toEqual({ id: 'wh1', secret: 'whsec_new' });
  await registry.update('wh1', { uri: 'https://elsewhere', events: ['batch.failed'] });
  expect(await registry.rotate('wh1')).toBe('whsec_newer');
  await registry.rotate('wh1', 'revoked');

  expect(requests).toEqual([
    'POST /v1beta/webhooks',
    'PATCH /v1beta/webhooks/wh1?update_mask=uri%2Csubscribed_events',
    'POST /v1beta/webhooks/wh1:rotateSigningSecret',
    'POST /v1beta/webhooks/wh1:rotateSigningSecret',
  ]);
  expect(bodies).toEqual([
    { name: 'ours', uri: 'https://api/webhooks/gemini', subscribed_events: ['batch.succeeded'] },
    { uri: 'https://elsewhere', subscribed_events: ['batch.failed'] },
    { revocation_behavior: 'revoke_previous_secrets_after_h24' },
    { revocation_behavior: 'revoke_previous_secrets_immediately' },
  ]);
});

describe.each(['create', 'rotate'] as const)('%s', (name) => {
  const call = () => {
    const { registry } = registryOf(KEY);
    return name === 'create' ? registry.create(WANTED) : registry.rotate('wh1');
  };

  it.each([
    ['an answer that is lost', 'lost', 'Gemini could not'],
    ['HTTP 503', { status: 503 }, 'it answered HTTP 503. Try again later'],
    ['HTTP 500', { status: 500 }, 'it answered HTTP 500. Try again later'],
    ['HTTP 408', { status: 408 }, 'it answered HTTP 408. Try again later'],
  ] as const)('is made once, and after %s it may have happened', async (_what, answer, sentence) => {
    answers = [answer];

    await expect(call()).rejects.toMatchObject({
      code: 'ERR_GEMINI_UNAVAILABLE',
      message: expect.stringContaining(sentence),
      mayHaveHappened: true,
    });
    expect(requests).toHaveLength(1);
  });

  it('did not happen when Gemini had no time for it, or refused it', async () => {
    answers = [{ status: 429 }];
    await expect(call()).rejects.toMatchObject({ code: 'ERR_GEMINI_UNAVAILABLE', mayHaveHappened: false });

    answers = [{ status: 400, body: { error: { code: 'invalid_request', message: 'subscribed_events' } } }];
    await expect(call()).rejects.toMatchObject({ code: 'ERR_REGISTRATION_REFUSED', mayHaveHappened: false });
  });
});

it.each([
  [
    'an invalid key',
    'ERR_API_KEY_REFUSED',
    400,
    { code: 400, message: 'API key not valid.', status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] },
    'Gemini refused the API key in the secret key (HTTP 400). Put a valid key of the project there, from https://aistudio.google.com/apikey, and try again.',
  ],
  [
    'a key that may not',
    'ERR_API_KEY_REFUSED',
    403,
    { code: 'permission_denied', message: 'The caller does not have permission' },
    "The API key in the secret key may not manage webhooks (HTTP 403). Lift the key's API restrictions, or use a key of the project's owner, and try again.",
  ],
  [
    'a place that Gemini does not serve',
    'ERR_REGISTRATION_REFUSED',
    400,
    { code: 400, message: 'User location is not supported for the API use.', status: 'FAILED_PRECONDITION' },
    'Gemini does not serve the place of this AWS Region (HTTP 400: "User location is not supported"). Deploy to a Region in one of the countries at https://ai.google.dev/gemini-api/docs/available-regions.',
  ],
  [
    'a project that Google denies access',
    'ERR_API_KEY_REFUSED',
    403,
    { code: 403, message: 'Your project has been denied access. Please contact support.', status: 'PERMISSION_DENIED' },
    "Google has denied access to the project of the API key in the secret key (HTTP 403). Its owner has to clear that up with Google's support; or put the key of another project there, from https://aistudio.google.com/apikey, and try again.",
  ],
  [
    'a project that is suspended',
    'ERR_API_KEY_REFUSED',
    403,
    { code: 403, message: 'The project of this key was suspended.', status: 'PERMISSION_DENIED' },
    "Google has denied access to the project of the API key in the secret key (HTTP 403). Its owner has to clear that up with Google's support; or put the key of another project there, from https://aistudio.google.com/apikey, and try again.",
  ],
  [
    'a webhook that Gemini does not take',
    'ERR_REGISTRATION_REFUSED',
    400,
    { code: 'invalid_request', message: `uri of ${KEY}` },
    "Gemini refused to register the webhook (HTTP 400). Check the webhook's URL and events, and try again.",
  ],
])('says what to do about %s, and quotes nothing', async (_what, code, status, error, message) => {
  answers = [{ status, body: { error } }];

  const refused = { code, message, cause: expect.any(Error) };
  await expect(registryOf(KEY).registry.create(WANTED)).rejects.toMatchObject(refused);
});

describe('the API key', () => {
  const CREATE = 'Create it with "aws secretsmanager create-secret --name key --secret-string <key>"';

  it.each([
    ['is missing', undefined, 'is not there, or has no text; it has to hold the Gemini API key'],
    ['is empty', '', 'is empty; it has to hold the Gemini API key'],
    ['has a space', 'AIza {x}', 'holds a Gemini API key with a space or a line break in it'],
    ['has two lines', 'two\nlines', 'holds a Gemini API key with a space or a line break in it'],
    [
      'is in a JSON document, as the console of Secrets Manager makes it',
      '{"apiKey":"AIza"}',
      'holds a JSON document, where the Gemini API key has to be alone, as plain text',
    ],
    ['is in quotes', '"AIza"', 'holds a JSON document, where the Gemini API key has to be alone, as plain text'],
    [
      'cannot stand in a header',
      'AIza\u00e9',
      'holds no Gemini API key: it is too long, or has characters that no key has',
    ],
  ])('that %s is reported with what to do, and Gemini is not asked', async (_what, value, what) => {
    await expect(registryOf(value).registry.list()).rejects.toMatchObject({
      code: 'ERR_API_KEY_MISSING',
      message: `The secret key ${what}. ${CREATE}, or name another one, and try again.`,
    });
    expect(requests).toEqual([]);
  });

  it('that may not be read is waited for, as IAM needs some seconds to know of a new policy', async () => {
    answers = [{ status: 200 }];
    const { registry, waited } = registryOf(named('AccessDeniedException'), named('AccessDeniedException'), KEY);

    expect(await registry.list()).toEqual([]);
    expect(waited).toEqual([2_000, 4_000]);
  });

  it('that stays unreadable for half a minute may be missing, or its encryption key be somebody else’s', async () => {
    const { registry, waited } = registryOf(named('AccessDeniedException'));

    await expect(registry.list()).rejects.toMatchObject({
      code: 'ERR_API_KEY_MISSING',
      message:
        `The secret key with the Gemini API key is not there, or may not be read. ${CREATE}, or name another one; ` +
        "if it is there, let the function's role read it (secretsmanager:GetSecretValue) and decrypt it (kms:Decrypt, where a customer managed key encrypts it). Then try again.",
      cause: expect.any(Error),
    });
    expect(waited).toEqual([2_000, 4_000, 8_000, 16_000]);
    expect(requests).toEqual([]);
  });

  it('is not waited for when Secrets Manager fails in another way', async () => {
    const { registry, waited } = registryOf(named('InternalServiceError'));

    await expect(registry.list()).rejects.toMatchObject({ code: 'ERR_API_KEY_MISSING' });
    expect(waited).toEqual([]);
  });
});
