/** examples/waf.ts, and the deployment that it stands before. */
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { WebhooksFront } from '../../examples/waf.ts';
import { readable, resourceOf, synthesize } from './synthesize.ts';

const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:origin-AbCdEf';
const front = new WebhooksFront(new App(), 'Front', {
  env: { account: '123456789012', region: 'us-east-1' },
  apiHost: 'a1b2c3.execute-api.eu-west-1.amazonaws.com',
  domainName: 'hooks.example.com',
  certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234',
  originSecretArn: SECRET_ARN,
});

describe('the distribution of the example', () => {
  it('has no finding of cdk-nag that is not acknowledged', () => {
    const findings = [new AwsSolutionsChecks(), new ServerlessChecks()].flatMap((pack) =>
      pack.validateScope(front).violations.map(({ ruleName }) => ruleName),
    );

    expect(findings).toEqual([]);
  });

  it('limits what one address may send, changes nothing of a delivery, and sends the secret by reference', () => {
    const template = Template.fromStack(front);
    template.hasResourceProperties('AWS::WAFv2::WebACL', {
      Scope: 'CLOUDFRONT',
      Rules: [{ Statement: { RateBasedStatement: { AggregateKeyType: 'IP', Limit: 3000 } }, Action: { Block: {} } }],
    });
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        Aliases: ['hooks.example.com'],
        Origins: [
          {
            CustomOriginConfig: { OriginProtocolPolicy: 'https-only', OriginSSLProtocols: ['TLSv1.2'] },
            OriginCustomHeaders: [
              {
                HeaderName: 'x-origin-verify',
                HeaderValue: `{{resolve:secretsmanager:${SECRET_ARN}:SecretString:::}}`,
              },
            ],
          },
        ],
        // CachingDisabled, and AllViewerExceptHostHeader.
        DefaultCacheBehavior: {
          CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
          OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        },
      },
    });
  });
});

describe('the deployment behind it', () => {
  const template = synthesize({
    publicUrl: 'https://hooks.example.com',
    originHeader: { name: 'x-origin-verify', secretName: 'webhooks/origin' },
  });

  it('has the public URL registered, with the part that no stranger knows', () => {
    const { Properties } = resourceOf(template, 'Custom::GeminiWebhook', 'GeminiWebhooksDefaultWebhook');

    expect(readable(Properties['Uri'])).toBe('https://hooks.example.com/<AWS::StackId>[2]/webhooks/gemini');
  });

  it('says where the API is, which the distribution has to know', () => {
    const outputs = Object.values(template.findOutputs('*')).map(({ Value }) => readable(Value));

    expect(outputs).toContain('<GeminiWebhooksDoorApi.ApiEndpoint>');
  });

  it('has the verifier ask for the header, and lets it read that secret', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { ORIGIN_HEADER: 'x-origin-verify', ORIGIN_SECRET_ID: 'webhooks/origin' } },
    });
    const policy = JSON.stringify(resourceOf(template, 'AWS::IAM::Policy', 'GeminiWebhooksDoorVerifier').Properties);
    expect(policy).toContain(':secret:webhooks/origin-??????');
  });
});
