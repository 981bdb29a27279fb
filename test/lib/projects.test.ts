import { Duration, Lazy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { newStack, readable, resourceOf, resourcesOf, synthesize, withoutHashes } from './synthesize.ts';

const STAGE = { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] };

describe('several projects', () => {
  const template = synthesize({
    projects: [{ name: 'default' }, { name: 'acme-eu', subscribedEvents: ['batch.failed'] }],
  });

  it('have routes of their own', () => {
    const routes = Object.values(resourcesOf(template, 'AWS::ApiGatewayV2::Route'));

    expect(routes.map(({ Properties }) => Properties['RouteKey'])).toEqual([
      'POST /webhooks/gemini',
      'POST /webhooks/gemini/dynamic/{token}',
      'POST /webhooks/gemini/projects/acme-eu',
      'POST /webhooks/gemini/projects/acme-eu/dynamic/{token}',
    ]);
  });

  it('have a registration, two secrets and two rotations each', () => {
    template.resourceCountIs('AWS::SecretsManager::Secret', 4);
    template.resourceCountIs('AWS::SecretsManager::RotationSchedule', 4);
    template.resourceCountIs('Custom::GeminiWebhook', 2);
    const { Properties } = resourceOf(template, 'Custom::GeminiWebhook', 'GeminiWebhooksAcmeEu');
    expect(readable(Properties['Name'])).toBe('<AWS::StackName>-acme-eu-<AWS::Region>-<AWS::AccountId>');
    expect(readable(Properties['Uri'])).toMatch(
      /^<GeminiWebhooksDoorApi.ApiEndpoint>\/<AWS::StackId>\[2\]\/webhooks\/gemini\/projects\/acme-eu$/,
    );
    expect(Properties).toMatchObject({
      SubscribedEvents: ['batch.failed'],
      ApiKeySecretId: 'gemini-webhooks/acme-eu/api-key',
      SigningSecretId: { Ref: expect.stringMatching('^GeminiWebhooksAcmeEuSecretsSigningSecret') },
    });
  });

  it('give no function that looks after one of them anything of the other', () => {
    const policyOf = (part: string) =>
      JSON.stringify(resourceOf(template, 'AWS::IAM::Policy', `GeminiWebhooksDefaultWebhook${part}`));
    for (const part of ['RegistrarReads', 'RotatorRole', 'HealthCheckRole']) {
      expect(policyOf(part)).toContain('gemini-webhooks/api-key');
      expect(policyOf(part)).not.toMatch(/acme/i);
    }
    expect(policyOf('RegistrarRole')).not.toMatch(/acme|api-key/i);
  });

  it('reach the fetchers with the secret of each API key', () => {
    const { Properties } = resourceOf(template, 'AWS::Lambda::Function', 'GeminiWebhooksVideoFetcher');

    expect(Properties['Environment']).toMatchObject({
      Variables: {
        PROJECTS:
          '{"default":{"apiKeySecretId":"gemini-webhooks/api-key"},"acme-eu":{"apiKeySecretId":"gemini-webhooks/acme-eu/api-key"}}',
      },
    });
  });
});

it('leaves to CloudFormation what only CloudFormation knows', () => {
  const apiKeySecretName = Lazy.string({ produce: () => 'not a name' });

  expect(() => newStack({ projects: [{ name: 'default', apiKeySecretName: 'not a name' }] })).toThrow(
    "give the secret's",
  );
  expect(() => newStack({ projects: [{ name: 'default', apiKeySecretName }] })).not.toThrow();
});

describe('the permission to read the API key for the registration', () => {
  const policyOf = (apiKeySecretName: string) => {
    // The hash is what some names differ by.
    const template = Template.fromStack(newStack({ projects: [{ name: 'default', apiKeySecretName }] }));
    const [[id, policy] = ['', undefined]] = Object.entries(resourcesOf(template, 'AWS::IAM::Policy')).filter(([one]) =>
      one.includes('RegistrarReads'),
    );
    return { id, policy, registration: resourceOf(template, 'Custom::GeminiWebhook', 'GeminiWebhooksDefault') };
  };

  it('is a resource of its own for each secret, so that the webhook in a project that is left can be deleted', () => {
    const before = policyOf('team/key');
    const after = policyOf('team/other-key');

    expect(before.id).toMatch(/^GeminiWebhooksDefaultWebhookRegistrarReadsteamkey[0-9A-F]{8}$/);
    expect(after.id).toMatch(/^GeminiWebhooksDefaultWebhookRegistrarReadsteamotherkey[0-9A-F]{8}$/);
    expect(before.policy?.Properties['PolicyName']).not.toBe(after.policy?.Properties['PolicyName']);
    expect(JSON.stringify(before.policy)).toContain('secret:team/key-??????');
    // The registration is updated, not replaced.
    expect(before.registration.Properties).toMatchObject({ ApiKeySecretId: 'team/key' });
  });

  it('is there before the registration is made or updated', () => {
    const { id, registration } = policyOf('team/key');

    expect((registration as unknown as { DependsOn: string[] }).DependsOn).toContain(id);
  });

  it('distinguishes names that a logical id cannot', () => {
    expect(policyOf('team/key').id).not.toBe(policyOf('team-key').id);
  });
});

describe('rotation', () => {
  it('is every 30 days, and not at once after a deployment', () => {
    const schedules = Object.values(resourcesOf(synthesize(), 'AWS::SecretsManager::RotationSchedule'));

    expect(
      schedules.map(({ Properties }) => [Properties['RotationRules'], Properties['RotateImmediatelyOnUpdate']]),
    ).toEqual([
      [{ AutomaticallyAfterDays: 30 }, false],
      [{ AutomaticallyAfterDays: 30 }, false],
    ]);
  });

  it('can be switched off, for one secret or for both; the function stays, to revoke after a leak', () => {
    const one = synthesize({ dynamicTokenRotation: Duration.days(0), signingSecretRotation: Duration.days(90) });
    one.hasResourceProperties('AWS::SecretsManager::RotationSchedule', {
      RotationRules: { AutomaticallyAfterDays: 90 },
    });
    one.resourceCountIs('AWS::SecretsManager::RotationSchedule', 1);
    one.resourceCountIs('AWS::Lambda::Function', 9);

    const none = synthesize({ dynamicTokenRotation: Duration.days(0), signingSecretRotation: Duration.days(0) });
    none.resourceCountIs('AWS::SecretsManager::RotationSchedule', 0);
    none.resourceCountIs('AWS::Lambda::Function', 9);
    const { Properties } = resourceOf(none, 'AWS::IAM::Policy', 'GeminiWebhooksDefaultWebhookRotator');
    expect(JSON.stringify(Properties)).toContain('secretsmanager:PutSecretValue');
    expect(JSON.stringify(resourcesOf(none, 'AWS::Lambda::Permission'))).not.toContain('secretsmanager.amazonaws.com');
  });
});

describe('a custom domain', () => {
  const template = synthesize({
    customDomain: {
      domainName: 'hooks.example.com',
      certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234',
      hostedZoneId: 'Z0123456789ABC',
      hostedZoneName: 'example.com',
    },
  });

  it('takes the place of the default endpoint, which is disabled', () => {
    template.hasResourceProperties('AWS::ApiGatewayV2::Api', { DisableExecuteApiEndpoint: true });
    template.hasResourceProperties('AWS::ApiGatewayV2::DomainName', {
      DomainName: 'hooks.example.com',
      // Dual stack, as there is an AAAA record.
      DomainNameConfigurations: [{ EndpointType: 'REGIONAL', IpAddressType: 'dualstack', SecurityPolicy: 'TLS_1_2' }],
    });
    // Below a part that no stranger knows, as without a domain.
    template.hasResourceProperties('AWS::ApiGatewayV2::ApiMapping', { ApiMappingKey: STAGE });
    for (const Type of ['A', 'AAAA']) {
      template.hasResourceProperties('AWS::Route53::RecordSet', { Type, Name: 'hooks.example.com.' });
    }
  });

  it('stands in the registered URL, which waits for the records', () => {
    const webhook = resourceOf(template, 'Custom::GeminiWebhook', 'GeminiWebhooksDefault');
    const records = Object.keys(resourcesOf(template, 'AWS::Route53::RecordSet'));

    expect(readable(webhook.Properties['Uri'])).toMatch(
      /^https:\/\/(hooks\.example\.com|<\w+>)\/<AWS::StackId>\[2\]\/webhooks\/gemini$/,
    );
    expect((webhook as unknown as { DependsOn: string[] }).DependsOn).toEqual(expect.arrayContaining(records));
  });
});

describe('an application that creates jobs', () => {
  it('gets the URL and the token of its project, and may read that and nothing else', () => {
    const stack = newStack();
    const creator = new LambdaFunction(stack, 'Creator', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = () => {}'),
    });

    stack.webhooks.addWebhookConfig(creator);

    const template = withoutHashes(Template.fromStack(stack));
    const token = { Ref: 'GeminiWebhooksDefaultSecretsDynamicToken' };
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'index.handler',
      Environment: {
        Variables: {
          GEMINI_WEBHOOK_URL: {
            'Fn::Join': [
              '',
              [{ 'Fn::GetAtt': ['GeminiWebhooksDoorApi', 'ApiEndpoint'] }, '/', STAGE, '/webhooks/gemini'],
            ],
          },
          GEMINI_WEBHOOK_TOKEN_SECRET_ID: token,
        },
      },
    });
    expect(resourceOf(template, 'AWS::IAM::Policy', 'CreatorServiceRole').Properties['PolicyDocument']).toMatchObject({
      Statement: [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: token }],
    });
    expect(() => stack.webhooks.addWebhookConfig(creator, 'acme')).toThrow(
      'There is no project "acme"; give one of default.',
    );
  });
});
