import { beforeEach, expect, it, vi } from 'vitest';
import {
  dynamoDbClient,
  eventBridgeClient,
  lambdaClient,
  s3Client,
  secretsManagerClient,
  sqsClient,
} from '../../../lambda/shared/aws.client.ts';

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
});

it.each([
  ['DynamoDB', dynamoDbClient, 1500, 2],
  ['EventBridge', eventBridgeClient, 2000, 2],
  ['Lambda', lambdaClient, 5000, 2],
  ['Secrets Manager', secretsManagerClient, 1500, 2],
  ['SQS', sqsClient, 5000, 2],
  ['S3', s3Client, 60_000, 3],
] as const)('waits for %s no longer than a function can afford', async (_service, create, requestTimeout, attempts) => {
  const { config } = create();
  // Where the SDK's handler keeps what it was given until its first call.
  const handler = config.requestHandler as unknown as { readonly configProvider: Promise<object> };

  expect(await config.maxAttempts()).toBe(attempts);
  expect(await handler.configProvider).toMatchObject({
    ...{ connectionTimeout: 1000, requestTimeout, throwOnRequestTimeout: true },
  });
});
