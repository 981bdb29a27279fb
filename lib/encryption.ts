/**
 * Encryption with a customer managed key, of everything that holds data: one place that finds it, so that nothing is forgotten. Who may
 * use the data may use the key, through the service that has the data and no other.
 */
import { Aspects, Aws, type IAspect, Stack } from 'aws-cdk-lib';
import { CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import { CfnArchive } from 'aws-cdk-lib/aws-events';
import { type IGrantable, Policy, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { CfnTopic } from 'aws-cdk-lib/aws-sns';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';

/** What using the data of a service takes, by the permission that it goes with. */
const NEEDED: readonly { readonly with: RegExp; readonly service: string; readonly actions: readonly string[] }[] = [
  {
    with: /^dynamodb:/,
    service: 'dynamodb',
    actions: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
  },
  // The parts of an upload are decrypted when it is completed.
  { with: /^s3:(?:GetObject|PutObject)$/, service: 's3', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
  { with: /^sqs:(?:Receive|Send)Message$/, service: 'sqs', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
];

/** Encrypts what is below the scope, and lets the services and functions there use the key. */
export function encryptWith(scope: Construct, key: IKey): void {
  for (const statement of ofServices(scope)) key.addToResourcePolicy(statement);
  Aspects.of(scope).add(new Encryption(key));
}

/** Of somebody who reads the bucket. */
export function grantDecryptOutputs(key: IKey, grantee: IGrantable): void {
  grantee.grantPrincipal.addToPrincipalPolicy(through(key, 's3', ['kms:Decrypt']));
}

class Encryption implements IAspect {
  readonly #key: IKey;

  constructor(key: IKey) {
    this.#key = key;
  }

  visit(node: IConstruct): void {
    const { keyArn } = this.#key;
    if (node instanceof Policy) this.#grant(node);
    else if (node instanceof CfnQueue) {
      node.kmsMasterKeyId = keyArn;
      node.sqsManagedSseEnabled = undefined;
    } else if (node instanceof CfnBucket) {
      const serverSideEncryptionByDefault = { sseAlgorithm: 'aws:kms', kmsMasterKeyId: keyArn };
      // One call to KMS for many objects.
      const rule = { serverSideEncryptionByDefault, bucketKeyEnabled: true };
      node.bucketEncryption = { serverSideEncryptionConfiguration: [rule] };
    } else if (node instanceof CfnGlobalTable) {
      node.addPropertyOverride('SSESpecification', { SSEEnabled: true, SSEType: 'KMS' });
      node.addPropertyOverride('Replicas.0.SSESpecification.KMSMasterKeyId', keyArn);
    } else if (node instanceof CfnTopic) node.kmsMasterKeyId = keyArn;
    else if (node instanceof CfnArchive) node.kmsKeyIdentifier = keyArn;
    else if (node instanceof CfnLogGroup) node.kmsKeyId = keyArn;
  }

  #grant(policy: Policy): void {
    const { Statement: statements = [] } = Stack.of(policy).resolve(policy.document) as {
      readonly Statement?: readonly { readonly Action?: string | readonly string[] }[];
    };
    const actions = statements.flatMap(({ Action = [] }) => Action);
    for (const needed of NEEDED.filter((one) => actions.some((action) => one.with.test(action)))) {
      policy.document.addStatements(through(this.#key, needed.service, [...needed.actions]));
    }
  }
}

function through(key: IKey, service: string, actions: string[]): PolicyStatement {
  return new PolicyStatement({
    actions,
    resources: [key.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `${service}.${Aws.REGION}.amazonaws.com` } },
  });
}

/** For those that call by themselves: they have no role that a grant could go to. */
function ofServices(scope: Construct): PolicyStatement[] {
  const ofAccount = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
  return [
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    new PolicyStatement({
      principals: [new ServicePrincipal(`logs.${Stack.of(scope).region}.amazonaws.com`)],
      actions: ['kms:Decrypt*', 'kms:Describe*', 'kms:Encrypt*', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      resources: ['*'],
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*`,
        },
      },
    }),
    // Queues as targets, and the archive. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-key-policy.html
    new PolicyStatement({
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey', 'kms:ReEncrypt*'],
      resources: ['*'],
      conditions: ofAccount,
    }),
    // Alarms write to the topic.
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: ofAccount,
    }),
  ];
}
