/** Every row of the response table over real HTTP, against the template's API and the deployed bundle. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryOf, listen, post, startTestRun, type TestRun } from './local-run.ts';

let run: TestRun;
let heard: ReturnType<typeof listen>;

beforeAll(async () => {
  run = await startTestRun();
  heard = listen(run.aws);
});
afterAll(() => run.close());

const event = (type: string, data?: unknown) => ({ type, version: 'v1', timestamp: '2026-11-24T05:00:00Z', data });
const OK = { status: 200, body: '{"status":"accepted"}' };
const REJECTED = { status: 401, body: '{"error":"unauthorized"}' };
const BAD = { status: 400, body: '{"error":"bad_request"}' };

/** The event that a delivery led to. */
function eventOf(delivery: { readonly headers: Record<string, string> }) {
  return heard.events.find(({ detail }) => detail['webhookId'] === delivery.headers['webhook-id']);
}

describe('what is genuine', () => {
  it('is accepted once, and is a duplicate from then on', async () => {
    const delivery = deliveryOf(run, event('video.generated', { id: 'models/veo/operations/none' }));

    expect(await post(delivery)).toMatchObject(OK);
    expect(await post(delivery)).toMatchObject({ status: 200, body: '{"status":"duplicate"}' });

    expect(heard.events.filter(({ detail }) => detail['webhookId'] === delivery.headers['webhook-id'])).toHaveLength(1);
  });

  it.each([
    ['without data', event('batch.succeeded'), 'other', null],
    ['of a type of 2027', event('music.composed', { id: 'x' }), 'other', null],
    ['with an id that climbs', event('batch.succeeded', { id: '../../etc/passwd' }), 'other', null],
    ['with an id in unicode', event('interaction.completed', { id: 'v1_ä\u0000' }), 'other', null],
    ['with an id of 4 kB', event('batch.succeeded', { id: 'a'.repeat(4096) }), 'other', null],
    ['with an id that is a number', event('batch.succeeded', { id: 7 }), 'other', null],
    ['with a bare batch id', event('batch.succeeded', { id: 'nobody-knows' }), 'batch', 'batches/nobody-knows'],
  ])('reaches the bus %s', async (_what, body, jobType, jobId) => {
    const delivery = deliveryOf(run, body);

    expect(await post(delivery)).toMatchObject(OK);

    expect(eventOf(delivery)?.detail).toMatchObject({ jobType, jobId });
  });

  it('is verified over its raw bytes, whatever the content type says', async () => {
    const body = Buffer.from('{"type" : "ping.of.2027",\n "text":"Grüße"}\n');
    const delivery = deliveryOf(run, body, { headers: { 'content-type': 'application/octet-stream' } });

    expect(await post(delivery)).toMatchObject(OK);
  });

  it('may carry several signatures, of which one holds', async () => {
    const delivery = deliveryOf(run, event('ping.of.2027'));
    const signature = delivery.headers['webhook-signature'];
    delivery.headers['webhook-signature'] = `v1,${'A'.repeat(43)}= v9,x ${signature}`;

    expect(await post(delivery)).toMatchObject(OK);
  });
});

describe('what is not genuine', () => {
  const bits = (signature = '') => signature.replace(/.(?==$)/, (last) => (last === 'A' ? 'B' : 'A'));

  it.each([
    ['no id', 'webhook-id', undefined, BAD],
    ['no timestamp', 'webhook-timestamp', undefined, BAD],
    ['no signature', 'webhook-signature', undefined, BAD],
    ['an id with a dot', 'webhook-id', 'msg.1', BAD],
    ['a timestamp with a fraction', 'webhook-timestamp', '1700000000.5', BAD],
    ['an old timestamp', 'webhook-timestamp', '1700000000', REJECTED],
    ['a signature of another scheme', 'webhook-signature', `v1a,${'A'.repeat(86)}==`, REJECTED],
    ['another id than the signed one', 'webhook-id', 'msg_other', REJECTED],
  ])('is refused: %s', async (_what, name, value, answer) => {
    const delivery = deliveryOf(run, event('batch.succeeded', { id: 'x' }));
    if (value === undefined) delete delivery.headers[name];
    else delivery.headers[name] = value;

    expect(await post(delivery)).toMatchObject(answer);
  });

  it('is refused when one bit of the signature, or of the body, is another', async () => {
    const flipped = deliveryOf(run, event('batch.succeeded', { id: 'x' }));
    flipped.headers['webhook-signature'] = bits(flipped.headers['webhook-signature']);
    const changed = deliveryOf(run, event('batch.succeeded', { id: 'x' }), { body: Buffer.from('{}') });

    expect(await post(flipped)).toMatchObject(REJECTED);
    expect(await post(changed)).toMatchObject(REJECTED);
  });

  it('is refused on the dynamic route without the token, though Google signed it', async () => {
    // Google signs for every customer: whoever registers this URL for a job of theirs gets a perfect signature.
    const url = `${run.endpoints.webhookUrl}/dynamic/${'x'.repeat(43)}`;
    const created = await fetch(`${run.endpoints.simulatorControlUrl}/jobs`, {
      method: 'POST',
      body: JSON.stringify({ kind: 'batch', scenario: 'foreign', webhookUrl: url }),
    });
    expect(created.status).toBe(201);

    await expect
      .poll(async () => {
        const response = await fetch(`${run.endpoints.simulatorControlUrl}/deliveries`);
        const { deliveries } = (await response.json()) as {
          deliveries: { scheme: string; attempts: { status: number }[] }[];
        };
        return deliveries.find(({ scheme }) => scheme === 'v1a')?.attempts[0]?.status;
      })
      .toBe(401);
  });

  it('is refused on the dynamic route with the token, when it is signed like a static one or by a key of nobody', async () => {
    const url = run.endpoints.dynamicWebhookUrl;
    const asStatic = deliveryOf(run, event('batch.succeeded', { id: 'x' }), { url });
    const byNobody = deliveryOf(run, event('batch.succeeded', { id: 'x' }), { url });
    const { privateKey } = generateKeyPairSync('ed25519');
    const { 'webhook-id': id, 'webhook-timestamp': timestamp } = byNobody.headers;
    const signature = sign(null, Buffer.from(`${id}.${timestamp}.${byNobody.body}`), privateKey);
    byNobody.headers['webhook-signature'] = `v1a,${signature.toString('base64')}`;

    expect(await post(asStatic)).toMatchObject(REJECTED);
    expect(await post(byNobody)).toMatchObject(REJECTED);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"type":'],
    ['a list', '[]'],
    ['no type', '{"data":{}}'],
    ['a type that only we may use', JSON.stringify(event('output.stored', { id: 'x' }))],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['lists without end', `{"type":"a","data":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`],
  ])('is no event, though signed: %s', async (_what, body) => {
    expect(await post(deliveryOf(run, body))).toMatchObject(BAD);
  });

  it('is too large from 256 KiB on', async () => {
    const body = (length: number) =>
      Buffer.from(JSON.stringify(event('ping.of.2027', { padding: 'x'.repeat(length) })));
    const overhead = body(0).length;

    expect(await post(deliveryOf(run, body(262_144 - overhead)))).toMatchObject(OK);
    expect(await post(deliveryOf(run, body(262_145 - overhead)))).toMatchObject({
      status: 413,
      body: '{"error":"too_large"}',
    });
  });
});

const verifierId = () => run.aws.functions().find(({ logicalId }) => logicalId.includes('Verifier'))?.logicalId ?? '';

describe('what is out of reach', () => {
  it.each([
    ['the store', 'dynamodb'],
    ['the bus', 'events'],
  ] as const)('leads to a 503 and an accepted retry: %s', async (_what, service) => {
    const delivery = deliveryOf(run, event('ping.of.2027'));
    const restore = run.aws.intercept((call) => (call.service === service ? 'deny' : 'pass'));

    const away = await post(delivery);
    restore();
    const back = await post(delivery);

    expect(away).toMatchObject({ status: 503, body: '{"error":"unavailable"}' });
    expect(Number(away.retryAfter)).toBeGreaterThan(0);
    expect(back).toMatchObject(OK);
    expect(eventOf(delivery)).toBeDefined();
  });

  it('leads to a 503 and an accepted retry: Secrets Manager', async () => {
    // One that has just started knows no secret.
    run.aws.killSandboxes(verifierId(), 'SIGKILL');
    const delivery = deliveryOf(run, event('ping.of.2027'));
    const restore = run.aws.intercept((call) => (call.service === 'secretsmanager' ? 'deny' : 'pass'));

    const away = await post(delivery);
    restore();

    expect(away).toMatchObject({ status: 503, body: '{"error":"unavailable"}' });
    expect(away.retryAfter).toMatch(/^[1-9]\d*$/);
    await expect.poll(async () => (await post(delivery)).body, { timeout: 10_000 }).toBe('{"status":"accepted"}');
  });

  it('answers 409 while another delivery of the event is at work', async () => {
    // Two sandboxes that are warm: to start one may take longer than the first delivery is held. And one that started while
    // Secrets Manager was away does not ask again for two seconds.
    const slow = run.aws.intercept(({ service }) => (service === 'dynamodb' ? { delayMs: 500 } : 'pass'));
    const pings = () => Promise.all([1, 2].map(() => post(deliveryOf(run, event('ping.of.2027')))));
    await expect.poll(pings, { timeout: 30_000 }).toMatchObject([OK, OK]);
    slow();
    const delivery = deliveryOf(run, event('ping.of.2027'));
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    let claimed = false;
    let held = false;
    const restore = run.aws.intercept(({ service, action }) => {
      claimed ||= service === 'dynamodb' && action === 'UpdateItem';
      // The delivery's own event only: a sandbox that warms up calls the bus too.
      if (service !== 'events' || !claimed || held) return 'pass';
      held = true;
      reach();
      return { delayMs: 6000 };
    });

    const first = post(delivery);
    await reached;
    const second = await post(delivery);
    restore();

    expect(second).toMatchObject({ status: 409, body: '{"error":"in_progress"}' });
    expect(Number(second.retryAfter)).toBeGreaterThan(0);
    expect(await first).toMatchObject(OK);
  });

  it('comes again after the function was killed, and is published', async () => {
    const delivery = deliveryOf(run, event('ping.of.2027'));
    const restore = run.aws.intercept(({ service }) => {
      if (service === 'dynamodb') run.aws.killSandboxes(verifierId(), 'SIGKILL');
      return service === 'dynamodb' ? 'drop' : 'pass';
    });

    const killed = await post(delivery);
    restore();

    expect(killed.status).toBe(500);
    expect(await post(delivery)).toMatchObject(OK);
  });
});

it('knows no other route', async () => {
  const { url } = { url: run.endpoints.webhookUrl };

  expect((await fetch(url)).status).toBe(404);
  expect((await fetch(`${url}/dynamic/`, { method: 'POST' })).status).toBe(404);
  expect((await fetch(`${url}/../..`, { method: 'POST' })).status).toBe(404);
});

it('has written no secret, token, signature or body into any log', () => {
  const logs = join(run.stateDir, 'logs');
  const text = readdirSync(logs)
    .map((file) => readFileSync(join(logs, file), 'utf8'))
    .join('\n');

  expect(text).toContain('Delivery handled');
  expect(text).toContain('project=default type=ping.of.2027 event=');
  expect(text).toContain('POST /webhooks/gemini/dynamic/{token}');
  for (const secret of [
    run.endpoints.signingSecret,
    run.endpoints.signingSecret.slice(6),
    run.endpoints.dynamicWebhookUrl.split('/').at(-1) ?? '',
    run.endpoints.apiKey,
    'Grüße',
    'etc/passwd',
  ]) {
    expect(text).not.toContain(secret);
  }
  // The form of a delivery says `v1,<44 base64>`, and never what was signed.
  expect(text).not.toMatch(/\bv1a?,(?!<)/);
});
