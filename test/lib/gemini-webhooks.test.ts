import { describe, expect, it } from 'vitest';
import { permissionsOf, readable, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();

describe('GeminiWebhooks', () => {
  it('gives the verifier updates of the table, jobs on the bus, and the two secrets of the door', () => {
    const permissions = permissionsOf(template, 'GeminiWebhooksDoorVerifierRole');

    expect(permissions).toEqual([
      ['logs:CreateLogStream logs:PutLogEvents', '<GeminiWebhooksDoorVerifierLogs.Arn>'],
      ['xray:PutTelemetryRecords xray:PutTraceSegments', '*'],
      ['dynamodb:GetItem dynamodb:UpdateItem', '<GeminiWebhooksIdempotencyTableDeliveries.Arn>'],
      [
        'events:PutEvents',
        '<GeminiWebhooksEventBus.Arn>',
        {
          'ForAllValues:StringEquals': { 'events:source': 'gemini.webhooks' },
          'ForAllValues:StringNotLike': { 'events:detail-type': 'output.*' },
          Null: { 'events:source': 'false', 'events:detail-type': 'false' },
        },
      ],
      ['dynamodb:GetItem', expect.stringMatching(/^<GeminiWebhooksJobLedgerTable\w*\.Arn>$/)],
      [
        'secretsmanager:GetSecretValue',
        '<GeminiWebhooksDefaultSecretsDynamicToken> <GeminiWebhooksDefaultSecretsSigningSecret>',
      ],
    ]);
  });

  it.each([
    { jobType: 'batch', id: 'BatchFetcher' },
    { jobType: 'interaction', id: 'InteractionFetcher' },
    { jobType: 'video', id: 'VideoFetcher' },
  ])('confines the $jobType fetcher to its queue, its prefix, its announcements and the API key', (fetcher) => {
    const id = `GeminiWebhooks${fetcher.id}`;

    const permissions = permissionsOf(template, `${id}HandlerRole`);

    expect(permissions).toEqual([
      ['logs:CreateLogStream logs:PutLogEvents', `<${id}HandlerLogs.Arn>`],
      ['xray:PutTelemetryRecords xray:PutTraceSegments', '*'],
      [
        'sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ReceiveMessage',
        `<${id}Queue.Arn>`,
      ],
      [
        's3:AbortMultipartUpload s3:GetObject s3:PutObject',
        `<GeminiWebhooksOutputBucketOutputs.Arn>/${fetcher.jobType}/*`,
      ],
      [
        's3:ListBucket',
        '<GeminiWebhooksOutputBucketOutputs.Arn>',
        { StringLikeIfExists: { 's3:prefix': `${fetcher.jobType}/*` } },
      ],
      [
        'dynamodb:UpdateItem',
        expect.stringMatching('^<GeminiWebhooksJobLedgerTable\\w*.Arn>$'),
        {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': `job#*#${fetcher.jobType}#*` },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      ],
      [
        'events:PutEvents',
        '<GeminiWebhooksEventBus.Arn>',
        {
          'ForAllValues:StringEquals': {
            'events:source': 'gemini.webhooks',
            'events:detail-type': ['output.stored', 'output.failed'],
          },
          Null: { 'events:source': 'false', 'events:detail-type': 'false' },
        },
      ],
      [
        'secretsmanager:GetSecretValue',
        'arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:gemini-webhooks/api-key-??????',
      ],
    ]);
  });

  it('lets the health check read what it compares, and change nothing', () => {
    expect(permissionsOf(template, 'GeminiWebhooksDefaultWebhookHealthCheckRole').slice(2)).toEqual([
      [
        'secretsmanager:GetSecretValue',
        'arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:gemini-webhooks/api-key-?????? <GeminiWebhooksDefaultSecretsSigningSecret>',
      ],
      [
        'secretsmanager:DescribeSecret',
        '<GeminiWebhooksDefaultSecretsDynamicToken> <GeminiWebhooksDefaultSecretsSigningSecret>',
      ],
    ]);
  });

  it('gives each of the nine functions a role of its own, with one policy (and one for the API key of a registration), nothing managed or inline', () => {
    const roles = resourcesOf(template, 'AWS::IAM::Role');
    const used = Object.values(resourcesOf(template, 'AWS::Lambda::Function')).map((handler) =>
      readable(handler.Properties['Role']),
    );

    expect(new Set(used).size).toBe(9);
    expect(Object.values(roles).map((role) => Object.keys(role.Properties))).toEqual(
      Array(9).fill(['AssumeRolePolicyDocument']),
    );
    template.resourceCountIs('AWS::IAM::Policy', 10);
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
  });

  it('lets the HTTP API invoke the verifier for its two routes, Secrets Manager the rotation, the schedules what they run', () => {
    const permissions = Object.values(resourcesOf(template, 'AWS::Lambda::Permission'));

    const invokers = permissions.map(({ Properties }) => [
      Properties['Principal'],
      readable(Properties['SourceArn'] ?? Properties['SourceAccount']),
    ]);

    expect(invokers).toEqual([
      [
        'apigateway.amazonaws.com',
        'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<GeminiWebhooksDoorApi>/*/*/webhooks/gemini',
      ],
      [
        'apigateway.amazonaws.com',
        'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<GeminiWebhooksDoorApi>/*/*/webhooks/gemini/dynamic/{token}',
      ],
      ['secretsmanager.amazonaws.com', '<AWS::AccountId>'],
      ['events.amazonaws.com', '<GeminiWebhooksDefaultWebhookHealthCheckSchedule.Arn>'],
      ['events.amazonaws.com', expect.stringMatching('^<GeminiWebhooksDefaultReconcilerSchedule')],
    ]);
  });
});
