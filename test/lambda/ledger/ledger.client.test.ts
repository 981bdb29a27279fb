import { BatchGetItemCommand, type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LedgerFact, type LedgerQuery, shardOf } from '../../../lambda/ledger/facts.ts';
import { DynamoDbJobLedger } from '../../../lambda/ledger/ledger.client.ts';
import { DynamoDbTable } from '../../fakes/dynamodb-table.ts';
import { startTables, type Tables } from '../../fakes/ledger-table.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

let tables: Tables;
let client: DynamoDBClient;
let ledger: DynamoDbJobLedger;
let projects = 0;
const newProject = () => `s${++projects}`;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

function factsOf(project: string) {
  const job = { project, jobType: 'interaction', jobId: 'v1_a' } as const;
  const submitted: LedgerFact = {
    ...job,
    kind: 'submitted',
    submittedAt: ago(60),
    userMetadata: { team: 'a' },
    displayName: 'my job',
  };
  const announced: LedgerFact = {
    ...job,
    kind: 'announced',
    eventType: 'interaction.completed',
    webhookId: 'msg_1',
    origin: 'webhook',
    endedAt: ago(30),
    deliveredAt: ago(29),
    publishedAt: ago(28),
    userMetadata: {},
  };
  const stored: LedgerFact = {
    ...job,
    kind: 'stored',
    createdAt: ago(61),
    fetchStartedAt: ago(27),
    storedAt: ago(26),
    manifestKey: 'p/manifest.json',
  };
  const failed: LedgerFact = {
    ...job,
    kind: 'failed',
    failedAt: ago(20),
    code: 'ERR_RATE_LIMITED',
    retryable: true,
    manifestKey: undefined,
  };
  return { job, submitted, announced, stored, failed };
}

async function statesIn(project: string) {
  const found = [];
  for (const state of ['awaited', 'unstored', 'stored', 'failed'] as const) {
    const { jobs } = await ledger.list({ state, project, jobType: 'interaction', limit: 10 });
    found.push(...jobs.map((job) => [job.state, job.jobId, job.due?.toISOString()]));
  }
  return found;
}

async function itemOf(project: string, jobId = 'v1_a') {
  const Key = { id: { S: `job#${project}#interaction#${jobId}` } };
  const { Item } = await client.send(new GetItemCommand({ TableName: 'JobLedger', Key }));
  return Item;
}

describe.each([
  ['dynalite', () => tables.client],
  ['the table in memory', () => new DynamoDbTable().client()],
])('on %s', (_name, connect) => {
  beforeEach(() => {
    client = connect();
    ledger = new DynamoDbJobLedger({ client, tableName: 'JobLedger', now: () => NOW });
  });

  it('moves a job from awaited to unstored to stored', async () => {
    const project = newProject();
    const { submitted, announced, stored } = factsOf(project);

    await ledger.record(submitted);
    expect(await statesIn(project)).toEqual([['awaited', 'v1_a', '2026-11-24T04:00:00.000Z']]);
    await ledger.record(announced);
    expect(await statesIn(project)).toEqual([['unstored', 'v1_a', '2026-11-24T04:30:00.000Z']]);
    await ledger.record(stored);
    expect(await statesIn(project)).toEqual([['stored', 'v1_a', '2026-11-24T04:34:00.000Z']]);

    expect(await itemOf(project)).toEqual({
      id: { S: `job#${project}#interaction#v1_a` },
      project: { S: project },
      job_type: { S: 'interaction' },
      job_id: { S: 'v1_a' },
      submitted_at: { S: '2026-11-24T04:00:00.000Z' },
      created_at: { S: '2026-11-24T03:59:00.000Z' },
      ended_at: { S: '2026-11-24T04:30:00.000Z' },
      delivered_at: { S: '2026-11-24T04:31:00.000Z' },
      published_at: { S: '2026-11-24T04:32:00.000Z' },
      fetch_started_at: { S: '2026-11-24T04:33:00.000Z' },
      stored_at: { S: '2026-11-24T04:34:00.000Z' },
      closed_at: { S: '2026-11-24T04:34:00.000Z' },
      event_type: { S: 'interaction.completed' },
      webhook_id: { S: 'msg_1' },
      origin: { S: 'webhook' },
      manifest_key: { S: 'p/manifest.json' },
      user_metadata: { S: '{"team":"a"}' },
      display_name: { S: 'my job' },
      queue: { S: expect.stringMatching(`^stored#${project}#interaction#[0-7]$`) },
      due: { N: '1795494840000' },
      // 60 days later, in seconds.
      expiration: { N: '1800680400' },
    });
  });

  it.each([
    ['stored', 'announced', 'submitted'],
    ['stored', 'submitted', 'announced'],
    ['announced', 'stored', 'submitted'],
    ['submitted', 'stored', 'announced'],
    ['announced', 'submitted', 'stored'],
  ] as const)('is the same whatever comes first: %s, %s, %s, and each twice', async (...order) => {
    const project = newProject();
    const facts = factsOf(project);

    for (const kind of [...order, ...order]) await ledger.record(facts[kind]);

    expect(await statesIn(project)).toEqual([['stored', 'v1_a', '2026-11-24T04:34:00.000Z']]);
    expect([...(await ledger.find([facts.job])).values()]).toMatchObject([
      {
        ...{ eventType: 'interaction.completed', origin: 'webhook', submittedAt: ago(60) },
        ...{ userMetadata: { team: 'a' }, displayName: 'my job', attempts: 0, failureCode: undefined },
      },
    ]);
  });

  it('keeps a job open whose fetch may be tried again, and closes one for which it may not', async () => {
    const project = newProject();
    const { announced, failed } = factsOf(project);

    await ledger.record(announced);
    await ledger.record(failed);
    expect(await statesIn(project)).toEqual([['unstored', 'v1_a', '2026-11-24T04:30:00.000Z']]);
    await ledger.record({ ...failed, retryable: false } as LedgerFact);
    expect(await statesIn(project)).toEqual([['failed', 'v1_a', '2026-11-24T04:40:00.000Z']]);
  });

  it('takes a job that stored after it was given up for stored, and not the other way round', async () => {
    const [late, early] = [newProject(), newProject()];
    const given = (project: string) => ({ ...factsOf(project).failed, retryable: false }) as LedgerFact;

    await ledger.record(given(late));
    await ledger.record(factsOf(late).stored);
    await ledger.record(factsOf(early).stored);
    await ledger.record(given(early));

    const stored = [['stored', 'v1_a', '2026-11-24T04:34:00.000Z']];
    expect([await statesIn(late), await statesIn(early)]).toEqual([stored, stored]);
  });

  it('believes the application about what a job is for, whatever its event says, and in whatever order', async () => {
    const announced = (project: string) =>
      ({ ...factsOf(project).announced, userMetadata: { team: 'b' } }) as LedgerFact;
    for (const order of [
      ['submitted', 'announced'],
      ['announced', 'submitted'],
    ] as const) {
      const project = newProject();
      for (const kind of order)
        await ledger.record(kind === 'announced' ? announced(project) : factsOf(project).submitted);
      expect((await itemOf(project))?.['user_metadata']).toEqual({ S: '{"team":"a"}' });
    }
  });

  it('awaits a batch that is listed and runs, and only knows of one that has ended', async () => {
    const project = newProject();
    const batch = { project, jobType: 'batch', kind: 'listed', listedAt: NOW, createdAt: ago(60) } as const;

    await ledger.record({ ...batch, jobId: 'batches/runs', hasEnded: false, displayName: 'evals' });
    await ledger.record({ ...batch, jobId: 'batches/over', hasEnded: true });

    const { jobs } = await ledger.list({ state: 'awaited', project, jobType: 'batch', limit: 10 });
    expect(jobs).toMatchObject([
      // Lists show its end; it is asked for by itself a day later.
      { jobId: 'batches/runs', due: new Date('2026-11-25T05:00:00.000Z'), createdAt: ago(60), displayName: 'evals' },
    ]);
    const known = await ledger.find([{ project, jobType: 'batch', jobId: 'over' }]);
    expect([...known.values()]).toMatchObject([{ listedAt: NOW, state: undefined }]);
  });

  it('reads what fetchers write of a job', async () => {
    const project = newProject();
    await ledger.record(factsOf(project).announced);
    const Key = { id: { S: `job#${project}#interaction#v1_a` } };
    await client.send(
      new UpdateItemCommand({
        ...{ TableName: 'JobLedger', Key, UpdateExpression: 'SET #a = :a, #c = :c, #n = :n' },
        ExpressionAttributeNames: { '#a': 'attempts', '#c': 'last_code', '#n': 'next_attempt_at' },
        ExpressionAttributeValues: {
          ':a': { N: '3' },
          ':c': { S: 'ERR_RATE_LIMITED' },
          ':n': { S: NOW.toISOString() },
        },
      }),
    );

    expect([...(await ledger.find([factsOf(project).job])).values()]).toMatchObject([
      { attempts: 3, lastCode: 'ERR_RATE_LIMITED', nextAttemptAt: NOW },
    ]);
  });

  it.each([
    ['before', ['failed', 'stored']],
    ['after', ['stored', 'failed']],
  ] as const)(
    'names the manifest of the outputs, and not that of a failure that is recorded %s it',
    async (_when, order) => {
      const project = newProject();
      const facts = factsOf(project);
      const failed = { ...facts.failed, manifestKey: 'p/fetch-failed/manifest.json' } as LedgerFact;

      for (const kind of order) await ledger.record(kind === 'failed' ? failed : facts.stored);

      expect((await itemOf(project))?.['manifest_key']).toEqual({ S: 'p/manifest.json' });
    },
  );

  it('asks for an awaited job later, but not for one that was announced', async () => {
    const project = newProject();
    const { job, submitted, announced } = factsOf(project);

    await ledger.record(submitted);
    await ledger.postpone(job, ago(10), ago(40));
    await ledger.record(submitted);
    expect(await statesIn(project)).toEqual([['awaited', 'v1_a', '2026-11-24T04:50:00.000Z']]);
    expect([...(await ledger.find([job])).values()]).toMatchObject([{ failingSince: ago(40) }]);
    await ledger.postpone(job, ago(10));
    expect([...(await ledger.find([job])).values()]).toMatchObject([{ failingSince: undefined }]);
    await ledger.record(announced);
    await ledger.postpone(job, ago(5));
    expect(await statesIn(project)).toEqual([['unstored', 'v1_a', '2026-11-24T04:30:00.000Z']]);
  });

  it('lists what is due, the earliest first, and of its own queue only', async () => {
    const project = newProject();
    const { submitted } = factsOf(project);
    for (const [jobId, minutes] of [
      ['late', 5],
      ['early', 50],
      ['middle', 20],
    ] as const) {
      await ledger.record({ ...submitted, jobId, submittedAt: ago(minutes) } as LedgerFact);
    }
    const query = { state: 'awaited', project, jobType: 'interaction', limit: 10 } as const;
    const list = async (more: Partial<LedgerQuery>) =>
      (await ledger.list({ ...query, ...more })).jobs.map(({ jobId }) => jobId);

    expect(await list({ until: ago(10) })).toEqual(['early', 'middle']);
    expect(await list({ since: ago(20) })).toEqual(['middle', 'late']);
    expect(await list({ newestFirst: true })).toEqual(['late', 'middle', 'early']);
    expect(await list({ limit: 1 })).toEqual(['early']);
    expect(await list({ jobType: 'video' })).toEqual([]);
  });

  it.each([
    ['the earliest first', false, 1],
    ['the newest first', true, -1],
  ])('lists page by page, each job once, %s', async (_order, newestFirst, sign) => {
    const project = newProject();
    const { submitted } = factsOf(project);
    // Some at the same time.
    const minutes = Array.from({ length: 100 }, (_, index) => (index * 37) % 50);
    await Promise.all(
      minutes.map((minute, index) =>
        ledger.record({ ...submitted, jobId: `v1_${index}`, submittedAt: ago(minute) } as LedgerFact),
      ),
    );

    const seen: { jobId: string; due: number }[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await ledger.list({
        ...({ state: 'awaited', project, jobType: 'interaction', limit: 16, newestFirst, cursor } as const),
      });
      expect(page.jobs.length).toBeLessThanOrEqual(16);
      seen.push(...page.jobs.map(({ jobId, due }) => ({ jobId, due: due?.getTime() ?? 0 })));
      cursor = page.next;
      pages += 1;
    } while (cursor !== undefined && pages < 50);

    expect(new Set(seen.map(({ jobId }) => jobId)).size).toBe(100);
    expect(seen).toHaveLength(100);
    expect(pages).toBeLessThan(20);
    expect(seen.map(({ due }) => due)).toEqual(
      seen.map(({ due }) => due).toSorted((one, other) => sign * (one - other)),
    );
  });

  it('keeps one cursor for each project', async () => {
    const [one, other] = [newProject(), newProject()];
    const cursor = { firstRunAt: NOW.toISOString(), isFull: true, pageToken: 'p2' };

    await ledger.writeCursor(one, cursor);

    expect(await ledger.readCursor(one)).toEqual(cursor);
    expect(await ledger.readCursor(other)).toBeUndefined();
  });
});

it('says that the store is away', async () => {
  const client = { send: () => Promise.reject(new Error('ECONNREFUSED')) } as never;
  const away = new DynamoDbJobLedger({ client, tableName: 'JobLedger', now: () => NOW });

  for (const call of [away.record(factsOf('x').stored), away.find([factsOf('x').job]), away.readCursor('x')]) {
    await expect(call).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  }
});

it('spreads the jobs of one state over all shards', () => {
  const jobs = Array.from({ length: 8000 }, (_, index) => ({
    ...({ project: 'default', jobType: 'batch', jobId: `batches/${index.toString(36)}x` } as const),
  }));
  const counts = new Map<number, number>();
  for (const job of jobs) counts.set(shardOf(job), (counts.get(shardOf(job)) ?? 0) + 1);

  expect([...counts.keys()].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(200);
  // However its id is spelled.
  expect(shardOf({ project: 'default', jobType: 'batch', jobId: 'batch_abc' })).toBe(
    shardOf({ project: 'default', jobType: 'batch', jobId: 'batches/abc' }),
  );
});

it('asks again for what DynamoDB left out, and takes nothing for unknown that it did not read', async () => {
  const job = factsOf('x').job;
  const answers: object[] = [
    {
      Responses: { JobLedger: [] },
      UnprocessedKeys: { JobLedger: { Keys: [{ id: { S: 'job#x#interaction#v1_a' } }] } },
    },
  ];
  const found = {
    id: { S: 'job#x#interaction#v1_a' },
    project: { S: 'x' },
    job_type: { S: 'interaction' },
    job_id: { S: 'v1_a' },
  };
  const asked: unknown[] = [];
  const busy = (last: object) => ({
    send: async (command: unknown) => {
      if (command instanceof BatchGetItemCommand) asked.push(command.input.RequestItems?.['JobLedger']?.Keys);
      return asked.length === 1 ? answers[0] : last;
    },
  });
  const of = (last: object) =>
    new DynamoDbJobLedger({ client: busy(last) as never, tableName: 'JobLedger', now: () => NOW });

  expect([...(await of({ Responses: { JobLedger: [found] } }).find([job])).keys()]).toEqual(['x#interaction#v1_a']);
  expect(asked).toHaveLength(2);
  await expect(of(answers[0] ?? {}).find([job])).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
});
