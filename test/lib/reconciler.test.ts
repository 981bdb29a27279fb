import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { newStack, permissionsOf, resourceOf, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();

describe('the job ledger', () => {
  it('has an index of jobs by state and time, and forgets by itself', () => {
    expect(resourceOf(template, 'AWS::DynamoDB::GlobalTable', 'GeminiWebhooksJobLedger').Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'jobs-by-state',
          KeySchema: [
            { AttributeName: 'queue', KeyType: 'HASH' },
            { AttributeName: 'due', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      TimeToLiveSpecification: { AttributeName: 'expiration', Enabled: true },
    });
  });

  it('hears of every job on the bus, from Gemini, the fetchers and the applications', () => {
    expect(resourceOf(template, 'AWS::Events::Rule', 'GeminiWebhooksEventBusLedgerEvents').Properties).toMatchObject({
      EventPattern: {
        source: ['gemini.webhooks', 'gemini.applications'],
        detail: { jobType: ['batch', 'interaction', 'video'] },
      },
      Targets: [{ Arn: { 'Fn::GetAtt': [expect.stringMatching('^GeminiWebhooksJobLedgerQueue'), 'Arn'] } }],
    });
  });

  it('follows the bus in large batches, as fast as somebody wants it to', () => {
    const mapping = (of: ReturnType<typeof synthesize>) =>
      resourceOf(of, 'AWS::Lambda::EventSourceMapping', 'GeminiWebhooksJobLedger').Properties;

    expect(mapping(template)).toMatchObject({
      ...{ BatchSize: 100, MaximumBatchingWindowInSeconds: 1, ScalingConfig: { MaximumConcurrency: 2 } },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  it('is written by a function that may do nothing else', () => {
    expect(permissionsOf(template, 'GeminiWebhooksJobLedgerRecorderRole').slice(2)).toEqual([
      [expect.stringMatching(/^sqs:(?!Send)/), '<GeminiWebhooksJobLedgerQueue.Arn>'],
      ['dynamodb:UpdateItem', '<GeminiWebhooksJobLedgerTable.Arn>'],
    ]);
  });
});

describe('the reconciler', () => {
  it('claims as the verifier does, reads the ledger without scans and its manifests, and says nothing of stored outputs', () => {
    const manifests = ['batch', 'interaction', 'video'].map(
      (type) => `<GeminiWebhooksOutputBucketOutputs.Arn>/${type}/project=default/*/manifest.json`,
    );
    expect(permissionsOf(template, 'GeminiWebhooksDefaultReconcilerHandlerRole').slice(2)).toEqual([
      ['s3:GetObject', manifests.join(' ')],
      [
        's3:ListBucket',
        '<GeminiWebhooksOutputBucketOutputs.Arn>',
        {
          StringLikeIfExists: {
            's3:prefix': ['batch/project=default/*', 'interaction/project=default/*', 'video/project=default/*'],
          },
        },
      ],
      ['dynamodb:GetItem dynamodb:UpdateItem', '<GeminiWebhooksIdempotencyTableDeliveries.Arn>'],
      ['secretsmanager:GetSecretValue', expect.stringMatching('secret:gemini-webhooks/api-key-\\?{6}$')],
      [
        'events:PutEvents',
        '<GeminiWebhooksEventBus.Arn>',
        {
          'ForAllValues:StringNotEquals': { 'events:detail-type': 'output.stored' },
          'ForAllValues:StringEquals': { 'events:source': 'gemini.webhooks' },
          Null: { 'events:source': 'false', 'events:detail-type': 'false' },
        },
      ],
      [
        'dynamodb:BatchGetItem dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem',
        '<GeminiWebhooksJobLedgerTable.Arn>',
      ],
      ['dynamodb:Query', '<GeminiWebhooksJobLedgerTable.Arn>/index/jobs-by-state'],
    ]);
  });

  it('runs every quarter of an hour, ten minutes after the end of a job, for two days', () => {
    expect(
      resourceOf(template, 'AWS::Events::Rule', 'GeminiWebhooksDefaultReconcilerSchedule').Properties[
        'ScheduleExpression'
      ],
    ).toBe('rate(15 minutes)');
    const { Timeout, Environment } = resourceOf(
      template,
      'AWS::Lambda::Function',
      'GeminiWebhooksDefaultReconciler',
    ).Properties;
    expect(Timeout).toBe(600);
    expect(Environment).toMatchObject({
      Variables: {
        PROJECT: 'default',
        GRACE_SECONDS: '600',
        HORIZON_SECONDS: '172800',
        JOB_RETENTION_SECONDS: '{"batch":172800,"interaction":86400,"video":172800}',
        LEASE_SECONDS: '60',
        RECORD_TTL_SECONDS: '604800',
      },
    });
  });

  it('is over before it begins again', () => {
    const often = synthesize({ reconciliation: { interval: Duration.minutes(5) } });

    expect(resourceOf(often, 'AWS::Lambda::Function', 'GeminiWebhooksDefaultReconciler').Properties['Timeout']).toBe(
      240,
    );
  });

  it('is not invoked again by Lambda when it failed, beside the next run', () => {
    expect(
      resourceOf(template, 'AWS::Lambda::EventInvokeConfig', 'GeminiWebhooksDefaultReconciler').Properties,
    ).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 900 });
  });

  it('is there once for each project, with the API key of that project', () => {
    const two = synthesize({ projects: [{ name: 'default' }, { name: 'acme' }] });
    const reconcilers = Object.entries(resourcesOf(two, 'AWS::Lambda::Function')).filter(([id]) =>
      id.includes('Reconciler'),
    );

    expect(
      reconcilers.map(([, { Properties }]) => (Properties['Environment'] as { Variables: object }).Variables),
    ).toMatchObject([
      { PROJECT: 'default', API_KEY_SECRET_ID: 'gemini-webhooks/api-key' },
      { PROJECT: 'acme', API_KEY_SECRET_ID: 'gemini-webhooks/acme/api-key' },
    ]);
  });
});

describe('applications that submit jobs', () => {
  it('may say so, and nothing else', () => {
    const stack = newStack();
    const creator = new LambdaFunction(stack, 'Creator', {
      ...{ runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code: Code.fromInline('//') },
    });
    stack.webhooks.addJobSubmission(creator);

    const made = Template.fromStack(stack);
    expect(resourceOf(made, 'AWS::Lambda::Function', 'Creator').Properties['Environment']).toEqual({
      Variables: { GEMINI_WEBHOOKS_EVENT_BUS: { Ref: expect.stringMatching('^GeminiWebhooksEventBus') } },
    });
    expect(resourceOf(made, 'AWS::IAM::Policy', 'Creator').Properties['PolicyDocument']).toMatchObject({
      Statement: [
        {
          Action: 'events:PutEvents',
          Condition: {
            'ForAllValues:StringEquals': {
              'events:source': 'gemini.applications',
              'events:detail-type': 'job.submitted',
            },
            Null: { 'events:source': 'false', 'events:detail-type': 'false' },
          },
        },
      ],
    });
  });
});
