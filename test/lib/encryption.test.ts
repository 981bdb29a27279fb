/** A customer's own key: everything that holds data is encrypted with it, and whoever uses the data may use the key for that. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, it } from 'vitest';
import { GeminiWebhooks, Monitoring } from '../../lib/index.ts';
import { type Resource, readable, resourceOf, resourcesOf } from './synthesize.ts';

const stack = new Stack(
  new App({ context: { 'aws:cdk:bundling-stacks': [], '@aws-cdk/aws-iam:minimizePolicies': true } }),
  'Team',
);
const webhooks = new GeminiWebhooks(stack, 'GeminiWebhooks', {
  monitoring: Monitoring.alarms({ email: 'on-call@example.com' }),
  encryptionKey: new Key(stack, 'Own'),
  quarantine: {},
});
webhooks.grantReadOutputs(new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
const template = Template.fromStack(stack);
const [keyId = ''] = Object.keys(resourcesOf(template, 'AWS::KMS::Key'));
const ARN = { 'Fn::GetAtt': [keyId, 'Arn'] };
const all = (type: string) => Object.values(resourcesOf(template, type)).map(({ Properties }) => Properties);

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: { readonly Service: unknown };
  readonly Condition?: { readonly StringEquals?: Readonly<Record<string, unknown>> };
}

describe('with a key of the customer’s', () => {
  it('there is no other key', () => {
    template.resourceCountIs('AWS::KMS::Key', 1);
  });

  it.each([
    ['AWS::SQS::Queue', 9, { KmsMasterKeyId: ARN }],
    ['AWS::Logs::LogGroup', 13, { KmsKeyId: ARN }],
    ['AWS::SNS::Topic', 1, { KmsMasterKeyId: ARN }],
    ['AWS::Events::Archive', 1, { KmsKeyIdentifier: ARN }],
    [
      'AWS::S3::Bucket',
      1,
      {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: ARN },
            },
          ],
        },
      },
    ],
    [
      'AWS::DynamoDB::GlobalTable',
      3,
      {
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        Replicas: [expect.objectContaining({ SSESpecification: { KMSMasterKeyId: ARN } })],
      },
    ],
  ])('every %s is encrypted with it', (type, count, properties) => {
    expect(all(type)).toHaveLength(count);
    for (const own of all(type)) expect(own).toMatchObject(properties);
  });

  const servicesOf = (policy: Resource | undefined) =>
    ((policy?.Properties['PolicyDocument'] as { Statement: Statement[] } | undefined)?.Statement ?? [])
      .filter(({ Action }) => [Action].flat().some((action) => action.startsWith('kms:')))
      .map(({ Action, Resource, Condition }) => {
        expect(Resource).toEqual(ARN);
        expect([Action].flat().filter((action) => action.includes('*'))).toEqual([]);
        return readable(Condition?.StringEquals?.['kms:ViaService']).replace('.<AWS::Region>.amazonaws.com', '');
      });

  it.each([
    ['GeminiWebhooksDoorVerifier', ['dynamodb']],
    ['GeminiWebhooksBatchFetcher', ['dynamodb', 's3', 'sqs']],
    ['GeminiWebhooksJobLedgerRecorder', ['dynamodb', 'sqs']],
    ['GeminiWebhooksDefaultReconciler', ['dynamodb', 's3']],
    ['GeminiWebhooksReverifier', ['dynamodb']],
    ['GeminiWebhooksDefaultWebhookHealthCheck', []],
    ['GeminiWebhooksDefaultWebhookRotator', []],
    ['ReaderDefault', ['s3']],
  ])('%s may use it for what it does: %j', (id, services) => {
    expect(servicesOf(resourceOf(template, 'AWS::IAM::Policy', id)).toSorted()).toEqual(services);
  });

  it('its policy lets in the services that have no role: logs, rules and the archive, and alarms', () => {
    const { KeyPolicy } = resourceOf(template, 'AWS::KMS::Key', 'Own').Properties;
    const statements = (KeyPolicy as { Statement: Statement[] }).Statement.filter(
      ({ Principal }) => Principal?.Service,
    );

    expect(
      statements.map(({ Principal, Condition }) => [readable(Principal?.Service), Object.keys(Condition ?? {})]),
    ).toEqual([
      ['logs.<AWS::Region>.amazonaws.com', ['ArnLike']],
      ['events.amazonaws.com', ['StringEquals']],
      ['cloudwatch.amazonaws.com', ['StringEquals']],
    ]);
  });
});
