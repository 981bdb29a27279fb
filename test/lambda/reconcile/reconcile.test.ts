/** The reconciler with its real adapters on tables in memory, and a Gemini that says what the test wants. */
import { describe, expect, it } from 'vitest';
import { DynamoDbIdempotencyStore } from '../../../lambda/events/idempotency.client.ts';
import type { BusEvent } from '../../../lambda/events/job-event.ts';
import type { Manifest } from '../../../lambda/events/manifest.ts';
import type { Gemini } from '../../../lambda/gemini/ports.ts';
import { DynamoDbJobLedger } from '../../../lambda/ledger/ledger.client.ts';
import { recordJobs } from '../../../lambda/ledger/record-job.ts';
import { receiveWebhook } from '../../../lambda/receive/receive.ts';
import { reconcile } from '../../../lambda/reconcile/reconcile.ts';
import type { ReconcileOptions, ReconcilePorts } from '../../../lambda/reconcile/reconcile-run.ts';
import { PermanentError, TransientError } from '../../../lambda/shared/errors.ts';
import { DynamoDbTable } from '../../fakes/dynamodb-table.ts';

const START = Date.parse('2026-11-24T05:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SUBSCRIBED = ['batch.succeeded', 'batch.failed', 'batch.expired', 'interaction.completed', 'video.generated'];

let worlds = 0;

const iso = (minutesAgo: number) => new Date(START - minutesAgo * MINUTE).toISOString();

function batch(id: string, state: string, endedMinutesAgo?: number, createdMinutesAgo = 120) {
  const ended = endedMinutesAgo === undefined ? {} : { endTime: iso(endedMinutesAgo) };
  const metadata = { state: `BATCH_STATE_${state}`, createTime: iso(createdMinutesAgo), ...ended };
  const failed = { FAILED: { error: { code: 13, message: 'internal' } } }[state] ?? {};
  return { name: `batches/${id}`, metadata, ...(endedMinutesAgo !== undefined && { done: true, ...failed }) };
}
const interaction = (id: string, status: string, minutesAgo: number, more: object = {}) => ({
  ...{ id, status, ...more },
  created: iso(minutesAgo + 5),
  updated: iso(minutesAgo),
});

/** Dies at a call: before it had an effect, or after. */
class Killed extends Error {}

class World implements Gemini {
  readonly project = `w${++worlds}`;
  now = START;
  pages: object[][] = [];
  readonly resources: Record<string, object> = {};
  /** Thrown instead of an answer to a path that begins so. */
  readonly refusals: Record<string, Error> = {};
  readonly asked: string[] = [];
  readonly published: BusEvent[] = [];
  readonly metrics: unknown[][] = [];
  readonly calls: string[] = [];
  readonly logged: (readonly [string, object])[] = [];
  readonly manifests: Record<string, Manifest> = {};
  killAt: { readonly call: number; readonly when: 'before' | 'after' } | undefined;
  #isKilled = false;
  #recorded = 0;
  #owners = 0;
  readonly deadline = new AbortController();

  readonly ledger = new DynamoDbJobLedger({
    client: new DynamoDbTable().client(),
    tableName: 'JobLedger',
    now: () => new Date(this.now),
  });
  readonly store = new DynamoDbIdempotencyStore({
    client: new DynamoDbTable().client(),
    tableName: 'Deliveries',
    recordTtlSeconds: 7 * 86_400,
    leaseSeconds: 60,
  });

  async get(path: string) {
    this.asked.push(path);
    const refusal = Object.entries(this.refusals).find(([prefix]) => path.startsWith(prefix));
    if (refusal) throw refusal[1];
    const answer = path.startsWith('batches?') ? this.#page(path) : this.resources[path];
    if (answer === undefined) return undefined;
    const body = Buffer.from(JSON.stringify(answer));
    return {
      bytes: body.length,
      chunks: (async function* () {
        yield body;
      })(),
    };
  }

  async download(): Promise<undefined> {}

  #page(path: string): object {
    const number = Number(new URL(path, 'http://g').searchParams.get('pageToken') ?? '0');
    const next = number + 1 < this.pages.length ? { nextPageToken: String(number + 1) } : {};
    return { ...(this.pages[number] && { operations: this.pages[number] }), ...next };
  }

  /** As applications and the bus announce it. */
  async submit(jobType: 'batch' | 'interaction' | 'video', jobId: string, minutesAgo: number, userMetadata = {}) {
    const submittedAt = new Date(START - minutesAgo * MINUTE);
    await this.ledger.record({ kind: 'submitted', project: this.project, jobType, jobId, submittedAt, userMetadata });
  }

  /** What is on the bus reaches the ledger. */
  async record(): Promise<void> {
    const events = this.published.slice(this.#recorded).map(({ detailType, time, detail }, index) => {
      const body = { source: 'gemini.webhooks', 'detail-type': detailType, time: time.toISOString(), detail };
      return { messageId: String(index), body: JSON.stringify(body), publishedAt: time };
    });
    expect(await recordJobs({ ledger: this.ledger, log: { error: () => {} } }, events)).toEqual([]);
    this.#recorded = this.published.length;
  }

  /** From now on the index shows the interactions that are awaited as it shows them now. */
  async holdIndex(): Promise<void> {
    const list = this.ledger.list.bind(this.ledger);
    const page = await list({ state: 'awaited', project: this.project, jobType: 'interaction', limit: 10 });
    this.ledger.list = async (query) =>
      query.state === 'awaited' && query.jobType === 'interaction' ? page : list(query);
  }

  ports(): ReconcilePorts {
    const step = <Value>(name: string, call: () => Promise<Value>) => this.#step(name, call);
    const { ledger, store } = this;
    return {
      gemini: { get: (path) => step('gemini', () => this.get(path)), download: () => this.download() },
      ledger: {
        record: (fact) => step('record', () => ledger.record(fact)),
        find: (jobs) => step('find', () => ledger.find(jobs)),
        list: (query) => step('list', () => ledger.list(query)),
        postpone: (...call) => step('postpone', () => ledger.postpone(...call)),
        readCursor: (project) => step('readCursor', () => ledger.readCursor(project)),
        writeCursor: (...call) => step('writeCursor', () => ledger.writeCursor(...call)),
      },
      store: {
        claim: (...call) => step('claim', () => store.claim(...call)),
        complete: (...call) => step('complete', () => store.complete(...call)),
        release: (...call) => step('release', () => store.release(...call)),
      },
      publisher: { publish: (event) => step('publish', async () => void this.published.push(event)) },
      clock: () => new Date(this.now),
      createOwner: () => `owner-${this.project}-${++this.#owners}`,
      outputs: { find: (job) => step('outputs', async () => this.stored(job)) },
      log: {
        info: () => {},
        warn: (message, fields) => this.logged.push([message, fields]),
        error: (message, fields) => this.logged.push([message, fields]),
      },
      metrics: { count: (...call) => this.metrics.push(call), seconds: (...call) => this.metrics.push(call) },
    };
  }

  async #step<Value>(name: string, call: () => Promise<Value>): Promise<Value> {
    if (this.#isKilled) throw new Killed();
    this.calls.push(name);
    const isHere = this.killAt?.call === this.calls.length;
    this.#isKilled = isHere;
    if (isHere && this.killAt?.when === 'before') throw new Killed();
    const value = await call();
    if (isHere) throw new Killed();
    return value;
  }

  /** Another process. */
  revive(): void {
    this.killAt = undefined;
    this.#isKilled = false;
  }

  stored({ jobId }: { readonly jobId: string }) {
    const manifest = this.manifests[jobId];
    return manifest && { key: `p/${jobId}/manifest.json`, manifest };
  }

  run(options: Partial<ReconcileOptions> = {}) {
    return reconcile(this.ports(), {
      project: this.project,
      subscribedEvents: SUBSCRIBED,
      graceMs: 10 * MINUTE,
      horizonMs: 48 * HOUR,
      retentionMs: { batch: 48 * HOUR, video: 48 * HOUR, interaction: 24 * HOUR },
      askedAtOnce: 4,
      maxPublished: 500,
      bucket: 'outputs',
      signal: this.deadline.signal,
      ...options,
    });
  }

  /** The webhook, which comes after all. */
  async deliver(type: string, id: string) {
    const payload = Buffer.from(JSON.stringify({ type, data: { id } }));
    const { ledger: _l, gemini: _g, outputs: _o, ...ports } = this.ports();
    const verified = {
      project: this.project,
      scheme: 'v1',
      webhookId: `msg_${id}`,
      payload,
      bodySha256: 'ab',
    } as const;
    return receiveWebhook(
      {
        ...ports,
        findJob: async () => undefined,
        authenticate: async () => ({ ...verified, attemptedAt: new Date(this.now) }),
      },
      { route: { kind: 'static', project: this.project }, headers: {}, body: payload },
    );
  }

  types() {
    return this.published.map(({ detailType, detail }) => `${detailType} ${detail.jobId}`).toSorted();
  }
}

async function mixed(): Promise<World> {
  const world = new World();
  world.pages = [
    [batch('won', 'SUCCEEDED', 30), batch('lost', 'FAILED', 40), batch('running', 'RUNNING')],
    [batch('stopped', 'CANCELLED', 50), batch('late', 'EXPIRED', 60), batch('young', 'SUCCEEDED', 3)],
    [batch('ancient', 'SUCCEEDED', 49 * 60, 50 * 60), { name: 'no batch' }],
  ];
  world.resources['interactions/v1_done?stream=false'] = interaction('v1_done', 'completed', 20, {
    webhook_config: { uris: ['https://x.test/t'], user_metadata: { team: 'a' } },
  });
  world.resources['interactions/v1_over?stream=false'] = interaction('v1_over', 'cancelled', 20);
  world.resources['interactions/v1_busy?stream=false'] = interaction('v1_busy', 'in_progress', 20);
  world.resources['models/m/operations/x1'] = { name: 'models/m/operations/x1', done: true, response: {} };
  for (const id of ['v1_done', 'v1_over', 'v1_busy']) await world.submit('interaction', id, 60, { from: 'app' });
  await world.submit('video', 'models/m/operations/x1', 60);
  return world;
}

const EVERY_EVENT = [
  'batch.cancelled batches/stopped',
  'batch.expired batches/late',
  'batch.failed batches/lost',
  'batch.succeeded batches/won',
  'interaction.cancelled v1_over',
  'interaction.completed v1_done',
  'video.generated models/m/operations/x1',
];

describe('with every webhook dropped', () => {
  it('announces every job that ended, once, and not those that run or are young or old', async () => {
    const world = await mixed();

    expect(await world.run()).toEqual({ checked: 11, published: 7, outcome: 'done' });
    expect(world.types()).toEqual(EVERY_EVENT);

    // Again before the ledger has heard of it, and after.
    await world.run();
    await world.record();
    world.now += MINUTE / 2;
    await world.run();
    expect(world.types()).toEqual(EVERY_EVENT);
    world.now += 15 * MINUTE;
    await world.run();
    expect(world.types()).toEqual([...EVERY_EVENT, 'batch.succeeded batches/young'].toSorted());
  });

  it('says the same as a webhook would have, and where it comes from', async () => {
    const world = await mixed();

    await world.run();

    const found = (type: string) => world.published.find(({ detailType }) => detailType === type);
    expect(found('batch.failed')).toEqual({
      detailType: 'batch.failed',
      time: new Date('2026-11-24T04:20:00.000Z'),
      detail: {
        schemaVersion: '1',
        project: world.project,
        webhookId: `api#${world.project}#batch.failed#lost`,
        type: 'batch.failed',
        jobType: 'batch',
        jobId: 'batches/lost',
        status: 'failed',
        occurredAt: '2026-11-24T04:20:00.000Z',
        receivedAt: '2026-11-24T05:00:00.000Z',
        origin: 'reconciler',
        verifiedJob: true,
        scheme: 'api',
        userMetadata: {},
        displayName: null,
        data: { id: 'lost', error_code: '13', error_message: 'internal' },
      },
    });
    expect(found('interaction.completed')?.detail).toMatchObject({ userMetadata: { from: 'app', team: 'a' } });
  });

  it('counts what Gemini should have pushed, and not what it never pushes or what ended before the first run', async () => {
    const world = await mixed();
    const missed = () => world.metrics.filter(([name]) => name === 'WebhooksMissed');

    await world.run();
    expect(world.metrics.filter(([name]) => name === 'EventsReconciled')).toHaveLength(7);
    expect(missed()).toEqual([]);

    world.metrics.length = 0;
    world.now += 30 * MINUTE;
    const hooked = batch('hooked', 'CANCELLED', -5);
    Object.assign(hooked.metadata, { webhookConfig: { uris: ['https://x.test/t'] } });
    await world.submit('interaction', 'v1_failed', 60);
    world.resources['interactions/v1_failed?stream=false'] = interaction('v1_failed', 'failed', -5);
    // `young` ended before the first run, `gone` and `hooked` in a way that has no webhook; nobody subscribed to a failed interaction.
    const young = batch('young', 'SUCCEEDED', 3);
    world.pages = [[batch('new', 'SUCCEEDED', -5), batch('gone', 'CANCELLED', -5), hooked, young]];
    await world.run();

    const batchOf = { project: world.project, jobType: 'batch' };
    const interactionOf = { project: world.project, jobType: 'interaction' };
    expect(missed()).toEqual([['WebhooksMissed', batchOf]]);
    expect(world.metrics.filter(([name]) => name === 'EventsReconciled').map(([, dimensions]) => dimensions)).toEqual(
      expect.arrayContaining([batchOf, batchOf, batchOf, batchOf, interactionOf]),
    );
  });

  it('leaves alone what nobody subscribed to, unless the job has a webhook or was submitted by name', async () => {
    const world = new World();
    const own = { ...batch('own', 'SUCCEEDED', 30) };
    world.pages = [[batch('won', 'SUCCEEDED', 30), own, batch('named', 'SUCCEEDED', 30)]];
    Object.assign(own.metadata, { webhookConfig: { uris: ['https://x.test/t'] } });
    await world.submit('batch', 'batches/named', 60);

    await world.run({ subscribedEvents: ['video.generated'] });

    expect(world.types()).toEqual(['batch.succeeded batches/named', 'batch.succeeded batches/own']);
  });
});

describe('with webhooks', () => {
  it('is silent about a job whose webhook came', async () => {
    const world = await mixed();
    await world.deliver('batch.succeeded', 'batch_won');
    await world.record();

    await world.run();

    expect(world.types()).toEqual(EVERY_EVENT.map((event) => event.replace('batches/won', 'batches/batch_won')));
  });

  it('does not even claim an event of which the ledger has heard', async () => {
    const world = new World();
    world.pages = [[batch('won', 'SUCCEEDED', 30)]];
    await world.deliver('batch.succeeded', 'won');
    await world.record();
    world.calls.length = 0;

    await world.run();

    expect(world.calls).not.toContain('claim');
  });

  it('makes a late webhook a duplicate, however it spells the job', async () => {
    const world = await mixed();
    await world.run();

    for (const [type, id] of [
      ['batch.succeeded', 'batch_won'],
      ['batch.failed', 'batches/lost'],
      ['batch.expired', 'late'],
      ['interaction.completed', 'v1_done'],
      ['video.generated', 'x1'],
    ] as const) {
      expect(await world.deliver(type, id)).toMatchObject({ outcome: 'duplicate' });
    }
    expect(world.types()).toEqual(EVERY_EVENT);
  });

  it('leaves an event to the verifier that has just claimed it', async () => {
    const world = new World();
    world.pages = [[batch('won', 'SUCCEEDED', 30)]];
    const claim = { id: `${world.project}#batch.succeeded#won`, owner: 'verifier', delivery: 'v1#msg_1' };
    const rest = { eventType: 'batch.succeeded', jobId: 'batches/won', bodySha256: 'ab', receivedAt: new Date(START) };
    await world.store.claim({ ...claim, ...rest }, new Date(START));

    await world.run();

    expect(world.published).toEqual([]);
  });
});

it('loses and doubles nothing, killed before and after each of its calls', async () => {
  const whole = await mixed();
  await whole.run();
  const names = new Set(whole.calls);
  expect(names).toEqual(
    new Set([
      ...['readCursor', 'list', 'gemini', 'postpone', 'find', 'record', 'claim', 'publish', 'complete', 'writeCursor'],
    ]),
  );

  for (let call = 1; call <= whole.calls.length; call += 1) {
    for (const when of ['before', 'after'] as const) {
      const world = await mixed();
      world.killAt = { call, when };
      await world.run().catch(() => {});
      expect(world.calls).toHaveLength(call);
      world.revive();
      await world.record();
      world.now += 2 * MINUTE;
      await world.run();
      await world.record();
      // A job that was about to be asked about is asked about again after the grace period.
      world.now += 11 * MINUTE;
      world.pages = world.pages.map((page) => page.filter((job) => !JSON.stringify(job).includes('young')));
      await world.run();
      expect(world.types(), `killed ${when} call ${call}, ${world.calls[call - 1]}`).toEqual(EVERY_EVENT);
      // A webhook that comes at last finds its record completed, also where the run died before it could do so.
      expect(await world.deliver('batch.succeeded', 'batch_won')).toMatchObject({ outcome: 'duplicate' });
    }
  }
}, 120_000);

it('completes the record of a run that died after its event was on the bus, and calls that no fault', async () => {
  const [whole, world] = [new World(), new World()];
  for (const one of [whole, world]) one.pages = [[batch('won', 'SUCCEEDED', 30)]];
  await whole.run();
  world.killAt = { call: whole.calls.indexOf('publish') + 1, when: 'after' };
  await world.run().catch(() => {});
  world.revive();
  await world.record();
  world.logged.length = 0;

  world.now += 2 * MINUTE;
  await world.run();

  expect(world.logged).toEqual([]);
  expect(world.types()).toEqual(['batch.succeeded batches/won']);
  expect(await world.deliver('batch.succeeded', 'won')).toMatchObject({ outcome: 'duplicate' });
});

describe('a project full of old jobs', () => {
  it('is not let loose on the bus at once', async () => {
    const world = new World();
    world.pages = Array.from({ length: 24 }, (_, page) =>
      Array.from({ length: 50 }, (_, index) =>
        batch(`j${page}x${index}`, 'SUCCEEDED', page < 12 ? 60 : 72 * 60, 80 * 60),
      ),
    );

    expect(await world.run()).toMatchObject({ published: 500, outcome: 'paused' });
    await world.record();
    expect(await world.run()).toMatchObject({ published: 100, outcome: 'done' });
    expect(new Set(world.types()).size).toBe(600);
    // The second run began at the page at which the first one paused.
    expect(world.asked.indexOf('batches?pageSize=50&pageToken=10', 11)).toBe(11);
  });

  it('is looked through to its end four times a day, and to the third page of old jobs otherwise', async () => {
    const world = new World();
    world.pages = Array.from({ length: 10 }, (_, page) => [batch(`old${page}`, 'SUCCEEDED', 72 * 60, 80 * 60)]);

    for (const [minutes, pages] of [
      [0, 10],
      [15, 3],
      [5 * 60, 3],
      [45, 10],
      [15, 3],
    ] as const) {
      world.now += minutes * MINUTE;
      world.asked.length = 0;
      await world.run();
      expect(world.asked).toHaveLength(pages);
    }
  });
});

describe('the list of batches', () => {
  const pagesAsked = (world: World) => world.asked.filter((path) => path.startsWith('batches?')).length;

  it('is read on while a page has anything young, by its end or else by its creation', async () => {
    const world = new World();
    await world.ledger.writeCursor(world.project, { firstRunAt: iso(600), isFull: false, lastFullAt: iso(15) });
    world.pages = Array.from({ length: 5 }, (_, page) => [
      batch(`old${page}`, 'SUCCEEDED', 72 * 60, 80 * 60),
      batch(`long${page}`, 'SUCCEEDED', 60, 80 * 60),
    ]);

    await world.run();
    expect(pagesAsked(world)).toBe(5);
  });

  it.each([
    ['ended 48 hours ago', batch('b', 'SUCCEEDED', 48 * 60, 80 * 60), 5],
    ['ended a minute before', batch('b', 'SUCCEEDED', 48 * 60 + 1, 80 * 60), 3],
    ['was created 49 hours ago, and runs', batch('b', 'RUNNING', undefined, 49 * 60), 3],
    ['was created an hour ago, and runs', batch('b', 'RUNNING', undefined, 60), 5],
  ])('is read as far as the third page that is old: what %s', async (_what, entry, pages) => {
    const world = new World();
    await world.ledger.writeCursor(world.project, { firstRunAt: iso(600), isFull: false, lastFullAt: iso(15) });
    world.pages = Array(5).fill([entry]);

    await world.run();

    expect(pagesAsked(world)).toBe(pages);
  });

  it('is gone on with as the pass began, however long ago that was', async () => {
    const world = new World();
    const cursor = { firstRunAt: iso(600), isFull: false, lastFullAt: iso(7 * 60), pageToken: '1' };
    await world.ledger.writeCursor(world.project, cursor);
    world.pages = Array.from({ length: 10 }, (_, page) => [batch(`old${page}`, 'SUCCEEDED', 72 * 60, 80 * 60)]);

    await world.run();

    expect(world.asked).toEqual(['1', '2', '3'].map((page) => `batches?pageSize=50&pageToken=${page}`));
  });

  it('is gone on with at a page that Gemini did not show, unless a run began with it', async () => {
    const world = await mixed();
    world.refusals['batches?pageSize=50&pageToken=1'] = new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 503');

    expect(await world.run()).toMatchObject({ outcome: 'paused' });

    expect(await world.ledger.readCursor(world.project)).toMatchObject({ pageToken: '1' });
  });

  it('is nobody’s fault when it comes too late, and is asked for again at the same page', async () => {
    const world = await mixed();
    await world.ledger.writeCursor(world.project, { firstRunAt: iso(600), isFull: true, pageToken: '1' });
    world.refusals['batches?'] = new TransientError('ERR_FETCH_TIMED_OUT', 'The time ran out');

    expect(await world.run()).toMatchObject({ outcome: 'paused' });

    expect(await world.ledger.readCursor(world.project)).toMatchObject({ pageToken: '1' });
    expect(world.metrics.filter(([name]) => name === 'LookupsRefused')).toEqual([]);
  });

  it('is refused once, though questions about jobs are refused as well', async () => {
    const world = await mixed();
    for (const path of ['batches?', 'interactions/'])
      world.refusals[path] = new TransientError('ERR_API_KEY_REFUSED', 'HTTP 401');

    await world.run();

    expect(world.metrics.filter(([name]) => name === 'LookupsRefused')).toHaveLength(1);
  });

  it('has its entries recorded in the ledger once, and those that are no batches named', async () => {
    const world = await mixed();
    await world.run();
    expect(world.logged).toContainEqual([
      'Some entries of the list are no batches',
      { project: world.project, entries: 1 },
    ]);
    expect(world.logged.filter(([text]) => text === 'Some entries of the list are no batches')).toHaveLength(1);
    await world.record();
    world.calls.length = 0;

    await world.run();

    expect(world.calls).not.toContain('record');
  });

  it.each([
    [9, []],
    [10, ['batch.succeeded batches/won']],
    [48 * 60, ['batch.succeeded batches/won']],
    [48 * 60 + 1, []],
  ])('announces what ended between ten minutes and two days ago: %d minutes', async (minutes, types) => {
    const world = new World();
    world.pages = [[batch('won', 'SUCCEEDED', minutes, 80 * 60)]];

    await world.run();

    expect(world.types()).toEqual(types);
  });

  it('is left to the next run when twenty of its jobs cannot be announced', async () => {
    const world = new World();
    world.pages = [Array.from({ length: 40 }, (_, index) => batch(`j${index}`, 'SUCCEEDED', 30))];
    world.store.claim = async () => {
      throw new TransientError('ERR_STORE_UNAVAILABLE', 'away');
    };

    expect(await world.run()).toMatchObject({ outcome: 'paused' });

    expect(world.calls.filter((name) => name === 'claim')).toHaveLength(20);
  });

  it('ends the run in an error when the ledger cannot say what it knows of them', async () => {
    const world = new World();
    world.pages = [[batch('won', 'SUCCEEDED', 30)]];
    world.ledger.find = async (jobs) => {
      if (jobs.length > 0) throw new TransientError('ERR_STORE_UNAVAILABLE', 'away');
      return new Map();
    };

    await expect(world.run()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  });
});

describe('Gemini and the clock', () => {
  it('goes on at the page at which its time ran out', async () => {
    const world = await mixed();
    const get = world.get.bind(world);
    world.get = async (path) => {
      if (path.includes('pageToken=1') && !world.asked.includes(path)) world.deadline.abort();
      return get(path);
    };

    expect(await world.run()).toMatchObject({ outcome: 'paused' });
    world.asked.length = 0;
    expect(await world.run({ signal: new AbortController().signal })).toMatchObject({ outcome: 'done' });

    expect(world.asked.filter((path) => path.startsWith('batches?'))).toEqual([
      'batches?pageSize=50&pageToken=1',
      'batches?pageSize=50&pageToken=2',
    ]);
    expect(world.types()).toEqual(EVERY_EVENT);
  });

  it('asks for no list for as long as Gemini asks, and looks after the submitted jobs meanwhile', async () => {
    const world = await mixed();
    world.refusals['batches?'] = new TransientError('ERR_RATE_LIMITED', 'HTTP 429', { retryAfterSeconds: 1200 });
    await world.run();
    expect(world.types()).toEqual(EVERY_EVENT.filter((event) => !event.startsWith('batch.')));
    delete world.refusals['batches?'];
    world.asked.length = 0;

    world.now += 15 * MINUTE;
    expect(await world.run()).toMatchObject({ outcome: 'paused' });
    expect(world.asked.filter((path) => path.startsWith('batches?'))).toEqual([]);

    world.now += 6 * MINUTE;
    await world.run();
    expect(world.types()).toEqual([...EVERY_EVENT, 'batch.succeeded batches/young'].toSorted());
  });

  it('begins at the beginning when Gemini knows its page no more', async () => {
    const world = await mixed();
    const cursor = { firstRunAt: iso(600), isFull: true, pageToken: 'stale' };
    await world.ledger.writeCursor(world.project, cursor);
    world.refusals['batches?pageSize=50&pageToken=stale'] = new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 400');

    expect(await world.run()).toMatchObject({ outcome: 'paused' });
    expect(await world.run()).toMatchObject({ outcome: 'done' });
    expect(world.types()).toEqual(EVERY_EVENT);
  });

  it.each([
    ['429', new TransientError('ERR_RATE_LIMITED', 'HTTP 429')],
    ['401', new TransientError('ERR_API_KEY_REFUSED', 'HTTP 401')],
    ['403', new TransientError('ERR_GEMINI_REFUSED', 'HTTP 403')],
    ['503', new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 503')],
    ['HTML', new PermanentError('ERR_OUTPUT_INVALID', 'Not JSON')],
    ['404', undefined],
  ])('is silent, and says that it was refused, when the list answers %s', async (_answer, refusal) => {
    const world = new World();
    const counted = (wanted: string) => world.metrics.filter(([name]) => name === wanted);
    if (refusal === undefined) world.get = async () => undefined;
    else world.refusals['batches?'] = refusal;

    expect(await world.run()).toEqual({ checked: 0, published: 0, outcome: 'paused' });

    expect(counted('JobsChecked')).toEqual([]);
    expect(counted('LookupsRefused')).toEqual([['LookupsRefused', { project: world.project }]]);
    const code = refusal?.code ?? 'ERR_GEMINI_REFUSED';
    expect(world.logged).toContainEqual([
      'Gemini refused the reconciler',
      expect.objectContaining({ project: world.project, what: 'the list of batches', code }),
    ]);
  });

  it('says that it looked, also when there was nothing', async () => {
    const world = new World();

    await world.run();

    expect(world.metrics.filter(([name]) => name === 'JobsChecked')).toEqual([
      ['JobsChecked', { project: world.project }, 0],
    ]);
    expect(world.metrics.filter(([name]) => name === 'LookupsRefused')).toEqual([]);
  });
});

describe('a job that gives no answer', () => {
  const POISON = 'interactions/v1_poison?stream=false';

  it.each([
    ['500', new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 500')],
    ['429', new TransientError('ERR_RATE_LIMITED', 'HTTP 429', { retryAfterSeconds: 86_400 })],
    ['HTML', new PermanentError('ERR_OUTPUT_INVALID', 'Not JSON')],
    ['403', new TransientError('ERR_GEMINI_REFUSED', 'HTTP 403')],
    ['a defect of ours', new RangeError('of a secret')],
  ])('stops no other, and is named in one line: %s', async (_answer, error) => {
    const world = await mixed();
    await world.submit('interaction', 'v1_poison', 90);
    world.refusals[POISON] = error;

    expect(await world.run()).toEqual({ checked: 11, published: 7, outcome: 'done' });

    expect(world.types()).toEqual(EVERY_EVENT);
    const code = 'code' in error ? error.code : 'ERR_INTERNAL';
    const subject = { project: world.project, jobType: 'interaction', jobId: 'v1_poison' };
    const named = world.logged.filter(([, fields]) => JSON.stringify(fields).includes('v1_poison'));
    expect(named).toEqual([['Gemini gave no answer about a job', expect.objectContaining({ ...subject, code })]]);
    expect(JSON.stringify(world.logged)).not.toContain('of a secret');
  });

  it('is asked for again after a pause that doubles, up to half an hour, and counted after an hour', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_poison', 60);
    world.refusals[POISON] = new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 500');
    const askedAt: number[] = [];
    const toldAt: number[] = [];
    const counted: unknown[] = [];

    for (let minute = 0; minute <= 180; minute += 1) {
      world.now = START + minute * MINUTE;
      const before = world.asked.length;
      await world.run({ graceMs: 0 });
      if (world.asked.slice(before).includes(POISON)) askedAt.push(minute);
      const unanswered = world.metrics.filter(([name]) => name === 'JobsUnanswered');
      if (unanswered.length > 0) toldAt.push(minute);
      counted.push(...unanswered);
      world.metrics.length = 0;
    }

    // Asked first when it was 60 minutes old, of which the pause is an eighth.
    expect(askedAt).toEqual([0, 8, 17, 34, 64, 94, 124, 154]);
    expect(toldAt).toEqual([64, 94, 124, 154]);
    expect(counted).toEqual(Array(4).fill(['JobsUnanswered', { project: world.project }]));
  });

  it('is not counted once it answered', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_poison', 60);
    world.refusals[POISON] = new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 500');
    await world.run();
    world.now += 40 * MINUTE;
    delete world.refusals[POISON];
    world.resources[POISON] = interaction('v1_poison', 'in_progress', 0);
    await world.run();
    world.now += 40 * MINUTE;
    world.refusals[POISON] = new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 500');
    await world.run();

    expect(world.metrics.filter(([name]) => name === 'JobsUnanswered')).toEqual([]);
  });

  it('holds up no other for long, however many there are of its kind', async () => {
    const world = new World();
    for (let index = 0; index < 12; index += 1) await world.submit('interaction', `v1_p${index}`, 90);
    world.refusals['interactions/v1_p'] = new TransientError('ERR_RATE_LIMITED', 'HTTP 429', {
      retryAfterSeconds: 600,
    });
    await world.submit('interaction', 'v1_done', 60);
    world.resources['interactions/v1_done?stream=false'] = interaction('v1_done', 'completed', 20);
    world.pages = [[batch('won', 'SUCCEEDED', 30)]];

    await world.run();
    // After five in a row it is not the jobs: Gemini is left alone for as long as it asks.
    expect(world.asked.filter((path) => path.startsWith('interactions/'))).toHaveLength(8);
    expect(world.types()).toEqual(['batch.succeeded batches/won']);
    expect(await world.ledger.readCursor(world.project)).toMatchObject({ askNotBefore: '2026-11-24T05:10:00.000Z' });
    expect(world.metrics.filter(([name]) => name === 'LookupsRefused')).toEqual([]);
    for (let run = 0; run < 3; run += 1) {
      world.now += 11 * MINUTE;
      await world.run();
    }

    expect(world.types()).toEqual(['batch.succeeded batches/won', 'interaction.completed v1_done']);
  });

  it.each([
    ['is refused', 'ERR_API_KEY_REFUSED'],
    ['cannot be read', 'ERR_KEYS_UNAVAILABLE'],
  ] as const)('is left alone with the others when the API key %s', async (_what, code) => {
    const world = await mixed();
    world.refusals['interactions/'] = new TransientError(code, 'no');

    await world.run();
    const refusal = { project: world.project, what: 'questions about jobs', code, reason: 'no' };
    expect(world.logged.filter(([, fields]) => 'what' in fields)).toEqual([['Gemini refused the reconciler', refusal]]);
    expect(world.logged.filter(([text]) => text === 'Gemini gave no answer about a job')).toEqual([]);

    // No fault of theirs: as soon as there is a key they are asked for.
    delete world.refusals['interactions/'];
    await world.run();
    expect(world.types()).toEqual(EVERY_EVENT);
    expect(world.metrics.filter(([name]) => name === 'LookupsRefused')).toHaveLength(1);
  });
});

describe('a job that never ends', () => {
  const BUSY = 'interactions/v1_busy?stream=false';
  const ages = (world: World) =>
    Object.fromEntries(
      world.metrics
        .filter(([name]) => name === 'OldestUnended')
        .map(([, age, dimension]) => [(dimension as { jobType: string }).jobType, age]),
    );

  it('has its age measured in each run, whether it is asked for or not', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_busy', 8 * 60);
    world.resources[BUSY] = interaction('v1_busy', 'in_progress', 8 * 60);
    world.pages = [[batch('running', 'RUNNING', undefined, 180)]];

    await world.run();
    expect(ages(world)).toEqual({ batch: 3 * 3600, interaction: 8 * 3600, video: 0 });
    expect((await world.ledger.readCursor(world.project))?.unended).toEqual({
      batch: { jobId: 'batches/running', since: '2026-11-24T02:00:00.000Z' },
      interaction: { jobId: 'v1_busy', since: '2026-11-23T21:00:00.000Z' },
    });
    world.asked.length = 0;
    world.now += 15 * MINUTE;
    await world.run();
    expect(world.asked).toEqual(['batches?pageSize=50']);
    expect(ages(world)).toMatchObject({ interaction: 8.25 * 3600 });

    // Its webhook comes after all.
    await world.deliver('interaction.completed', 'v1_busy');
    await world.record();
    world.now += 5 * MINUTE;
    await world.run();
    expect(ages(world)).toMatchObject({ interaction: 0 });
  });

  it('is given up, with a code of its own, when nothing of it could be there any more', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_busy', 0);
    world.resources[BUSY] = interaction('v1_busy', 'in_progress', 0);
    await world.submit('batch', 'batches/stuck', 0);
    world.resources['batches/stuck'] = batch('stuck', 'RUNNING', undefined, 0);

    for (let hour = 1; hour <= 97; hour += 1) {
      world.now += HOUR;
      await world.run();
      await world.record();
      if (hour === 23) expect(world.types()).toEqual([]);
      if (hour === 95) expect(world.types()).toEqual(['output.failed v1_busy']);
    }

    expect(world.published.map(({ detail }) => detail)).toMatchObject([
      {
        ...{ jobId: 'v1_busy', code: 'ERR_JOB_NEVER_ENDED', retryable: false, type: 'job.submitted' },
        message: 'The job has run for 24 hours and more; it is asked for no more',
      },
      { jobId: 'batches/stuck', code: 'ERR_JOB_NEVER_ENDED', retryable: false },
    ]);
  });

  it('is the one that is known for longest, and no other once its end was seen', async () => {
    const world = new World();
    const running = (id: string, minutes: number) => batch(id, 'RUNNING', undefined, minutes);
    world.pages = [[running('a', 120), running('b', 180), running('c', 180), running('d', 60)]];
    await world.submit('interaction', 'v1_busy', 8 * 60);
    world.resources[BUSY] = interaction('v1_busy', 'in_progress', 8 * 60);

    await world.run();
    expect(ages(world)).toEqual({ batch: 3 * 3600, interaction: 8 * 3600, video: 0 });
    expect((await world.ledger.readCursor(world.project))?.unended).toMatchObject({ batch: { jobId: 'batches/b' } });

    // The ledger hears of the end only after this run.
    world.now += HOUR;
    world.resources[BUSY] = interaction('v1_busy', 'completed', 0);
    await world.run();
    expect(world.types()).toEqual(['interaction.completed v1_busy']);
    expect(ages(world)).toMatchObject({ interaction: 0 });
  });

  it('is known though nobody submitted it: the list shows it', async () => {
    const world = new World();
    world.pages = [[batch('stuck', 'RUNNING', undefined, 0)]];
    await world.run();
    world.pages = [];
    world.resources['batches/stuck'] = batch('stuck', 'RUNNING', undefined, 0);

    world.now += 97 * HOUR;
    await world.run();

    expect(world.types()).toEqual(['output.failed batches/stuck']);
  });
});

describe('an event that no rule took', () => {
  const received = (world: World) => ({
    id: `${world.project}#batch.succeeded#won`,
    ...{ owner: 'verifier', delivery: 'v1#msg_first', bodySha256: 'ab' },
    ...{ eventType: 'batch.succeeded', jobId: 'batches/won', receivedAt: new Date(world.now) },
  });
  async function dropped(): Promise<World> {
    const world = new World();
    world.pages = [[batch('won', 'SUCCEEDED', 0)]];
    await world.store.claim(received(world), new Date(world.now));
    await world.store.complete(received(world).id, 'verifier', new Date(world.now));
    return world;
  }

  it('is published again after an hour, under the id of its delivery, and counted', async () => {
    const world = await dropped();

    world.now += 45 * MINUTE;
    await world.run();
    expect(world.types()).toEqual([]);
    world.now += 15 * MINUTE;
    await world.run();

    expect(world.published).toMatchObject([
      { detailType: 'batch.succeeded', detail: { webhookId: 'msg_first', jobId: 'batches/won', origin: 'reconciler' } },
    ]);
    expect(world.metrics.filter(([name]) => name === 'EventsRepublished')).toEqual([
      ['EventsRepublished', { project: world.project }],
    ]);
    expect(world.metrics.filter(([name]) => name === 'EventsReconciled')).toEqual([]);
  });

  it('is published once more only after hours, and never when the ledger has heard of it', async () => {
    const world = await dropped();
    world.now += 61 * MINUTE;
    await world.run();
    world.now += 5 * HOUR;
    await world.run();
    expect(world.types()).toHaveLength(1);
    world.now += HOUR;
    await world.run();
    expect(world.types()).toHaveLength(2);

    await world.record();
    world.now += 12 * HOUR;
    await world.run();
    expect(world.types()).toHaveLength(2);
  });

  it('is published again for a hundred jobs in one run, and not for more', async () => {
    const world = new World();
    world.pages = [[]];
    for (let index = 0; index < 101; index += 1) {
      world.pages[0]?.push(batch(`j${index}`, 'SUCCEEDED', 0));
      await world.deliver('batch.succeeded', `j${index}`);
    }
    world.published.length = 0;
    world.now += HOUR;

    await world.run();
    expect(world.published).toHaveLength(100);
    await world.run();
    expect(world.published).toHaveLength(101);
  });

  it('is found of submitted interactions, too', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_done', 10);
    world.resources['interactions/v1_done?stream=false'] = interaction('v1_done', 'completed', 0);
    await world.deliver('interaction.completed', 'v1_done');
    world.published.length = 0;

    world.now += 75 * MINUTE;
    await world.run();

    expect(world.published).toMatchObject([
      { detailType: 'interaction.completed', detail: { webhookId: 'msg_v1_done' } },
    ]);
  });
});

describe('one end', () => {
  it('is one event, whatever the words for it', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_part', 60);
    world.resources['interactions/v1_part?stream=false'] = interaction('v1_part', 'incomplete', 30);
    await world.deliver('interaction.completed', 'v1_part');
    await world.holdIndex();
    await world.record();

    await world.run();

    expect(world.types()).toEqual(['interaction.completed v1_part']);
  });

  it('is the one that we announced, though Gemini has another word for it since', async () => {
    const world = new World();
    world.pages = [[batch('won', 'FAILED', 30)]];
    await world.run();
    await world.record();
    world.pages = [[batch('won', 'CANCELLED', 30)]];

    await world.run();

    expect(world.types()).toEqual(['batch.failed batches/won']);
  });
});

describe('the deadline', () => {
  it('measures the oldest job that has not been stored', async () => {
    const world = await mixed();
    await world.deliver('batch.succeeded', 'won');
    world.now += 60 * MINUTE;
    await world.record();

    await world.run();

    expect(world.metrics.filter(([name]) => name === 'OldestUnstored')).toEqual([
      ['OldestUnstored', 3600, { project: world.project, jobType: 'batch' }],
      ['OldestUnstored', 0, { project: world.project, jobType: 'interaction' }],
      ['OldestUnstored', 0, { project: world.project, jobType: 'video' }],
    ]);
  });

  it('has the last word about what did not land, once', async () => {
    const world = new World();
    await world.deliver('batch.succeeded', 'won');
    await world.deliver('interaction.completed', 'v1_a');
    await world.record();

    world.now += 24 * HOUR;
    await world.run();
    expect(world.types()).toEqual(['batch.succeeded batches/won', 'interaction.completed v1_a', 'output.failed v1_a']);
    world.now += 24 * HOUR;
    await world.run();
    await world.run();
    await world.record();
    await world.run();

    expect(world.types()).toEqual([
      'batch.succeeded batches/won',
      'interaction.completed v1_a',
      'output.failed batches/won',
      'output.failed v1_a',
    ]);
    expect(world.published.at(-1)?.detail).toEqual({
      schemaVersion: '1',
      project: world.project,
      jobType: 'batch',
      jobId: 'batches/won',
      webhookId: 'msg_won',
      type: 'batch.succeeded',
      code: 'ERR_OUTPUT_GONE',
      message: 'Nothing stored in the 48 hours for which Gemini keeps it',
      userMetadata: {},
      displayName: null,
      retryable: false,
      verifiedJob: false,
      bucket: 'outputs',
      manifestKey: null,
    });
  });

  it('does not give up what stored, though the ledger never heard of it', async () => {
    const world = new World();
    await world.deliver('batch.succeeded', 'won');
    await world.deliver('batch.succeeded', 'lost');
    await world.record();
    world.manifests['batches/won'] = {
      job: { createdAt: '2026-11-24T04:00:00.000Z' },
      timings: { startedAt: '2026-11-24T05:01:00.000Z', finishedAt: '2026-11-24T05:02:00.000Z' },
    } as Manifest;

    world.now += 48 * HOUR;
    await world.run();

    expect(world.types()).toContain('output.failed batches/lost');
    expect(world.types()).not.toContain('output.failed batches/won');
    const query = { state: 'stored', project: world.project, jobType: 'batch', limit: 10 } as const;
    expect((await world.ledger.list(query)).jobs).toMatchObject([
      {
        ...{ jobId: 'batches/won', manifestKey: 'p/batches/won/manifest.json' },
        createdAt: new Date('2026-11-24T04:00:00Z'),
        ...{ fetchStartedAt: new Date('2026-11-24T05:01:00Z'), storedAt: new Date('2026-11-24T05:02:00Z') },
      },
    ]);
  });

  it('takes what stored for stored, also when Gemini did not say when the job was created', async () => {
    const world = new World();
    await world.deliver('batch.succeeded', 'won');
    await world.record();
    world.manifests['batches/won'] = {
      job: { createdAt: null },
      timings: { startedAt: '2026-11-24T05:01:00.000Z', finishedAt: '2026-11-24T05:02:00.000Z' },
    } as Manifest;

    world.now += 48 * HOUR;
    await world.run();

    const query = { state: 'stored', project: world.project, jobType: 'batch', limit: 10 } as const;
    expect((await world.ledger.list(query)).jobs).toMatchObject([{ jobId: 'batches/won', createdAt: undefined }]);
  });

  describe('records in the ledger what it gave up', () => {
    const inLedger = async (world: World) => {
      const query = { state: 'failed', project: world.project, jobType: 'interaction', limit: 10 } as const;
      return (await world.ledger.list(query)).jobs;
    };
    const counted = (world: World) => world.metrics.filter(([name]) => name === 'OutputsFailed');
    const FAILED = { jobId: 'v1_a', failureCode: 'ERR_OUTPUT_GONE', failedAt: new Date('2026-11-25T05:00:00Z') };
    async function overdue() {
      const world = new World();
      await world.deliver('interaction.completed', 'v1_a');
      await world.record();
      const id = `${world.project}#output.failed#v1_a`;
      const claim = { id, owner: 'run-before', delivery: `api#${id}`, bodySha256: '' };
      const rest = { eventType: 'output.failed', jobId: 'v1_a', receivedAt: new Date('2026-11-25T05:00:00Z') };
      world.now += 24 * HOUR;
      return { world, claim: { ...claim, ...rest } };
    }

    it('as final, under a claim that no delivery can take', async () => {
      const { world, claim } = await overdue();
      const claims: object[] = [];
      const take = world.store.claim.bind(world.store);
      world.store.claim = async (asked, now) => {
        claims.push(asked);
        return take(asked, now);
      };

      await world.run();

      expect(claims).toEqual([{ ...claim, owner: expect.any(String) }]);
      expect(await inLedger(world)).toMatchObject([FAILED]);
      expect(counted(world)).toEqual([['OutputsFailed', { project: world.project, jobType: 'interaction' }]]);
    });

    it('after a run that died between the event and the ledger, without a second event', async () => {
      const { world, claim } = await overdue();
      await world.store.claim(claim, new Date(world.now));
      await world.store.complete(claim.id, claim.owner, new Date(world.now));

      await world.run();

      expect(world.types()).toEqual(['interaction.completed v1_a']);
      expect(await inLedger(world)).toMatchObject([FAILED]);
      expect(counted(world)).toEqual([]);
    });

    it('but not while another run is about to', async () => {
      const { world, claim } = await overdue();
      await world.store.claim(claim, new Date(world.now));

      await world.run();

      expect(world.types()).toEqual(['interaction.completed v1_a']);
      expect(await inLedger(world)).toEqual([]);
    });
  });

  it('comes for each of more jobs than are read at once, and their age is measured once', async () => {
    const world = new World();
    for (let index = 0; index < 101; index += 1) await world.deliver('batch.succeeded', `j${index}`);
    await world.record();
    world.published.length = 0;

    world.now += 48 * HOUR;
    await world.run();

    expect(world.published).toHaveLength(101);
    expect(world.metrics.filter(([name]) => name === 'OldestUnstored')).toHaveLength(3);
  });

  it('is not looked for behind the first job that has time left', async () => {
    const world = new World();
    for (let index = 0; index < 101; index += 1) await world.deliver('batch.succeeded', `j${index}`);
    await world.record();
    world.pages = [];
    const queries: string[] = [];
    const list = world.ledger.list.bind(world.ledger);
    world.ledger.list = async (query) => {
      queries.push(`${query.state} ${query.jobType}`);
      return list(query);
    };

    await world.run();

    expect(queries.filter((query) => query === 'unstored batch')).toHaveLength(1);
  });

  it('waits for the next run when the time of this one is over', async () => {
    const world = new World();
    await world.deliver('batch.succeeded', 'won');
    await world.record();
    world.deadline.abort();

    world.now += 48 * HOUR;
    expect(await world.run()).toMatchObject({ outcome: 'paused' });

    expect(world.types()).toEqual(['batch.succeeded batches/won']);
    expect(world.asked).toEqual([]);
  });

  it('gives nothing up while it cannot look whether it stored', async () => {
    const world = new World();
    await world.deliver('batch.succeeded', 'won');
    await world.record();
    world.stored = () => {
      throw new TransientError('ERR_STORE_UNAVAILABLE', 'S3 is away');
    };

    world.now += 48 * HOUR;
    expect(await world.run()).toMatchObject({ outcome: 'done' });

    expect(world.types()).toEqual(['batch.succeeded batches/won']);
    expect(world.logged).toContainEqual([
      'A job could not be looked after',
      expect.objectContaining({ jobId: 'batches/won', code: 'ERR_STORE_UNAVAILABLE' }),
    ]);
  });

  it('gives up a submitted job that the API key never saw', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_typo', 0, { team: 'a' });

    world.now += 20 * HOUR;
    await world.run();
    expect(world.types()).toEqual([]);
    world.now += 5 * HOUR;
    await world.run();
    await world.record();
    world.now += HOUR;
    await world.run();

    expect(world.types()).toEqual(['output.failed v1_typo']);
    expect(world.published[0]?.detail).toMatchObject({
      ...{ code: 'ERR_JOB_NOT_OURS', type: 'job.submitted', webhookId: `api#${world.project}#output.failed#v1_typo` },
      message: 'The API key has never seen the job that was submitted',
      ...{ userMetadata: { team: 'a' }, verifiedJob: true },
    });
    expect(world.metrics.filter(([name]) => name === 'OutputsFailed')).toEqual([
      ['OutputsFailed', { project: world.project, jobType: 'interaction' }],
    ]);
  });
});

describe('a question about a job', () => {
  const PATH = 'interactions/v1_a?stream=false';
  const away = new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 500');
  const named = (world: World, message: string) => world.logged.filter(([text]) => text === message);

  it('is not asked before Gemini may be asked again', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_a', 60);
    const askNotBefore = new Date(START + 5 * MINUTE).toISOString();
    await world.ledger.writeCursor(world.project, { firstRunAt: iso(600), isFull: true, askNotBefore });

    await world.run();
    expect(world.asked).toEqual(['batches?pageSize=50']);
    world.now += 5 * MINUTE;
    await world.run();
    expect(world.asked).toContain(PATH);
  });

  it('is asked of each, however many there are', async () => {
    const world = new World();
    for (let index = 0; index < 101; index += 1) {
      await world.submit('interaction', `v1_${index}`, 60);
      world.resources[`interactions/v1_${index}?stream=false`] = interaction(`v1_${index}`, 'completed', 30);
    }

    await world.run();

    expect(world.published).toHaveLength(101);
  });

  it('ends in an error when the ledger cannot say which there are, after the list of batches was read', async () => {
    const world = await mixed();
    const list = world.ledger.list.bind(world.ledger);
    world.ledger.list = async (query) => {
      if (query.state === 'awaited') throw new TransientError('ERR_STORE_UNAVAILABLE', 'away');
      return list(query);
    };

    await expect(world.run()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    expect(world.types()).toEqual(EVERY_EVENT.filter((event) => event.startsWith('batch.')));
  });

  it('counts as an answer, though the list is refused', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_a', 60);
    world.resources[PATH] = interaction('v1_a', 'in_progress', 30);
    world.refusals['batches?'] = away;

    await world.run();

    expect(world.metrics).toContainEqual(['JobsChecked', { project: world.project }, 1]);
  });

  it('whose answer comes too late is asked again by the next run, and is nobody’s fault', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_a', 60);
    world.refusals[PATH] = new TransientError('ERR_FETCH_TIMED_OUT', 'The time ran out');

    await world.run();
    await world.run();

    expect(world.asked.filter((path) => path === PATH)).toHaveLength(2);
    expect(world.logged).toEqual([]);
  });

  it.each([
    ['9:59', -1, []],
    ['10:00', 0, ['interaction.completed v1_a']],
  ])('leaves the end to its webhook for ten minutes: after %s', async (_after, milliseconds, types) => {
    const world = new World();
    await world.submit('interaction', 'v1_a', 60);
    world.resources[PATH] = interaction('v1_a', 'completed', 10);
    world.now += milliseconds;

    await world.run();
    expect(world.types()).toEqual(types);
    world.now += MINUTE;
    await world.run();
    expect(world.types()).toEqual(['interaction.completed v1_a']);
  });

  it('is decided by what the ledger has now, and not by the index that is behind', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_a', 60);
    world.resources[PATH] = interaction('v1_a', 'completed', 30);
    await world.holdIndex();
    await world.deliver('interaction.failed', 'v1_a');
    await world.record();

    await world.run();

    expect(world.types()).toEqual(['interaction.failed v1_a']);
  });

  it('is the last of five that Gemini left without an answer', async () => {
    const world = new World();
    for (let index = 0; index < 8; index += 1) await world.submit('interaction', `v1_${index}`, 60);
    world.refusals['interactions/'] = away;

    await world.run({ askedAtOnce: 1 });

    expect(world.asked.filter((path) => path.startsWith('interactions/'))).toHaveLength(5);
    expect(world.metrics).toContainEqual(['LookupsRefused', { project: world.project }]);
  });

  it('that stays without an answer for an hour is counted', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_a', 0);
    world.refusals[PATH] = away;
    await world.run({ graceMs: 0 });

    world.now += HOUR;
    await world.run({ graceMs: 0 });

    expect(world.metrics).toContainEqual(['JobsUnanswered', { project: world.project }]);
  });

  it.each([
    ['gives no answer', (world: World) => Object.assign(world.refusals, { [PATH]: away })],
    ['is not shown', () => {}],
  ])('has the age of the job measured, though Gemini %s', async (_what, prepare) => {
    const world = new World();
    await world.submit('interaction', 'v1_a', 8 * 60);
    prepare(world);

    await world.run();

    expect(world.metrics).toContainEqual([
      ...['OldestUnended', 8 * 3600],
      { project: world.project, jobType: 'interaction' },
    ]);
  });

  it('that Gemini never answered is given up when nothing of the job could be there any more', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_a', 0);
    world.refusals[PATH] = away;

    for (const hours of [23, 1]) {
      expect(world.types()).toEqual([]);
      world.now += hours * HOUR;
      await world.run();
    }

    expect(world.published).toMatchObject([
      {
        detailType: 'output.failed',
        detail: {
          code: 'ERR_JOB_NEVER_ENDED',
          message: 'Gemini has not said in 24 hours that the job ended; its last answer was ERR_GEMINI_UNAVAILABLE',
        },
      },
    ]);
  });

  it('about a job that is not shown is asked again after a pause that doubles, and warned of once', async () => {
    const world = new World();
    await world.submit('interaction', 'v1_a', 60);
    const askedAt: number[] = [];

    for (let minute = 0; minute <= 40; minute += 1) {
      world.now = START + minute * MINUTE;
      const before = world.asked.length;
      await world.run({ graceMs: 0 });
      if (world.asked.slice(before).includes(PATH)) askedAt.push(minute);
    }

    expect(askedAt).toEqual([0, 8, 17, 34]);
    expect(named(world, 'Gemini does not show a job')).toHaveLength(1);
  });

  it('about a batch that the list showed, and that is gone, ends in its being called deleted', async () => {
    const world = new World();
    world.pages = [[batch('gone', 'RUNNING', undefined, 0)]];
    await world.run();
    world.pages = [];

    world.now += 97 * HOUR;
    await world.run();

    expect(world.published).toMatchObject([
      { detail: { jobId: 'batches/gone', code: 'ERR_OUTPUT_GONE', message: 'The job was deleted before it ended' } },
    ]);
  });

  it('brings an end under the name that the application gave the job', async () => {
    const world = new World();
    const fact = { kind: 'submitted', project: world.project, jobType: 'interaction', jobId: 'v1_a' } as const;
    const submittedAt = new Date(START - HOUR);
    await world.ledger.record({ ...fact, submittedAt, userMetadata: {}, displayName: 'nightly' });
    world.resources[PATH] = interaction('v1_a', 'completed', 30);

    await world.run();

    expect(world.published).toMatchObject([{ detail: { displayName: 'nightly' } }]);
  });
});
