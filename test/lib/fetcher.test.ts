import { Duration, Size } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { type Resource, resourceOf, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();
const HOUR = 3600;

const queues = resourcesOf(template, 'AWS::SQS::Queue');
const redriveOf = (queue: Resource) => queue.Properties['RedrivePolicy'] as { maxReceiveCount: number } | undefined;
const mainQueues = Object.entries(queues).filter(([id, queue]) => id.includes('Fetcher') && redriveOf(queue));

describe('Fetcher', () => {
  it.each([
    { jobType: 'batch', id: 'BatchFetcher', maxConcurrency: 2 },
    { jobType: 'interaction', id: 'InteractionFetcher', maxConcurrency: 2 },
    { jobType: 'video', id: 'VideoFetcher', maxConcurrency: 2 },
  ])('works off the $jobType queue one job at a time per invocation, at most $maxConcurrency at once', (fetcher) => {
    const mapping = resourceOf(template, 'AWS::Lambda::EventSourceMapping', `GeminiWebhooks${fetcher.id}`);

    expect(mapping.Properties).toEqual({
      EventSourceArn: { 'Fn::GetAtt': [expect.stringMatching(`^GeminiWebhooks${fetcher.id}Queue`), 'Arn'] },
      FunctionName: { Ref: expect.stringMatching(`^GeminiWebhooks${fetcher.id}HandlerFunction`) },
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: fetcher.maxConcurrency },
    });
  });

  it('gives its function 15 minutes and what it must know', () => {
    const { Properties } = resourceOf(template, 'AWS::Lambda::Function', 'GeminiWebhooksBatchFetcher');

    expect(Properties['Timeout']).toBe(900);
    expect(Properties['Environment']).toEqual({
      Variables: {
        EVENT_BUS_NAME: { Ref: 'GeminiWebhooksEventBus' },
        LEDGER_TABLE_NAME: { Ref: expect.stringMatching('^GeminiWebhooksJobLedgerTable') },
        BUCKET_NAME: { Ref: 'GeminiWebhooksOutputBucketOutputs' },
        PROJECTS: '{"default":{"apiKeySecretId":"gemini-webhooks/api-key"}}',
        MAX_OUTPUT_BYTES: '21474836480',
        QUEUE_URL: { Ref: 'GeminiWebhooksBatchFetcherQueue' },
        JOB_TYPE: 'batch',
        JOB_RETENTION_SECONDS: '172800',
        MAX_RECEIVE_COUNT: '36',
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_METRICS_NAMESPACE: { 'Fn::Join': ['', ['GeminiWebhooks/', { Ref: 'AWS::StackName' }]] },
      },
    });
  });

  it('takes the largest output and the number of fetches at once from the props', () => {
    const configured = synthesize({ maxOutputSize: Size.gibibytes(1), maxConcurrency: { video: 7 } });

    configured.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { MAX_OUTPUT_BYTES: '1073741824' } },
    });
    configured.hasResourceProperties('AWS::Lambda::EventSourceMapping', { ScalingConfig: { MaximumConcurrency: 7 } });
  });

  it('knows how long Gemini keeps a job of its type', () => {
    const configured = synthesize({ reconciliation: { interactionRetention: Duration.days(55) } });
    const retentionOf = (id: string) =>
      (
        resourceOf(configured, 'AWS::Lambda::Function', `GeminiWebhooks${id}Fetcher`).Properties['Environment'] as {
          Variables: Record<string, string>;
        }
      ).Variables['JOB_RETENTION_SECONDS'];

    expect(['Batch', 'Interaction', 'Video'].map(retentionOf)).toEqual(['172800', '4752000', '172800']);
  });

  it('has for each queue a dead-letter queue of its own that keeps messages for 14 days', () => {
    const targets = mainQueues.map(([, queue]) => queue.Properties['RedrivePolicy']);

    expect(targets).toEqual([
      {
        deadLetterTargetArn: { 'Fn::GetAtt': ['GeminiWebhooksBatchFetcherDeadLetters', 'Arn'] },
        maxReceiveCount: 36,
      },
      {
        deadLetterTargetArn: { 'Fn::GetAtt': ['GeminiWebhooksInteractionFetcherDeadLetters', 'Arn'] },
        maxReceiveCount: 36,
      },
      {
        deadLetterTargetArn: { 'Fn::GetAtt': ['GeminiWebhooksVideoFetcherDeadLetters', 'Arn'] },
        maxReceiveCount: 36,
      },
    ]);
    const deadLetterQueues = Object.values(queues).filter((queue) => !redriveOf(queue));
    expect(deadLetterQueues.map(({ Properties }) => Properties['MessageRetentionPeriod'])).toEqual(
      Array(5).fill(14 * 24 * HOUR),
    );
  });

  it('hides a message for longer than a fetch lasts, and spends every attempt while Gemini still has the file', () => {
    const functions = Object.entries(resourcesOf(template, 'AWS::Lambda::Function'));
    const timeouts = functions
      .filter(([id]) => id.includes('Fetcher'))
      .map(([, { Properties }]) => Properties['Timeout']);
    const longestBackoff = HOUR;

    for (const [index, [, queue]] of mainQueues.entries()) {
      const timeout = Number(timeouts[index]);
      const attempts = redriveOf(queue)?.maxReceiveCount ?? Number.NaN;

      expect(queue.Properties['VisibilityTimeout']).toBeGreaterThan(timeout);
      expect(attempts * (timeout + longestBackoff)).toBeLessThan(48 * HOUR);
      expect(queue.Properties['MessageRetentionPeriod']).toBeGreaterThan(48 * HOUR);
    }
  });

  it('encrypts every queue, takes messages as large as events, and refuses plain HTTP', () => {
    expect(Object.keys(queues)).toHaveLength(9);
    for (const [id, { Properties }] of Object.entries(queues)) {
      expect(Properties).toMatchObject({ SqsManagedSseEnabled: true, MaximumMessageSize: 1_048_576 });
      template.hasResourceProperties('AWS::SQS::QueuePolicy', {
        Queues: [{ Ref: id }],
        PolicyDocument: {
          Statement: Match.arrayWith([
            {
              Effect: 'Deny',
              Principal: { AWS: '*' },
              Action: 'sqs:*',
              Resource: { 'Fn::GetAtt': [id, 'Arn'] },
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ]),
        },
      });
    }
  });
});
