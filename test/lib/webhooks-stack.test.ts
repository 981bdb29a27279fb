import { RemovalPolicy } from 'aws-cdk-lib';
import { expect, it } from 'vitest';
import { newStack, synthesize } from './synthesize.ts';

const template = synthesize().toJSON();

it('outputs the webhook URL and the names of bucket, table and bus, and no part of the dynamic URL that is secret', () => {
  const outputs = template['Outputs'];

  expect(outputs).toEqual({
    WebhookUrl: {
      Description: 'The static webhook of the source default; it is registered at Gemini.',
      Value: {
        'Fn::Join': ['', [{ 'Fn::GetAtt': ['GeminiWebhooksDoorApi0B30BEF5', 'ApiEndpoint'] }, '/webhooks/gemini']],
      },
    },
    DynamicWebhookUrlCommand: {
      Description: expect.any(String),
      Value: {
        'Fn::Join': [
          '',
          [
            'echo "',
            { 'Fn::GetAtt': ['GeminiWebhooksDoorApi0B30BEF5', 'ApiEndpoint'] },
            '/webhooks/gemini/dynamic/$(aws secretsmanager get-secret-value --secret-id ',
            { Ref: 'GeminiWebhooksDefaultSecretsDynamicToken4F377C01' },
            ' --query SecretString --output text | cut -c 1-43)"',
          ],
        ],
      },
    },
    ApiKeySecretName: { Description: expect.any(String), Value: 'gemini-webhooks/api-key' },
    OutputBucketName: {
      Description: expect.any(String),
      Value: { Ref: 'GeminiWebhooksOutputBucketOutputs636BE2D7' },
    },
    DeliveriesTableName: {
      Description: expect.any(String),
      Value: { Ref: 'GeminiWebhooksIdempotencyTableDeliveries82F76538' },
    },
    EventBusArn: {
      Description: expect.any(String),
      Value: { 'Fn::GetAtt': ['GeminiWebhooksEventBusDE0CBF58', 'Arn'] },
    },
    EventBusName: { Description: expect.any(String), Value: { Ref: 'GeminiWebhooksEventBusDE0CBF58' } },
  });
});

it('is protected against termination while it keeps data, and has tags for everything that it makes', () => {
  const kept = newStack();

  expect(kept.terminationProtection).toBe(true);
  expect(kept.tags.tagValues()).toEqual({ application: 'gemini-webhooks' });
  expect(newStack({ removalPolicy: RemovalPolicy.DESTROY }).terminationProtection).toBe(false);
  expect(newStack({}, { terminationProtection: false }).terminationProtection).toBe(false);
});

it('synthesizes the stack that was reviewed', () => {
  const masked = JSON.parse(JSON.stringify(template).replaceAll(/[0-9a-f]{64}\.zip/g, '<asset>.zip'));

  expect(masked).toMatchSnapshot();
});
