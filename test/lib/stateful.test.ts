import { RemovalPolicy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import type { GeminiWebhooksProps } from '../../lib/index.ts';
import { newStack, type Resource, resourceOf, resourcesOf, synthesize } from './synthesize.ts';

/** With the logical ids that CloudFormation knows. */
const deployed = (props: Partial<GeminiWebhooksProps> = {}) => Template.fromStack(newStack(props));

const template = deployed();
const TABLE = 'GeminiWebhooksIdempotencyTableDeliveries82F76538';
const BUCKET = 'GeminiWebhooksOutputBucketOutputs636BE2D7';
const BUS = 'GeminiWebhooksEventBusDE0CBF58';
const ARCHIVE = 'GeminiWebhooksEventBusArchiveB0754FE2';

describe('stateful resources', () => {
  // A logical id that moves replaces the resource: the new one is empty, and names in other stacks point to the old.
  it.each([
    { id: TABLE, type: 'AWS::DynamoDB::GlobalTable', policy: 'Retain' },
    { id: BUCKET, type: 'AWS::S3::Bucket', policy: 'RetainExceptOnCreate' },
    { id: BUS, type: 'AWS::Events::EventBus', policy: 'RetainExceptOnCreate' },
    { id: ARCHIVE, type: 'AWS::Events::Archive', policy: 'RetainExceptOnCreate' },
  ])('keeps $type under its logical id, and when the stack goes', ({ id, type, policy }) => {
    const resources = template.toJSON()['Resources'] as Record<string, Resource>;

    expect(resources[id]?.Type).toBe(type);
    expect(resources[id]?.DeletionPolicy).toBe(policy);
    expect(resources[id]?.UpdateReplacePolicy).toBe('Retain');
  });

  // A registration whose logical id moves is made anew, which adopts the webhook, and then the old one is deleted: with
  // the webhook. Whoever must move one has to keep its id by overrideLogicalId.
  it('keeps the registrations under their logical ids, or a deployment would delete the live webhooks', () => {
    const projects = deployed({ projects: [{ name: 'default' }, { name: 'acme-eu' }] });

    expect(Object.keys(resourcesOf(projects, 'Custom::GeminiWebhook'))).toEqual([
      'GeminiWebhooksDefaultWebhookE0689147',
      'GeminiWebhooksAcmeEuWebhook1D23D781',
    ]);
  });

  it('deletes all four with the stack when asked to', () => {
    const destroyed = deployed({ removalPolicy: RemovalPolicy.DESTROY });

    const resources = destroyed.toJSON()['Resources'] as Record<string, Resource>;

    expect([TABLE, BUCKET, BUS, ARCHIVE].map((id) => resources[id]?.DeletionPolicy)).toEqual(Array(4).fill('Delete'));
    destroyed.hasResourceProperties('AWS::DynamoDB::GlobalTable', { Replicas: [{ DeletionProtectionEnabled: false }] });
  });
});

describe('IdempotencyTable', () => {
  it('is on demand up to what the door lets through, forgets by time to live, and can be restored', () => {
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      TimeToLiveSpecification: { AttributeName: 'expiration', Enabled: true },
      BillingMode: 'PAY_PER_REQUEST',
      WriteOnDemandThroughputSettings: { MaxWriteRequestUnits: 12_000 },
      SSESpecification: { SSEEnabled: false },
      Replicas: [
        {
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
    });
  });

  it('is not asked for more writes than an account has for a table', () => {
    synthesize({ throttleRate: 10_000, throttleBurst: 5000 }).hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      WriteOnDemandThroughputSettings: { MaxWriteRequestUnits: 40_000 },
    });
  });
});

describe('OutputBucket', () => {
  it('is private, versioned and encrypted, and forgets unfinished uploads and old versions', () => {
    expect(resourceOf(template, 'AWS::S3::Bucket', BUCKET).Properties).toEqual({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      LifecycleConfiguration: {
        Rules: [
          {
            Id: 'AbortUnfinishedUploads',
            Status: 'Enabled',
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
          },
          { Id: 'ExpireOldVersions', Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
        ],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      VersioningConfiguration: { Status: 'Enabled' },
    });
  });

  it('denies everybody plain HTTP, old TLS, and an output written without If-None-Match', () => {
    const arn = { 'Fn::GetAtt': [BUCKET, 'Arn'] };
    const everything = [arn, { 'Fn::Join': ['', [arn, '/*']] }];
    const denied = { Effect: 'Deny', Principal: { AWS: '*' } };

    expect(resourceOf(template, 'AWS::S3::BucketPolicy', 'GeminiWebhooksOutputBucket').Properties).toEqual({
      Bucket: { Ref: BUCKET },
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { ...denied, Action: 's3:*', Resource: everything, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
          { ...denied, Action: 's3:*', Resource: everything, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } },
          {
            ...denied,
            Sid: 'ObjectsAreWrittenOnce',
            Action: 's3:PutObject',
            Resource: ['batch', 'interaction', 'video'].map((type) => ({ 'Fn::Join': ['', [arn, `/${type}/*`]] })),
            Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
          },
        ],
      },
    });
  });
});
