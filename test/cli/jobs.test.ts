/** What is shown of jobs, from tables as the pipeline writes them. */
import { type DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Deployment } from '../../cli/deployment.ts';
import { DynamoDbJobLedger } from '../../lambda/ledger/ledger.client.ts';
import { runCommand } from '../fakes/command-line.ts';
import { describedProject, fakeDeployment, queueUrl } from '../fakes/deployment.ts';
import { startTables, type Tables } from '../fakes/ledger-table.ts';
import { mockClient } from '../fakes/mock-client.ts';

const s3 = mockClient(S3Client);
const sqs = mockClient(SQSClient);
const NOW = new Date('2026-11-24T05:00:00Z');
const at = (time: string) => new Date(`2026-11-24T${time}:00Z`);

let tables: Tables;
let ledger: DynamoDbJobLedger;
let deployment: Deployment;

beforeAll(async () => {
  tables = await startTables();
  ledger = new DynamoDbJobLedger({ client: tables.client, tableName: 'JobLedger', now: () => NOW });
  deployment = fakeDeployment(
    {
      // The command line closes what it was given, and the next call still needs it.
      dynamodb: Object.assign(Object.create(tables.client) as DynamoDBClient, { destroy: () => {} }),
      s3: new S3Client({ region: 'us-east-1' }),
      sqs: new SQSClient({ region: 'us-east-1' }),
    },
    { projects: [describedProject('default'), describedProject('acme-eu')] },
  );
});
afterAll(() => tables.close());
beforeEach(() => {
  s3.reset();
  sqs.reset();
  s3.on(ListObjectsV2Command).resolves({});
});

const call = (command: string) => runCommand(command.split(' '), { find: async () => deployment, clock: () => NOW });

/** The rows of `show` as `time what: detail`. */
async function lifeOf(id: string): Promise<string[]> {
  const { printed } = await call(`show ${id} --json`);
  const [life]: { steps: { time: string; what: string; detail: string }[] }[] = JSON.parse(printed);
  return (life?.steps ?? []).map(({ time, what, detail }) => `${time.slice(11, 16)} ${what}: ${detail}`);
}

const batch = (jobId: string, project = 'default') => ({ project, jobType: 'batch', jobId }) as const;
const announced = (jobId: string, project = 'default') => ({
  ...batch(jobId, project),
  kind: 'announced' as const,
  eventType: 'batch.succeeded',
  webhookId: `msg_${jobId.slice('batches/'.length)}`,
  origin: 'webhook',
  endedAt: at('02:10'),
  deliveredAt: at('02:11'),
  publishedAt: at('02:12'),
  userMetadata: { team: 'a' },
});

async function deliver(id: string, delivery: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const texts = { id, delivery, status: 'COMPLETED', received_at: '2026-11-24T02:11:00.000Z', ...more };
  await tables.client.send(
    new PutItemCommand({
      TableName: 'Deliveries',
      Item: {
        ...Object.fromEntries(Object.entries(texts).map(([name, S]) => [name, { S }])),
        ...{ attempts: { N: '1' }, expiration: { N: String(NOW.getTime() / 1000 + 1000) } },
      },
    }),
  );
}

function holdManifests(manifests: Readonly<Record<string, unknown>>): void {
  const folders = Object.keys(manifests).map((key) => ({ Prefix: key.slice(0, -'manifest.json'.length) }));
  s3.on(ListObjectsV2Command).resolves({ CommonPrefixes: [...folders, { Prefix: 'unfinished/' }] });
  s3.on(GetObjectCommand).callsFake(({ Key }) => {
    if (manifests[Key] === undefined) throw new NoSuchKey({ message: 'No such key', $metadata: {} });
    return { Body: { transformToString: async () => JSON.stringify(manifests[Key]) } };
  });
}

describe('show', () => {
  it('shows the whole life of a job that is stored, long after its delivery was forgotten', async () => {
    const folder = 'batch/project=default/date=2026-11-24/job=stored/';
    await ledger.record({ ...batch('batches/stored'), kind: 'submitted', submittedAt: at('02:00'), userMetadata: {} });
    await ledger.record(announced('batches/stored'));
    await ledger.record({
      ...batch('batches/stored'),
      kind: 'stored',
      createdAt: at('02:01'),
      fetchStartedAt: at('02:13'),
      storedAt: at('02:14'),
      manifestKey: `${folder}succeeded/manifest.json`,
    });
    holdManifests({
      [`${folder}succeeded/manifest.json`]: {
        outcome: 'stored',
        job: { status: 'succeeded', createdAt: at('02:01'), endedAt: '2026-11-24T02:10:00.004Z' },
        error: null,
        objects: [{ key: `${folder}succeeded/responses.jsonl`, bytes: 1500 }],
        timings: { startedAt: at('02:13'), finishedAt: at('02:14') },
      },
    });
    const send = vi.spyOn(deployment.clients.dynamodb, 'send');

    expect(await lifeOf('batch_stored')).toEqual([
      '02:00 submitted: batch, by an application',
      '02:01 created: at Gemini',
      '02:10 ended: at Gemini, succeeded',
      '02:11 received: batch.succeeded, msg_stored',
      '02:12 on the bus: batch.succeeded',
      '02:13 fetch began: ',
      '02:14 object: succeeded/responses.jsonl (1.5 kB)',
      '02:14 stored: succeeded/manifest.json',
    ]);
    expect(s3.commandCalls(ListObjectsV2Command).map(({ args }) => args[0].input)).toEqual([
      { Bucket: 'outputs', Prefix: folder, Delimiter: '/' },
    ]);
    expect(send.mock.calls.filter(([command]) => command instanceof ScanCommand)).toEqual([]);
    send.mockRestore();
  });

  it('shows what is known of a job that was only submitted', async () => {
    await ledger.record({ ...batch('batches/early'), kind: 'submitted', submittedAt: at('04:00'), userMetadata: {} });

    expect(await lifeOf('early')).toEqual(['04:00 submitted: batch, by an application']);
    expect((await call('show early')).noted).toContain('It is waiting: Gemini has not said that it ended.');
  });

  it('shows with which code and when a job failed of which nothing is stored', async () => {
    await ledger.record(announced('batches/theirs'));
    const failed = { kind: 'failed', failedAt: at('02:20'), code: 'ERR_JOB_NOT_OURS', retryable: false } as const;
    await ledger.record({ ...batch('batches/theirs'), ...failed, manifestKey: undefined });
    await deliver('default#batch.succeeded#theirs', 'v1a#msg_theirs', { event_type: 'batch.succeeded' });

    expect(await lifeOf('batches/theirs')).toEqual([
      '02:10 ended: at Gemini',
      '02:11 received: batch.succeeded, msg_theirs, v1a, 1 attempt',
      '02:12 on the bus: batch.succeeded',
      '02:20 failed: ERR_JOB_NOT_OURS',
    ]);
    expect((await call('show theirs')).noted).toContain(
      'given up with ERR_JOB_NOT_OURS, which docs/events.md explains',
    );
  });

  it('finds the record of an end that only the reconciler announces, and that Gemini does not have yet', async () => {
    const found = { eventType: 'batch.paused', webhookId: 'api#default#batch.paused#paused', origin: 'reconciler' };
    await ledger.record({ ...announced('batches/paused'), ...found });
    await deliver('default#batch.paused#paused', 'api#api#default#batch.paused#paused', { event_type: 'batch.paused' });

    expect(await lifeOf('paused')).toContain(
      '02:11 found: batch.paused, api#default#batch.paused#paused, api, 1 attempt',
    );
  });

  it('finds the failure and the manifest of a job that was fetched again', async () => {
    const folder = 'batch/project=default/date=2026-11-24/job=again/';
    await ledger.record(announced('batches/again'));
    const failed = { kind: 'failed', failedAt: at('02:20'), code: 'ERR_OUTPUT_TOO_LARGE', retryable: false } as const;
    await ledger.record({ ...batch('batches/again'), ...failed, manifestKey: `${folder}fetch-failed/manifest.json` });
    const stored = {
      kind: 'stored',
      createdAt: undefined,
      fetchStartedAt: at('03:00'),
      storedAt: at('03:10'),
    } as const;
    await ledger.record({ ...batch('batches/again'), ...stored, manifestKey: `${folder}succeeded/manifest.json` });
    const job = { status: 'succeeded', createdAt: null, endedAt: null };
    holdManifests({
      [`${folder}fetch-failed/manifest.json`]: {
        ...{ outcome: 'failed', job, objects: [], error: { code: 'ERR_OUTPUT_TOO_LARGE', message: 'Too large' } },
        timings: { startedAt: at('02:19'), finishedAt: at('02:20') },
      },
      [`${folder}succeeded/manifest.json`]: {
        ...{ outcome: 'stored', job, objects: [], error: null },
        timings: { startedAt: at('03:00'), finishedAt: at('03:10') },
      },
    });

    expect((await lifeOf('again')).slice(3)).toEqual([
      '02:19 fetch began: ',
      '02:20 failed: ERR_OUTPUT_TOO_LARGE: Too large',
      '02:20 manifest: fetch-failed/manifest.json',
      '03:00 fetch began: ',
      '03:10 stored: succeeded/manifest.json',
    ]);
  });

  it('finds a job by the id of its webhook, and a delivery that names no job', async () => {
    await ledger.record(announced('batches/byhook'));
    const event = { event_type: 'batch.succeeded', job_id: 'batches/byhook' };
    await deliver('default#batch.succeeded#byhook', 'v1#msg_byhook', event);
    await deliver('default#v1#msg_ping', 'v1#msg_ping', { event_type: 'webhook.ping' });

    expect((await lifeOf('msg_byhook')).map((line) => line.split(':')[1]?.slice(3))).toEqual([
      'ended',
      'received',
      'on the bus',
    ]);
    expect(await lifeOf('msg_ping')).toEqual(['02:11 received: webhook.ping, msg_ping, v1, 1 attempt']);
    expect(await call('show msg_nobody')).toMatchObject({
      exitCode: 1,
      noted: expect.stringContaining('"gemini-webhooks deliveries"'),
    });
  });
});

describe('refetch', () => {
  it('sends the event as it was announced, with its metadata and its origin', async () => {
    await ledger.record({ ...announced('batches/found', 'acme-eu'), origin: 'reconciler', webhookId: 'api#key' });
    sqs.on(SendMessageCommand).resolves({});

    expect((await call('refetch found --yes')).exitCode).toBe(0);
    const { input } = sqs.commandCalls(SendMessageCommand)[0]?.args[0] ?? {};
    expect(input?.QueueUrl).toBe(queueUrl('batch'));
    expect(JSON.parse(input?.MessageBody ?? '{}')).toMatchObject({
      'detail-type': 'batch.succeeded',
      source: 'gemini.webhooks',
      detail: {
        ...{ project: 'acme-eu', webhookId: 'api#key', type: 'batch.succeeded', jobType: 'batch', scheme: 'api' },
        ...{ jobId: 'batches/found', status: 'succeeded', origin: 'reconciler', userMetadata: { team: 'a' } },
        ...{ occurredAt: '2026-11-24T02:10:00.000Z', receivedAt: '2026-11-24T02:11:00.000Z' },
      },
    });
  });

  it('makes up for a ledger that does not know the job by its delivery, and says what is missing', async () => {
    const event = { event_type: 'batch.succeeded', job_id: 'batches/unrecorded' };
    await deliver('default#batch.succeeded#unrecorded', 'v1a#msg_u', event);
    sqs.on(SendMessageCommand).resolves({});

    expect(await call('refetch unrecorded --yes')).toMatchObject({
      exitCode: 0,
      noted: expect.stringContaining('no userMetadata'),
    });
    const { input } = sqs.commandCalls(SendMessageCommand)[0]?.args[0] ?? {};
    expect(JSON.parse(input?.MessageBody ?? '{}').detail).toMatchObject({ scheme: 'v1a', origin: 'webhook' });
  });

  it('does nothing for a job that has not ended, or of two projects', async () => {
    await ledger.record({ ...batch('batches/open'), kind: 'submitted', submittedAt: at('04:00'), userMetadata: {} });
    await ledger.record(announced('batches/both'));
    await ledger.record(announced('batches/both', 'acme-eu'));

    expect(await call('refetch open --yes')).toMatchObject({
      exitCode: 1,
      noted: expect.stringContaining('show open'),
    });
    expect(await call('refetch nobody --yes')).toMatchObject({ exitCode: 1, noted: expect.stringContaining('replay') });
    expect(await call('refetch both --yes')).toMatchObject({
      exitCode: 2,
      noted: expect.stringContaining('--project'),
    });
    sqs.on(SendMessageCommand).resolves({});
    expect((await call('refetch both --yes --project acme-eu')).exitCode).toBe(0);
  });
});

describe('deliveries', () => {
  it('are filtered by project, outcome and job', async () => {
    const event = { event_type: 'batch.succeeded', job_id: 'batches/d1' };
    await deliver('acme-eu#batch.succeeded#d1', 'v1#msg_d1', { ...event, status: 'INPROGRESS' });
    await deliver('acme-eu#batch.succeeded#d2', 'v1#msg_d2', { ...event, job_id: 'batches/d2' });
    const ids = async (filters: string) => {
      const rows: Record<string, string>[] = JSON.parse((await call(`deliveries --json ${filters}`)).printed);
      return rows.map((row) => row['webhookId']).toSorted();
    };

    expect(await ids('--project acme-eu')).toEqual(['msg_d1', 'msg_d2']);
    expect(await ids('--project acme-eu --outcome inprogress')).toEqual(['msg_d1']);
    expect(await ids('--outcome inprogress')).toEqual(['msg_d1']);
    expect(await ids('--job d2')).toEqual(['msg_d2']);
    expect(await call('deliveries --project nobody')).toMatchObject({ exitCode: 2 });
  });
});
