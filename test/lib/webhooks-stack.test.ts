import { expect, it } from 'vitest';
import { synthesize } from './synthesize.ts';

const template = synthesize().toJSON();

it('outputs the webhook URL and the names of bucket, table and bus, and no part of the dynamic URL that is secret', () => {
  const outputs = template['Outputs'];

  expect(outputs).toEqual({
    WebhookUrl: {
      Description: expect.stringContaining('dynamic token, which is in Secrets Manager'),
      Value: {
        'Fn::Join': ['', [{ 'Fn::GetAtt': ['GeminiWebhooksDoorApi0B30BEF5', 'ApiEndpoint'] }, '/webhooks/gemini']],
      },
    },
    OutputBucketName: {
      Description: expect.any(String),
      Value: { Ref: 'GeminiWebhooksOutputBucketOutputs636BE2D7' },
    },
    DeliveriesTableName: {
      Description: expect.any(String),
      Value: { Ref: 'GeminiWebhooksIdempotencyTableDeliveries82F76538' },
    },
    EventBusName: { Description: expect.any(String), Value: { Ref: 'GeminiWebhooksEventBusDE0CBF58' } },
  });
});

it('synthesizes the stack that was reviewed', () => {
  const masked = JSON.parse(JSON.stringify(template).replaceAll(/[0-9a-f]{64}\.zip/g, '<asset>.zip'));

  expect(masked).toMatchSnapshot();
});
