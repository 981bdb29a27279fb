import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { expect, it } from 'vitest';
import { GeminiWebhooks, Monitoring } from '../../lib/index.ts';
import { HANDLERS } from './synthesize.ts';

const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Team');
new GeminiWebhooks(new Construct(stack, 'Platform'), 'Webhooks', {
  handlersPath: HANDLERS,
  monitoring: Monitoring.optOut('The platform team watches.'),
  sources: [{ name: 'default' }, { name: 'acme-eu' }],
});
const { Outputs } = Template.fromStack(stack).toJSON();

it("has the command line's outputs in whatever stack it is, named after its place there", () => {
  expect(Object.keys(Outputs).toSorted()).toEqual([
    'PlatformWebhooksApiKeySecretName',
    'PlatformWebhooksApiKeySecretNameAcmeEu',
    'PlatformWebhooksDeliveriesTableName',
    'PlatformWebhooksDynamicWebhookUrlCommand',
    'PlatformWebhooksDynamicWebhookUrlCommandAcmeEu',
    'PlatformWebhooksEventBusArn',
    'PlatformWebhooksEventBusName',
    'PlatformWebhooksOutputBucketName',
    'PlatformWebhooksWebhookUrl',
    'PlatformWebhooksWebhookUrlAcmeEu',
  ]);
  expect(Outputs.PlatformWebhooksApiKeySecretNameAcmeEu.Value).toBe('gemini-webhooks/acme-eu/api-key');
});
