/** A job type that there is not is added to the list, and everything that there is one of for each type comes by itself. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, expect, it, vi } from 'vitest';
import { JOB_TYPE, type JobTypeFacts } from '../lambda/job-types.ts';
import { fakeDeployment } from './fakes/deployment.ts';
import { type Resource, readable, resourceOf } from './lib/synthesize.ts';

const AUDIO: JobTypeFacts = {
  pushed: ['spoken'],
  idPattern: /^speech\/[a-z]+$/,
  collection: { path: 'speech/', isInId: false },
  idPrefix: 'audio_',
  retention: 'files',
  longestHours: 3,
  expiresAfterHours: 0,
  maxConcurrency: 5,
  sampleId: 'sample',
};

// Test files share their modules: those that know the type are for this one alone.
vi.resetModules();
vi.doMock('../lambda/job-types.ts', () => ({ JOB_TYPE: { ...JOB_TYPE, audio: AUDIO } }));
const { TRIGGERED } = await import('../cli/commands/trigger.ts');
const { deadLetterQueues } = await import('../cli/queues.ts');
const { sampleDetail } = await import('../client/sample-detail.ts');
const { jobKey } = await import('../lambda/events/event-key.ts');
const { eventSchemas } = await import('../lambda/events/schemas.ts');
const { toJobEvent } = await import('../lambda/gemini/envelope.ts');
const { toReconciledEvent } = await import('../lambda/reconcile/reconciled-event.ts');
const { GeminiWebhooks, Monitoring } = await import('../lib/index.ts');
const { runCommand } = await import('./fakes/command-line.ts');
afterAll(() => {
  vi.doUnmock('../lambda/job-types.ts');
  vi.resetModules();
});

const NOW = new Date('2026-12-01T12:00:00Z');
const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack');
new GeminiWebhooks(stack, 'GeminiWebhooks', { monitoring: Monitoring.alarms({ email: 'on-call@example.com' }) });
const template = Template.fromStack(stack);
const resources = template.toJSON()['Resources'] as Record<string, Resource>;
const propertiesOf = (type: string, idPrefix: string) => resourceOf(template, type, idPrefix).Properties;

it('has queues, a function, a rule and alarms of its own', () => {
  const withAudio = Object.entries(resources)
    .filter(([id]) => id.includes('Audio'))
    .map(([id, { Type }]) => `${Type} ${id.replace(/^GeminiWebhooks/, '').replaceAll(/[0-9A-F]{8}/g, '')}`);

  expect(withAudio.toSorted()).toEqual([
    'AWS::CloudWatch::Alarm AlarmsFetchDeadLettersAudio',
    'AWS::CloudWatch::Alarm AlarmsFetchErrorsAudio',
    'AWS::CloudWatch::Alarm AlarmsJobsWaitingAudio',
    'AWS::CloudWatch::Alarm AlarmsOldestUnendedAudio',
    'AWS::CloudWatch::Alarm AlarmsOldestUnstoredAudio',
    'AWS::Events::Rule EventBusAudioJobs',
    'AWS::IAM::Policy AudioFetcherHandlerRoleDefaultPolicy',
    'AWS::IAM::Role AudioFetcherHandlerRole',
    'AWS::Lambda::EventSourceMapping AudioFetcherHandlerFunctionSqsEventSourceStackGeminiWebhooksAudioFetcherQueue',
    'AWS::Lambda::Function AudioFetcherHandlerFunction',
    'AWS::Logs::LogGroup AudioFetcherHandlerLogs',
    'AWS::SQS::Queue AudioFetcherDeadLetters',
    'AWS::SQS::Queue AudioFetcherQueue',
    'AWS::SQS::QueuePolicy AudioFetcherDeadLettersPolicy',
    'AWS::SQS::QueuePolicy AudioFetcherQueuePolicy',
  ]);
  expect(propertiesOf('AWS::Lambda::Function', 'GeminiWebhooksAudioFetcher')).toMatchObject({
    Environment: { Variables: { JOB_TYPE: 'audio', JOB_RETENTION_SECONDS: '172800' } },
  });
  expect(propertiesOf('AWS::Lambda::EventSourceMapping', 'GeminiWebhooksAudioFetcher')).toMatchObject({
    ScalingConfig: { MaximumConcurrency: 5 },
  });
  expect(propertiesOf('AWS::Events::Rule', 'GeminiWebhooksEventBusAudioJobs')).toMatchObject({
    EventPattern: { 'detail-type': [{ prefix: 'audio.' }], detail: { jobType: ['audio'] } },
  });
  expect(propertiesOf('AWS::CloudWatch::Alarm', 'GeminiWebhooksAlarmsOldestUnendedAudio')['Threshold']).toBe(10_800);
  expect(propertiesOf('AWS::CloudWatch::Alarm', 'GeminiWebhooksAlarmsOldestUnstoredAudio')['Threshold']).toBe(86_400);
});

it('is in what there is one of for all types', () => {
  expect(propertiesOf('AWS::Events::Rule', 'GeminiWebhooksEventBusLedgerEvents')).toMatchObject({
    EventPattern: { detail: { jobType: ['batch', 'interaction', 'video', 'audio'] } },
  });
  expect(propertiesOf('AWS::Lambda::Function', 'GeminiWebhooksDefaultReconciler')).toMatchObject({
    Environment: {
      Variables: { JOB_RETENTION_SECONDS: '{"batch":172800,"interaction":86400,"video":172800,"audio":172800}' },
    },
  });
  expect(propertiesOf('Custom::GeminiWebhook', 'GeminiWebhooks')['SubscribedEvents']).toContain('audio.spoken');
  const policy = JSON.stringify(propertiesOf('AWS::S3::BucketPolicy', 'GeminiWebhooks'));
  expect(policy).toContain('/audio/*');
  const reconciles = JSON.stringify(propertiesOf('AWS::IAM::Policy', 'GeminiWebhooksDefaultReconciler'));
  expect(reconciles).toContain('audio/project=default/*');
  const metrics = JSON.stringify(propertiesOf('AWS::CloudWatch::Alarm', 'GeminiWebhooksAlarmsOutputsFailed'));
  expect(metrics.match(/"Value":"audio"/g)).toHaveLength(2);
});

it('is on the dashboard', () => {
  const body = readable(propertiesOf('AWS::CloudWatch::Dashboard', 'GeminiWebhooksDashboard')['DashboardBody']);
  const { widgets } = JSON.parse(body) as { widgets: { properties: { title?: string; metrics?: unknown[] } }[] };
  const showing = widgets
    .filter(({ properties }) => JSON.stringify(properties.metrics ?? []).includes('audio'))
    .map(({ properties }) => properties.title);

  expect(showing).toEqual([
    ...['Jobs waiting to be fetched', 'Dead letters', 'Jobs stored', 'Bytes stored'],
    ...['From the end of a job to its manifest', 'Fetches', 'Errors of the functions'],
    ...['Webhooks missed', 'Announced without a webhook', 'Oldest job that has not been stored'],
  ]);
});

it('is known by its ids, however they are written', () => {
  const payload = { type: 'audio.spoken', timestamp: '2026-12-01T11:59:00Z', data: { id: 'speech/abc' } };
  const delivery = {
    project: 'default',
    webhookId: 'msg_1',
    scheme: 'v1',
    attemptedAt: NOW,
    payload,
    bodySha256: '',
  } as const;
  const ended = { jobType: 'audio' as 'video', jobName: 'speech/abc', status: 'spoken', endedAt: NOW, error: null };

  expect(toJobEvent(delivery, NOW)).toMatchObject({ jobType: 'audio', jobId: 'abc' });
  expect(toJobEvent({ ...delivery, payload: { ...payload, data: { id: 'else/abc' } } }, NOW).jobType).toBe('other');
  const keys = ['abc', 'speech/abc', 'audio_abc'].map((jobId) =>
    jobKey({ project: 'p', jobType: 'audio' as 'video', jobId }),
  );
  expect(keys).toEqual(['p#audio#abc', 'p#audio#abc', 'p#audio#abc']);
  expect(toReconciledEvent({ ...ended, project: 'default', userMetadata: {}, displayName: null }, NOW)).toMatchObject({
    type: 'audio.spoken',
    data: { id: 'abc' },
  });
});

it('is in the schemas of the events, and in what the command line takes and prints', async () => {
  const described = Object.values(template.findOutputs('*'))
    .map(({ Value }) => (typeof Value === 'object' ? JSON.stringify(stack.resolve(Value)) : String(Value)))
    .find((value) => value.includes('geminiWebhooks'));
  const { fetchers } = fakeDeployment({}).description;
  const audio = { ...fetchers.video, deadLettersUrl: 'audio-dead' };
  const deployment = fakeDeployment({}, { fetchers: { ...fetchers, audio } as typeof fetchers });
  const surroundings = { clock: () => NOW, find: async () => deployment };
  const refused = await runCommand(['jobs', '--type', 'nothing'], surroundings);

  expect(described).toContain('AudioFetcherQueue');
  for (const name of ['JobSubmitted', 'OutputStored', 'OutputFailed', 'Manifest', 'JobEvent'] as const) {
    expect(JSON.stringify(eventSchemas()[name])).toContain('"audio"');
  }
  expect(deadLetterQueues(deployment)).toContainEqual({ name: 'audio', url: 'audio-dead' });
  expect(TRIGGERED).toContain('audio.spoken');
  expect(sampleDetail('audio.spoken', { project: 'p', bucket: 'b', now: NOW })).toMatchObject({ jobId: 'sample' });
  expect(refused.noted).toContain('batch, interaction, video, audio');
});
