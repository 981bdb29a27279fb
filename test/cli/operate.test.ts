/** What an operator does to a deployment, with fakes of AWS: try, logs, trigger, forget, rotate, quarantine. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Deployment } from '../../cli/deployment.ts';
import { JobEventDetail, OutputFailedDetail, OutputStoredDetail } from '../../lambda/events/job-event.ts';
import { DynamoDbJobLedger } from '../../lambda/ledger/ledger.client.ts';
import { runCommand } from '../fakes/command-line.ts';
import { fakeDeployment, queueUrl } from '../fakes/deployment.ts';
import { startTables, type Tables } from '../fakes/ledger-table.ts';
import { mockClient } from '../fakes/mock-client.ts';

const events = mockClient(EventBridgeClient);
const lambda = mockClient(LambdaClient);
const logs = mockClient(CloudWatchLogsClient);
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
  const region = 'us-east-1';
  deployment = fakeDeployment(
    {
      dynamodb: Object.assign(Object.create(tables.client) as DynamoDBClient, { destroy: () => {} }),
      ...{ events: new EventBridgeClient({ region }), lambda: new LambdaClient({ region }) },
      ...{ logs: new CloudWatchLogsClient({ region }), s3: new S3Client({ region }), sqs: new SQSClient({ region }) },
    },
    { quarantineTable: 'Deliveries', reverifier: { name: 'reverifier', logGroup: '/logs/reverifier' } },
  );
});
afterAll(() => tables.close());
beforeEach(() => {
  for (const mock of [events, lambda, logs, s3, sqs]) mock.reset();
  s3.on(ListObjectVersionsCommand).resolves({});
});

const call = (command: string, answer?: string) =>
  runCommand(command.split(' '), { find: async () => deployment, clock: () => NOW }, answer);

const announce = (jobId: string) =>
  ledger.record({
    ...{ kind: 'announced', project: 'default', jobType: 'batch', jobId, eventType: 'batch.succeeded' },
    ...{ webhookId: 'msg_1', origin: 'webhook', endedAt: at('04:00'), userMetadata: {} },
    ...{ deliveredAt: at('04:01'), publishedAt: at('04:02') },
  });

async function put(TableName: string, item: Readonly<Record<string, string | Buffer>>, numbers = {}): Promise<void> {
  const attributes = Object.entries(item).map(([name, value]) => [
    name,
    typeof value === 'string' ? { S: value } : { B: value },
  ]);
  const Item = { ...Object.fromEntries(attributes), expiration: { N: '1796000000' }, ...numbers };
  await tables.client.send(new PutItemCommand({ TableName, Item }));
}

describe('jobs', () => {
  it('are those that wait, with the reason', async () => {
    await announce('batches/waits');
    await put(
      'JobLedger',
      {
        ...{ id: 'job#default#batch#tried', project: 'default', job_type: 'batch', job_id: 'batches/tried' },
        ...{ queue: 'unstored#default#batch#5', published_at: '2026-11-24T04:30:00.000Z' },
        ...{ last_code: 'ERR_OUTPUT_NOT_READY', next_attempt_at: '2026-11-24T05:10:00.000Z' },
        display_name: 'evil \u001b[2J name',
      },
      { due: { N: String(at('04:29').getTime()) }, attempts: { N: '3' } },
    );

    const { printed } = await call('jobs --state waiting --json');
    const rows: Record<string, unknown>[] = JSON.parse(printed);

    expect(rows.map(({ jobId, waitingBecause }) => [jobId, waitingBecause])).toEqual([
      ['batches/tried', 'Gemini does not show the output yet (ERR_OUTPUT_NOT_READY)'],
      ['batches/waits', 'its event is in the queue of the fetcher'],
    ]);
    expect(rows[0]).toMatchObject({ state: 'waiting', attempts: 3, displayName: 'evil \u001b[2J name' });
    expect(printed).not.toContain('\u001b');
    expect((await call('jobs --state waiting')).printed).not.toContain('\u001b');
    expect(JSON.parse((await call('jobs --state failed --json')).printed)).toEqual([]);
    expect(JSON.parse((await call('jobs --since 15m --json')).printed)).toEqual([]);
    expect(await call('jobs --since soon')).toMatchObject({
      exitCode: 2,
      noted: expect.stringContaining('30m, 2h or 3d'),
    });
  });

  it('that were given up wait for no next try', async () => {
    const waiting = (id: string, more: object) =>
      put(
        'JobLedger',
        {
          ...{ id: `job#default#video#${id}`, project: 'default', job_type: 'video', job_id: `operations/${id}` },
          ...{ queue: 'unstored#default#video#5', published_at: '2026-11-24T04:30:00.000Z' },
          ...{ last_code: 'ERR_RATE_LIMITED', next_attempt_at: '2026-11-24T05:10:00.000Z', ...more },
        },
        { due: { N: String(at('04:29').getTime()) } },
      );
    await waiting('limited', {});
    await waiting('given-up', { failure_code: 'ERR_RATE_LIMITED' });

    const { printed } = await call('jobs --state waiting --type video');

    expect(printed).toContain('Gemini limits the rate of calls (ERR_RATE_LIMITED); next try 2026-11-24T05:10:00.000Z');
    expect(printed).toMatch(/the fetch was given up: Gemini limits the rate of calls \(ERR_RATE_LIMITED\)(?!;)/);
  });

  it('that fail to be fetched say so in show, and in what waits for a redrive', async () => {
    const { printed, noted } = await call('show tried');
    expect(printed).toMatch(/05:10:00\.000Z +next attempt +number 4, after ERR_OUTPUT_NOT_READY/);
    expect(noted).toContain('Attempts: 3, last code: ERR_OUTPUT_NOT_READY, next try: 2026-11-24T05:10:00.000Z.');
    expect(noted).toContain(
      'logs: https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/$252Flogs$252Fbatch-function',
    );

    const Body =
      '{"detail-type":"batch.succeeded","detail":{"project":"default","jobType":"batch","jobId":"batches/tried"}}';
    sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '0' } });
    sqs
      .on(GetQueueAttributesCommand, { QueueUrl: queueUrl('batch-dead') })
      .resolves({ Attributes: { ApproximateNumberOfMessages: '1' } });
    sqs.on(ReceiveMessageCommand).resolves({ Messages: [{ Body, MessageId: '1' }] });
    expect(JSON.parse((await call('redrive all --preview --json')).printed)).toEqual([
      {
        ...{ queue: 'batch', queueDepth: 1, eventType: 'batch.succeeded', jobId: 'batches/tried', goesTo: 'batch' },
        reason: 'ERR_OUTPUT_NOT_READY, after 3 attempts',
      },
    ]);
  });

  it('are followed until somebody ends it, each change once', async () => {
    let round = 0;
    const { printed } = await runCommand(['jobs', '--follow', '--json'], {
      find: async () => deployment,
      clock: () => NOW,
      rounds: 3,
      onPause: async () => {
        round += 1;
        if (round === 2) await announce('batches/later');
      },
    });

    expect(printed.match(/batches\/later/g)).toHaveLength(1);
  });
});

describe('logs', () => {
  const line = (time: string, message: string, more = {}) => ({
    message: JSON.stringify({ timestamp: `2026-11-24T${time}Z`, level: 'INFO', message, ...more }),
  });

  it('are the lines of all functions about a job in order, with what Lambda wrote about those invocations', async () => {
    logs
      .on(FilterLogEventsCommand)
      .resolves({ events: [] })
      .on(FilterLogEventsCommand, { logGroupName: '/logs/verifier', filterPattern: '"logged"' })
      .resolves({ events: [line('04:01:00.500', 'Delivery handled', { jobId: 'batches/logged' })] })
      .on(FilterLogEventsCommand, { logGroupName: '/logs/batch-function', filterPattern: '"logged"' })
      .resolves({ events: [line('04:02:00.000', 'Fetch began', { function_request_id: 'r1' })] })
      .on(FilterLogEventsCommand, { logGroupName: '/logs/batch-function', filterPattern: '"r1"' })
      .resolves({
        events: [
          line('04:02:00.000', 'Fetch began', { function_request_id: 'r1' }),
          {
            message:
              '{"time":"2026-11-24T04:17:00.000Z","type":"platform.report","record":{"requestId":"r1","status":"timeout"}}',
          },
        ],
      });

    const { exitCode, printed } = await call('logs batches/logged --json');

    expect(exitCode).toBe(0);
    expect(JSON.parse(printed)).toMatchObject([
      { time: '2026-11-24T04:01:00.500Z', function: 'verifier', level: 'INFO', message: 'Delivery handled' },
      { time: '2026-11-24T04:02:00.000Z', function: 'batch-function', message: 'Fetch began', requestId: 'r1' },
      { level: 'ERROR', message: 'platform.report', fields: { status: 'timeout' } },
    ]);
    expect(await call('logs batches/silent')).toMatchObject({
      exitCode: 1,
      noted: expect.stringContaining('No function wrote about batches/silent since 2026-11-23T05:00:00.000Z'),
    });
  });

  it('are files in a local run', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-'));
    mkdirSync(join(stateDir, 'logs'));
    writeFileSync(
      join(stateDir, 'logs', 'verifier.log'),
      `${line('04:01:00.500', 'about it', { jobId: 'batches/x' }).message}\n${line('04:01:01.000', 'about another').message}\n`,
    );
    const local = { ...deployment, stateDir, clients: { ...deployment.clients, logs: undefined } };

    const { printed } = await runCommand(['logs', 'batches/x', '--json'], {
      find: async () => local,
      clock: () => NOW,
    });

    expect(JSON.parse(printed)).toMatchObject([{ function: 'verifier', message: 'about it' }]);
  });
});

describe('trigger', () => {
  it.each([
    ['batch.succeeded', JobEventDetail],
    ['batch.cancelled', JobEventDetail],
    ['interaction.requires_action', JobEventDetail],
    ['video.generated', JobEventDetail],
    ['webhook.ping', JobEventDetail],
    ['output.stored', OutputStoredDetail],
    ['output.failed', OutputFailedDetail],
  ])('puts %s on the bus as consumers know it, under a source that no rule of ours takes', async (type, schema) => {
    events.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] });

    expect((await call(`trigger ${type} --set userMetadata.team=search`)).exitCode).toBe(0);
    const [entry] = events.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries ?? [];
    expect(entry).toMatchObject({
      ...{ EventBusName: 'arn:aws:events:us-east-1:1:event-bus/TheBus', Source: 'gemini.samples', DetailType: type },
    });
    expect(schema.safeParse(JSON.parse(entry?.Detail ?? ''))).toMatchObject({
      success: true,
      data: { userMetadata: { team: 'search' } },
    });
  });

  it('refuses what is no event type, and says when the bus refuses', async () => {
    expect(await call('trigger batch.suceeded')).toMatchObject({
      exitCode: 2,
      noted: expect.stringContaining('There is no event type batch.suceeded. Did you mean batch.succeeded?'),
    });
    events.on(PutEventsCommand).resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure' }] });
    expect(await call('trigger batch.failed')).toMatchObject({
      exitCode: 3,
      noted: 'The bus refused the event: InternalFailure. Try again.',
    });
  });
});

describe('forget', () => {
  it('deletes every version of every object, and leaves of its records nothing but that the job is closed', async () => {
    await announce('batches/private');
    await ledger.record({
      ...{ kind: 'stored', project: 'default', jobType: 'batch', jobId: 'batches/private', createdAt: at('03:00') },
      ...{ fetchStartedAt: at('04:03'), storedAt: at('04:04') },
      manifestKey: 'batch/project=default/date=2026-11-24/job=private/succeeded/manifest.json',
    });
    await put('Deliveries', {
      ...{ id: 'default#batch.succeeded#private', delivery: 'v1#msg_1', status: 'COMPLETED' },
      ...{ event_type: 'batch.succeeded', job_id: 'batches/private', received_at: '2026-11-24T04:01:00.000Z' },
    });
    s3.on(ListObjectVersionsCommand, { Prefix: 'batch/project=default/date=2026-11-24/job=private/' })
      .resolvesOnce({
        Versions: [{ Key: 'a', VersionId: '1' }],
        ...{ IsTruncated: true, NextKeyMarker: 'a', NextVersionIdMarker: '1' },
      })
      .resolves({ Versions: [{ Key: 'a', VersionId: '2' }], DeleteMarkers: [{ Key: 'b', VersionId: '3' }] });
    s3.on(DeleteObjectsCommand).resolves({});

    expect(await call('forget private', 'n')).toMatchObject({ exitCode: 1 });
    expect(s3.commandCalls(DeleteObjectsCommand)).toHaveLength(0);
    const { exitCode, printed, noted } = await call('forget private --yes --json');

    expect(exitCode).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ objectVersions: 2, deliveryRecords: 1, ledgerEntries: 1 });
    expect(noted).toContain('- the archive of the bus, from which a replay brings the events back');
    expect(s3.commandCalls(DeleteObjectsCommand)[0]?.args[0].input.Delete?.Objects).toEqual([
      { Key: 'a', VersionId: '2' },
      { Key: 'b', VersionId: '3' },
    ]);
    const known = await ledger.find([{ project: 'default', jobType: 'batch', jobId: 'batches/private' }]);
    expect([...known.values()]).toMatchObject([{ eventType: 'batch.succeeded', userMetadata: {} }]);
    s3.on(ListObjectVersionsCommand).resolves({});
    expect(await call('show private')).toMatchObject({ exitCode: 1 });
    expect((await call('deliveries --job private')).printed).toBe('Nothing came that fits.');
  });
});

describe('rotate --revoke', () => {
  it('says what it costs, asks, and has the function revoke it', async () => {
    lambda
      .on(InvokeCommand)
      .resolves({ Payload: Buffer.from('{"project":"default","revoked":"dynamic-token"}') as never });

    expect(await call('rotate dynamic-token --revoke', 'n')).toMatchObject({
      exitCode: 1,
      noted: expect.stringContaining(
        'The webhooks of jobs that were started with the previous dynamic URL are refused',
      ),
    });
    expect(lambda.commandCalls(InvokeCommand)).toHaveLength(0);
    const { exitCode, printed } = await call('rotate dynamic-token --revoke --yes');

    expect([exitCode, printed]).toEqual([0, expect.stringContaining('The previous dynamic-token is revoked.')]);
    expect(lambda.commandCalls(InvokeCommand)[0]?.args[0].input).toEqual({
      FunctionName: 'default-rotator',
      Payload: '{"revoke":"dynamic-token"}',
    });
  });

  it('does not say that it is done when the function failed', async () => {
    lambda.on(InvokeCommand).resolves({ FunctionError: 'Unhandled' });

    expect(await call('rotate signing-secret --revoke --yes')).toMatchObject({
      exitCode: 1,
      noted: expect.stringContaining('aws logs tail /logs/default-rotator --since 10m'),
    });
  });
});

describe('quarantine', () => {
  it('shows the form of what did not verify, and why, and nothing of its content', async () => {
    await put('Deliveries', {
      ...{ id: 'q1', project: 'default', kind: 'static', received_at: '2026-11-24T04:59:00.000Z' },
      headers: '{"webhook-id":"msg_abc","webhook-timestamp":"1795000000","webhook-signature":"v2,c2VjcmV0"}',
      body: Buffer.from('{"secret":true}'),
    });

    const { exitCode, printed } = await call('quarantine show q1 --json');

    expect(exitCode).toBe(0);
    expect(JSON.parse(printed)).toEqual([
      { name: 'route', form: 'static' },
      { name: 'received', form: '2026-11-24T04:59:00.000Z' },
      { name: 'webhook-id', form: 'msg_<3 letters and digits>' },
      { name: 'webhook-timestamp', form: '<10 digits>' },
      { name: 'webhook-signature', form: 'v2,<8 letters and digits>' },
      { name: 'body', form: '15 bytes' },
      { name: 'why', form: 'no v1 signature, which the static route needs' },
    ]);
    expect(JSON.parse((await call('quarantine list --json')).printed)).toMatchObject([{ id: 'q1', bytes: 15 }]);
    expect(await call('quarantine show')).toMatchObject({ exitCode: 2 });
    expect(await call('quarantine show q2')).toMatchObject({
      exitCode: 1,
      noted: expect.stringContaining('no delivery q2'),
    });
  });
});
