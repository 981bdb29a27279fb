/**
 * The AWS clients with the house's time limits: a verifier must answer Gemini within a few seconds, and a fetcher must
 * not sit on a dead connection. The region and the credentials come from the function's environment.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';

/**
 * `throwOnRequestTimeout`, because without it the SDK only warns (@smithy/types, NodeHttpHandlerOptions).
 * Two attempts: the producer's or the queue's retry is the next one.
 */
function limits(requestTimeout: number) {
  return {
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout, throwOnRequestTimeout: true },
  };
}

export const dynamoDbClient = (): DynamoDBClient => new DynamoDBClient(limits(1_500));
export const eventBridgeClient = (): EventBridgeClient => new EventBridgeClient(limits(2_000));
export const lambdaClient = (): LambdaClient => new LambdaClient(limits(5_000));
export const secretsManagerClient = (): SecretsManagerClient => new SecretsManagerClient(limits(1_500));
export const sqsClient = (): SQSClient => new SQSClient(limits(5_000));

/** A part of an upload takes longer than a call, and is worth more attempts. */
export const s3Client = (): S3Client => new S3Client({ ...limits(60_000), maxAttempts: 3 });
