/** The template's table, bucket and queues, created in the emulators, and how much waits in the queues. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Stack } from '../template/stack.ts';
import { clientOptions, type Emulators } from './emulators.ts';

export interface QueueDepth {
  readonly logicalId: string;
  /** Whether it is one of the two kinds of dead-letter queue. */
  readonly deadLetter: boolean;
  /** Visible ones and those being worked on. */
  readonly messages: number;
  /** Those of them that nobody works on. */
  readonly visible: number;
}

export async function createState(stack: Stack, emulators: Emulators, sqs: SQSClient): Promise<void> {
  const dynamodb = new DynamoDBClient(clientOptions(emulators.dynamodbUrl));
  const s3 = new S3Client({ ...clientOptions(emulators.s3Url), forcePathStyle: true });
  try {
    for (const { ref, properties } of stack.all('AWS::DynamoDB::GlobalTable')) {
      const { AttributeDefinitions, KeySchema, BillingMode, GlobalSecondaryIndexes } = properties;
      await dynamodb.send(
        new CreateTableCommand({
          TableName: ref,
          AttributeDefinitions,
          KeySchema,
          BillingMode,
          ...(GlobalSecondaryIndexes && { GlobalSecondaryIndexes }),
        }),
      );
    }
    for (const { ref } of stack.all('AWS::S3::Bucket')) await s3.send(new CreateBucketCommand({ Bucket: ref }));
    // Dead-letter queues first: the others name them.
    const queues = stack.all('AWS::SQS::Queue').toSorted((a, b) => Number(hasRedrive(a)) - Number(hasRedrive(b)));
    for (const { id, properties } of queues) {
      const { VisibilityTimeout, MessageRetentionPeriod, MaximumMessageSize, RedrivePolicy } = properties;
      const Attributes = {
        MessageRetentionPeriod: String(MessageRetentionPeriod),
        MaximumMessageSize: String(MaximumMessageSize),
        ...(VisibilityTimeout !== undefined && { VisibilityTimeout: String(VisibilityTimeout) }),
        ...(RedrivePolicy && { RedrivePolicy: JSON.stringify(RedrivePolicy) }),
      };
      await sqs.send(new CreateQueueCommand({ QueueName: id, Attributes }));
    }
  } finally {
    dynamodb.destroy();
    s3.destroy();
  }
}

function hasRedrive({ properties }: { readonly properties: { readonly RedrivePolicy?: unknown } }): boolean {
  return properties.RedrivePolicy !== undefined;
}

export async function readDepths(stack: Stack, sqs: SQSClient): Promise<readonly QueueDepth[]> {
  return await Promise.all(
    stack.all('AWS::SQS::Queue').map(async ({ id, ref, properties }) => {
      const command = new GetQueueAttributesCommand({
        QueueUrl: ref,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      });
      const { Attributes = {} } = await sqs.send(command);
      const messages = Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
      const visible = Number(Attributes['ApproximateNumberOfMessages'] ?? 0);
      return { logicalId: id, deadLetter: !hasRedrive({ properties }), messages, visible };
    }),
  );
}
