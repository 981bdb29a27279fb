import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { BusEvent } from '../../../lambda/events/job-event.ts';
import { createAuthenticate } from '../../../lambda/receive/authenticate.ts';
import { createQuarantine, type QuarantineStore } from '../../../lambda/receive/quarantine.ts';
import type { KeptDelivery } from '../../../lambda/receive/quarantined.ts';
import { receiveWebhook } from '../../../lambda/receive/receive.ts';
import { reverify } from '../../../lambda/receive/reverify.ts';
import { RequestError, TransientError } from '../../../lambda/shared/errors.ts';
import type { RawDelivery } from '../../../lambda/standard-webhooks/delivery.ts';
import { parseSigningSecret } from '../../../lambda/standard-webhooks/signature.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');
const SECRET = 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=';
const BODY = Buffer.from('{"type":"batch.succeeded","data":{"id":"abc"}}');
const MISMATCH = new RequestError('ERR_SIGNATURE_MISMATCH', 'no');

class FakeStore implements QuarantineStore {
  readonly kept = new Map<string, KeptDelivery>();
  readonly calls: string[] = [];
  readonly counts = new Map<string, number>();
  readonly maxPerHour: number;

  constructor(maxPerHour = 1000) {
    this.maxPerHour = maxPerHour;
  }
  reserve = async ({ project, kind }: { project: string; kind: string }, hour: Date) => {
    this.calls.push('reserve');
    const id = `${project} ${kind} ${hour.toISOString()}`;
    const count = this.counts.get(id) ?? 0;
    if (count >= this.maxPerHour) return false;
    this.counts.set(id, count + 1);
    return true;
  };
  keep = async (delivery: KeptDelivery) => {
    this.calls.push('keep');
    this.kept.set(delivery.id, delivery);
  };
  async *list() {
    yield* [...this.kept.values()];
  }
  remove = async (id: string) => void this.kept.delete(id);
}

function setUp(store = new FakeStore(), holdsToken: () => boolean = () => true, name = 'id') {
  let ids = 0;
  const counted: unknown[][] = [];
  const lines: string[] = [];
  const log = (message: string, fields: object) => void lines.push(JSON.stringify([message, fields]));
  const ports = {
    store,
    holdsToken: async () => holdsToken(),
    createId: () => `${name}-${++ids}`,
    log: { info: log, warn: log, error: log },
    metrics: { count: (...call: unknown[]) => void counted.push(call), seconds: () => {} },
  };
  return { keep: createQuarantine(ports), store, counted, lines };
}

function delivery(signature: string, changes: Partial<RawDelivery> = {}): RawDelivery {
  const timestamp = String(NOW.getTime() / 1000);
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  return { route: { kind: 'static', project: 'default' }, headers, body: BODY, ...changes };
}
const BAD = `v1,${'A'.repeat(43)}=`;

describe('what is kept', () => {
  it('is the bytes, the three headers and the time, and no log line says anything of them', async () => {
    const { keep, store, counted, lines } = setUp();
    const headers = { ...delivery(BAD).headers, authorization: 'Bearer secret', cookie: 'x' };

    await keep(delivery(BAD, { headers }), MISMATCH, NOW);

    expect([...store.kept.values()]).toEqual([
      {
        ...{ id: 'id-1', project: 'default', kind: 'static', receivedAt: NOW, body: BODY },
        headers: { 'webhook-id': 'msg_1', 'webhook-timestamp': '1795496400', 'webhook-signature': BAD },
      },
    ]);
    expect(counted).toEqual([['Quarantined', { project: 'default' }]]);
    expect(lines).toEqual(['["A delivery that did not verify was quarantined",{"project":"default","kind":"static"}]']);
  });

  it.each([
    ['a signature of a form that nobody knows', delivery('eyJhbGciOi.eyJ0eXBlIjoi.c2ln'), 'ERR_HEADER_INVALID', 1],
    [
      'a stale delivery',
      delivery(BAD, { headers: { ...delivery(BAD).headers, 'webhook-timestamp': '1795496000' } }),
      'ERR_SIGNATURE_MISMATCH',
      0,
    ],
    [
      'one without an id',
      delivery(BAD, { headers: { ...delivery(BAD).headers, 'webhook-id': undefined } }),
      'ERR_HEADER_INVALID',
      0,
    ],
    [
      'one with an id of another form',
      delivery(BAD, { headers: { ...delivery(BAD).headers, 'webhook-id': 'a.b' } }),
      'ERR_HEADER_INVALID',
      0,
    ],
    ['an empty body', delivery(BAD, { body: Buffer.alloc(0) }), 'ERR_SIGNATURE_MISMATCH', 0],
    ['64 KiB', delivery(BAD, { body: Buffer.alloc(65_536) }), 'ERR_SIGNATURE_MISMATCH', 1],
    ['more than 64 KiB', delivery(BAD, { body: Buffer.alloc(65_537) }), 'ERR_SIGNATURE_MISMATCH', 0],
    ['what is no event, though it is signed', delivery(BAD), 'ERR_BODY_INVALID', 0],
    ['a token that is not ours', delivery(BAD), 'ERR_TOKEN_MISMATCH', 0],
  ] as const)('of %s', async (_what, given, code, kept) => {
    const { keep, store } = setUp();

    await keep(given, new RequestError(code, 'no'), NOW);

    expect(store.kept.size).toBe(kept);
  });

  it('is nothing of a dynamic delivery whose token is not ours, nor of a failure of ours', async () => {
    const stranger = setUp(new FakeStore(), () => false);
    await stranger.keep(delivery(BAD), MISMATCH, NOW);
    const ours = setUp();
    await ours.keep(delivery(BAD), new TransientError('ERR_KEYS_UNAVAILABLE', 'away'), NOW);
    await ours.keep(delivery(BAD), undefined, NOW);

    expect(stranger.store.calls).toEqual([]);
    expect(ours.store.calls).toEqual([]);
  });
});

describe('a flood', () => {
  it('of 30,000 in a minute fills neither the store nor its bill', async () => {
    const { keep, store } = setUp();

    for (let index = 0; index < 30_000; index += 1) await keep(delivery(BAD), MISMATCH, later(index * 2));

    // 10 at once, and one every six seconds.
    expect(store.kept.size).toBe(19);
    expect(store.calls).toHaveLength(38);
  });

  it('on the static route pushes out nothing of the dynamic one, nor of another project', async () => {
    const { keep, store } = setUp(new FakeStore(10));
    const others = [
      { kind: 'dynamic', project: 'default', token: 't' },
      { kind: 'static', project: 'acme' },
    ] as const;

    for (let index = 0; index < 1000; index += 1) await keep(delivery(BAD), MISMATCH, NOW);
    for (const route of others) await keep(delivery(BAD, { route }), MISMATCH, NOW);

    const kept = [...store.kept.values()].map(({ project, kind }) => `${project} ${kind}`);
    expect(kept).toEqual([...Array(10).fill('default static'), 'default dynamic', 'acme static']);
  });

  it('without the token uses up nothing of what the dynamic route may keep', async () => {
    let holdsToken = false;
    const { keep, store } = setUp(new FakeStore(), () => holdsToken);
    const route = { kind: 'dynamic', project: 'default', token: 't' } as const;

    for (let index = 0; index < 1000; index += 1) await keep(delivery(BAD, { route }), MISMATCH, NOW);
    holdsToken = true;
    await keep(delivery(BAD, { route }), MISMATCH, NOW);

    expect(store.kept.size).toBe(1);
  });

  it('through many processes stops at the limit of the hour, and is not asked about again', async () => {
    const store = new FakeStore(25);
    const processes = Array.from({ length: 50 }, (_, index) => setUp(store, undefined, `process-${index}`));

    for (const { keep } of processes) {
      for (let index = 0; index < 10; index += 1) await keep(delivery(BAD), MISMATCH, NOW);
    }
    expect(store.kept.size).toBe(25);
    // Each process learns once that it is full.
    expect(store.calls.filter((call) => call === 'reserve')).toHaveLength(25 + 48);
    expect(processes[49]?.counted).toEqual([['QuarantineFull', { project: 'default' }]]);

    const last = processes.at(-1);
    const timestamp = String(NOW.getTime() / 1000 + 3600);
    const headers = { ...delivery(BAD).headers, 'webhook-timestamp': timestamp };
    await last?.keep(delivery(BAD, { headers }), MISMATCH, later(3_600_000));
    expect(store.kept.size).toBe(26);
  });

  it('changes nothing in the answer to the sender while the store is away', async () => {
    const { keep, store, counted } = setUp();
    store.reserve = () => Promise.reject(new Error('away'));

    await keep(delivery(BAD), MISMATCH, NOW);

    expect(counted).toEqual([['QuarantineFailed', { project: 'default' }]]);
  });
});

function later(milliseconds: number): Date {
  return new Date(NOW.getTime() + milliseconds);
}

describe('a reverification', () => {
  const keysOf = (secret: string) => {
    const keys = [secret].flatMap((value) => parseSigningSecret(value) ?? []);
    return { current: async () => keys, refreshed: async () => undefined };
  };
  const none = { current: async () => [], refreshed: async () => undefined };

  function pipeline(secret: string, now: Date) {
    const published: BusEvent[] = [];
    const completed = new Set<string>();
    const ports = {
      authenticate: createAuthenticate({
        projects: new Map([['default', { signingSecrets: keysOf(secret), dynamicTokens: none }]]),
        ed25519Keys: none,
        jwt: undefined,
      }),
      store: {
        claim: async ({ id }: { id: string }) =>
          completed.has(id)
            ? ({ outcome: 'completed', delivery: '', bodySha256: '', receivedAt: NOW } as const)
            : ({ outcome: 'claimed', attempts: 1 } as const),
        complete: async (id: string) => {
          completed.add(id);
          return true;
        },
        release: async () => {},
      },
      publisher: { publish: async (event: BusEvent) => void published.push(event) },
      findJob: async () => undefined,
      createOwner: () => 'owner',
      clock: () => now,
      log: { info: () => {}, warn: () => {}, error: () => {} },
      metrics: { count: () => {}, seconds: () => {} },
    };
    return { ports, published };
  }

  it('publishes days later what holds with the right secret, once, and keeps what does not', async () => {
    const { keep, store } = setUp();
    const genuine = delivery(new Webhook(SECRET).sign('msg_1', NOW, BODY.toString()));
    const before = pipeline('whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=', NOW);
    const quarantine = keep;
    for (const given of [genuine, delivery(BAD), genuine]) {
      await expect(receiveWebhook({ ...before.ports, quarantine }, given)).rejects.toMatchObject({
        code: 'ERR_SIGNATURE_MISMATCH',
      });
    }
    const after = pipeline(SECRET, later(3 * 24 * 3_600_000));

    const results = await reverify({ ...after.ports, kept: store }, () => false);

    expect(results.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['id-1', 'accepted'],
      ['id-2', 'ERR_SIGNATURE_MISMATCH'],
      ['id-3', 'duplicate'],
    ]);
    expect(after.published).toMatchObject([
      { detailType: 'batch.succeeded', detail: { jobId: 'batches/abc', receivedAt: '2026-11-24T05:00:00.000Z' } },
    ]);
    expect([...store.kept.keys()]).toEqual(['id-2']);
  });

  it('asks at the route by which each came, leaves what another publishes, and hides no defect', async () => {
    const { keep, store } = setUp();
    const route = { kind: 'dynamic', project: 'default', token: 'secret' } as const;
    await keep(delivery(BAD), MISMATCH, NOW);
    await keep(delivery(BAD, { route }), MISMATCH, NOW);
    const { ports } = pipeline(SECRET, NOW);
    const routes: RawDelivery['route'][] = [];
    const verified = { scheme: 'v1', project: 'default', webhookId: 'msg_1', bodySha256: 'ab' } as const;
    const authenticate = async (given: RawDelivery) => {
      routes.push(given.route);
      return { ...verified, attemptedAt: NOW, payload: BODY };
    };
    const claim = async () => ({ outcome: 'in-progress', leaseEndsAt: later(1000) }) as const;
    const busy = { ...ports, authenticate, store: { ...ports.store, claim }, kept: store };

    expect((await reverify(busy, () => false)).map(({ outcome }) => outcome)).toEqual(['in-progress', 'in-progress']);
    expect(routes).toEqual([
      { kind: 'static', project: 'default' },
      { kind: 'dynamic', project: 'default', token: 'held when it came' },
    ]);
    expect(store.kept.size).toBe(2);

    const broken = { ...busy, authenticate: () => Promise.reject(new TypeError('defect')) };
    await expect(reverify(broken, () => false)).rejects.toThrow('defect');
  });

  it('stops when its time is up, and goes on where it was', async () => {
    const { keep, store } = setUp();
    for (let index = 0; index < 3; index += 1) await keep(delivery(BAD), MISMATCH, NOW);
    let left = 2;

    const results = await reverify({ ...pipeline(SECRET, NOW).ports, kept: store }, () => left-- === 0);

    expect(results).toHaveLength(2);
    expect(store.kept.size).toBe(3);
  });
});
