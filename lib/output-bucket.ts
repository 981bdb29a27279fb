/** The bucket in which the outputs of finished jobs land. Stateful. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { FETCHED_JOB_TYPES } from '../lambda/contract.ts';
import { settingsOf } from './settings.ts';
import { acknowledge } from './shared/nag-acknowledgement.ts';

export class OutputBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const { noncurrentVersionExpiration, retain } = settingsOf(this);

    this.bucket = new Bucket(this, 'Outputs', {
      versioned: true,
      // Not KMS: readers in other accounts and other services would need the key's permissions, too, and every object its price.
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        { id: 'AbortUnfinishedUploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        { id: 'ExpireOldVersions', noncurrentVersionExpiration },
      ],
      // A first deployment that fails takes its empty bucket with it.
      removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });

    // An object is written once, whoever writes it, so that none changes under its manifest. The parts of an upload carry no
    // condition and are excepted; its completion is not. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'ObjectsAreWrittenOnce',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: FETCHED_JOB_TYPES.map((jobType) => this.bucket.arnForObjects(`${jobType}/*`)),
        conditions: {
          Null: { 's3:if-none-match': 'true' },
          Bool: { 's3:ObjectCreationOperation': 'true' },
        },
      }),
    );

    acknowledge(this.bucket, {
      'AwsSolutions-S1':
        'Each fetch is accounted for by its manifest and an event. Who reads is for CloudTrail data events, which an account switches on for all its buckets; server access logs would need a second bucket with the same question.',
    });
  }
}
