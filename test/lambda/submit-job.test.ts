import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it, vi } from 'vitest';
import { recordJob } from '../../lambda/app/record-job.ts';
import { createJobAnnouncer } from '../../lambda/submit-job.ts';

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

  await announce({ jobType: 'interaction', jobId: 'v1_a', submittedAt, userMetadata: { team: 'a' } });

  expect(puts()).toEqual([
    {
      EventBusName: 'the-bus',
      Source: 'gemini.applications',
      DetailType: 'job.submitted',
      Detail:
        '{"schemaVersion":"1","source":"default","jobType":"interaction","jobId":"v1_a","submittedAt":"2026-11-24T05:00:00.000Z","userMetadata":{"team":"a"}}',
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
  const tell = vi.fn();

  expect(
    await recordJob({ tell }, JSON.stringify({ ...body, detail: JSON.parse(entry?.Detail ?? '') }), submittedAt),
  ).toBe(true);
  expect(tell.mock.calls).toEqual([
    [{ kind: 'submitted', source: 'default', jobType: 'video', jobId: 'operations/x', submittedAt, userMetadata: {} }],
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
