import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GoogleGenAI } from '@google/genai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recordJobs } from '../../lambda/ledger/record-job.ts';
import { BatchNotAnnouncedError, createJobAnnouncer, submitBatch } from '../../lambda/submit-job.ts';
import { mockClient } from '../fakes/mock-client.ts';

const mock = mockClient(EventBridgeClient);
const client = new EventBridgeClient({ region: 'us-east-1' });
const submittedAt = new Date('2026-11-24T05:00:00.000Z');
beforeEach(() => {
  mock.reset();
  vi.unstubAllEnvs();
});

const puts = () => mock.commandCalls(PutEventsCommand).map(({ args }) => args[0].input.Entries?.[0]);

it('says which job was created', async () => {
  mock.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] });
  const announce = createJobAnnouncer({ client, eventBusName: 'the-bus' });

  await announce({ jobType: 'interaction', jobId: 'v1_a', submittedAt, userMetadata: { team: 'a' }, displayName: 'n' });

  expect(puts()).toEqual([
    {
      EventBusName: 'the-bus',
      Source: 'gemini.applications',
      DetailType: 'job.submitted',
      Detail:
        '{"schemaVersion":"1","project":"default","jobType":"interaction","jobId":"v1_a","submittedAt":"2026-11-24T05:00:00.000Z","userMetadata":{"team":"a"},"displayName":"n"}',
    },
  ]);
});

it('is understood by the ledger', async () => {
  mock.on(PutEventsCommand).resolves({ FailedEntryCount: 0 });
  await createJobAnnouncer({ client, eventBusName: 'the-bus' })({
    jobType: 'video',
    jobId: 'operations/x',
    submittedAt,
  });
  const [entry] = puts();
  const body = { source: entry?.Source, 'detail-type': entry?.DetailType, time: submittedAt.toISOString() };
  const record = vi.fn();

  const message = JSON.stringify({ ...body, detail: JSON.parse(entry?.Detail ?? '') });
  const events = [{ messageId: 'm1', body: message, publishedAt: submittedAt }];
  expect(await recordJobs({ ledger: { record }, log: { error: () => {} } }, events)).toEqual([]);
  expect(record.mock.calls).toEqual([
    [{ kind: 'submitted', project: 'default', jobType: 'video', jobId: 'operations/x', submittedAt, userMetadata: {} }],
  ]);
});

it('takes the bus from the environment, and says so when it is not there', () => {
  expect(() => createJobAnnouncer({ client })).toThrow(/^Missing: eventBusName\. Call addJobSubmission/);
  vi.stubEnv('GEMINI_WEBHOOKS_EVENT_BUS', 'the-bus');
  expect(createJobAnnouncer({ client })).toBeTypeOf('function');
});

it('does not swallow a refusal', async () => {
  mock.on(PutEventsCommand).resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] });
  const announce = createJobAnnouncer({ client, eventBusName: 'the-bus' });

  await expect(announce({ jobType: 'batch', jobId: 'batches/a' })).rejects.toThrow(
    'The bus the-bus refused the event: ThrottlingException. Try again.',
  );
});

it('refuses metadata that the ledger would not keep', async () => {
  const announce = createJobAnnouncer({ client, eventBusName: 'the-bus' });

  await expect(
    announce({ jobType: 'batch', jobId: 'batches/a', userMetadata: { text: 'ä'.repeat(4091) } }),
  ).rejects.toThrow('userMetadata is 8193 bytes as JSON; give at most 8192.');
  expect(puts()).toEqual([]);
});

describe('submitBatch', () => {
  const request = { model: 'gemini-3.6-flash', src: [{ contents: 'hi' }] };
  let gemini: Server;
  let asked: { readonly url: string | undefined; readonly body: unknown }[];
  let status: number;
  let ai: GoogleGenAI;

  beforeEach(async () => {
    [asked, status] = [[], 200];
    gemini = createServer(async (incoming, response) => {
      const chunks = await incoming.toArray();
      asked.push({ url: incoming.url, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      const metadata = { displayName: 'nightly', state: 'BATCH_STATE_PENDING' };
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(status === 200 ? { name: 'batches/abc', metadata } : { error: { code: status } }));
    }).listen(0, '127.0.0.1');
    await once(gemini, 'listening');
    const baseUrl = `http://127.0.0.1:${(gemini.address() as AddressInfo).port}`;
    // Somebody who wants retries of everything else.
    const httpOptions = { baseUrl, retryOptions: { attempts: 4, initialDelay: 0.001, maxDelay: 0.002 } };
    ai = new GoogleGenAI({ apiKey: 'k', apiVersion: 'v1beta', httpOptions });
  });
  afterEach(() => gemini.close());

  it('creates the batch, says whose it is, and returns it', async () => {
    mock.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] });
    const announce = createJobAnnouncer({ client, eventBusName: 'the-bus' });

    const batch = await submitBatch(ai, request, { job_group: 'nightly-eval' }, { announce });

    expect(batch.name).toBe('batches/abc');
    expect(puts().map((entry) => JSON.parse(entry?.Detail ?? '{}'))).toMatchObject([
      {
        ...{ jobType: 'batch', jobId: 'batches/abc', project: 'default' },
        ...{ userMetadata: { job_group: 'nightly-eval' }, displayName: 'nightly' },
      },
    ]);
    expect(asked.map(({ url }) => url)).toEqual(['/v1beta/models/gemini-3.6-flash:batchGenerateContent']);
  });

  it('takes the metadata where articles write it, and sends Gemini none, which it would refuse', async () => {
    const announce = vi.fn();
    const webhookConfig = { uris: ['https://x.test/t'], userMetadata: { job_group: 'nightly-eval', team: 'a' } };

    await submitBatch(ai, { ...request, config: { displayName: 'mine', webhookConfig } }, { team: 'b' }, { announce });

    expect(announce.mock.calls).toMatchObject([[{ userMetadata: { job_group: 'nightly-eval', team: 'b' } }]]);
    expect(asked).toMatchObject([
      { body: { batch: { displayName: 'mine', webhookConfig: { uris: ['https://x.test/t'] } } } },
    ]);
    expect(JSON.stringify(asked)).not.toContain('serMetadata');
  });

  it('creates once, whatever the client does about failures, and announces nothing that was not created', async () => {
    status = 503;
    const announce = vi.fn();

    await expect(submitBatch(ai, request, {}, { announce })).rejects.toMatchObject({ status: 503 });

    expect(asked).toHaveLength(1);
    expect(announce).not.toHaveBeenCalled();
  });

  it.each([
    ['there is no bus', { team: 'a' }, {}, /^Missing: eventBusName/],
    [
      'the metadata is too large',
      { text: 'x'.repeat(8192) },
      { announce: async () => {} },
      /^userMetadata is 8203 bytes/,
    ],
  ])('creates nothing when %s', async (_why, metadata, options, message) => {
    await expect(submitBatch(ai, request, metadata, options)).rejects.toThrow(message);
    expect(asked).toEqual([]);
  });

  it('gives the batch with the error when the bus does not take the event, so that nobody creates it again', async () => {
    const announce = () => Promise.reject(new Error('away'));

    const error: unknown = await submitBatch(ai, request, {}, { announce }).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(BatchNotAnnouncedError);
    expect(error).toMatchObject({
      batch: { name: 'batches/abc' },
      message:
        'The batch batches/abc was created, but its metadata did not reach the bus. Do not create it again: announce it.',
      cause: { message: 'away' },
    });
  });
});
