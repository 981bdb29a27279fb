import { RemovalPolicy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { newStack, synthesize } from './synthesize.ts';

const template = synthesize().toJSON();

const STAGE = { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] };

it('outputs the webhook URL and the names of bucket, table and bus, and no part of the dynamic URL that is secret', () => {
  const outputs = template['Outputs'];

  expect(outputs).toEqual({
    WebhookUrl: {
      Description: 'The static webhook of the project default; it is registered at Gemini.',
      Value: {
        'Fn::Join': ['', [{ 'Fn::GetAtt': ['GeminiWebhooksDoorApi', 'ApiEndpoint'] }, '/', STAGE, '/webhooks/gemini']],
      },
    },
    DynamicWebhookUrlCommand: {
      Description: expect.any(String),
      Value: {
        'Fn::Join': [
          '',
          [
            'echo "',
            { 'Fn::GetAtt': ['GeminiWebhooksDoorApi', 'ApiEndpoint'] },
            '/',
            STAGE,
            '/webhooks/gemini/dynamic/$(aws secretsmanager get-secret-value --secret-id ',
            { Ref: 'GeminiWebhooksDefaultSecretsDynamicToken' },
            ' --query SecretString --output text | cut -c 1-43)"',
          ],
        ],
      },
    },
    OutputBucketName: {
      Description: expect.any(String),
      Value: { Ref: 'GeminiWebhooksOutputBucketOutputs' },
    },
    Deployment: { Description: expect.any(String), Value: expect.anything() },
    EventBusArn: {
      Description: expect.any(String),
      Value: { 'Fn::GetAtt': ['GeminiWebhooksEventBus', 'Arn'] },
    },
    EventBusName: { Description: expect.any(String), Value: { Ref: 'GeminiWebhooksEventBus' } },
  });
});

it('is protected against termination while it keeps data, and has tags for everything that it makes', () => {
  const kept = newStack();

  expect(kept.terminationProtection).toBe(true);
  expect(kept.tags.tagValues()).toEqual({ application: 'gemini-webhooks' });
  expect(newStack({ removalPolicy: RemovalPolicy.DESTROY }).terminationProtection).toBe(false);
  expect(newStack({}, { terminationProtection: false }).terminationProtection).toBe(false);
});

/** With intrinsic functions within the text that they are part of, so that a change of a line is one line. */
function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return value;
  const [[name, argument] = ['', undefined], ...others] = Object.entries(value);
  if (others.length === 0 && name === 'Ref') return `<${argument}>`;
  if (others.length === 0 && name === 'Fn::GetAtt') return `<${argument.join('.')}>`;
  if (others.length === 0 && name === 'Fn::Select' && 'Fn::Split' in argument[1]) {
    const [separator, whole] = argument[1]['Fn::Split'];
    return `<${written(whole)} split at "${separator}", ${argument[0]}>`;
  }
  if (others.length === 0 && name === 'Fn::Join') {
    const [separator, parts] = written(argument) as [string, unknown[]];
    const isText = parts.every((part) => typeof part === 'string');
    // What is long, as the dashboard is, stays in its parts.
    if (isText && parts.join(separator).length < 1000) return parts.join(separator);
  }
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, written(own)]));
}

it('synthesizes the stack that was reviewed', () => {
  const deployed = Template.fromStack(newStack()).toJSON();
  const masked = JSON.parse(JSON.stringify(deployed).replaceAll(/[0-9a-f]{64}\.zip/g, '<asset>.zip'));

  expect(written(masked)).toMatchSnapshot();
});
