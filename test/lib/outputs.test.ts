import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { parseDescription } from '../../lambda/deployment-description.ts';
import { GeminiWebhooks, type GeminiWebhooksProps, Monitoring } from '../../lib/index.ts';
import { resolve } from '../../local/template/intrinsics.ts';

interface Outputs {
  readonly [name: string]: { readonly Value: unknown };
}

function outputsOf(props: Partial<GeminiWebhooksProps>): Outputs {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Team');
  new GeminiWebhooks(new Construct(stack, 'Platform'), 'Webhooks', {
    monitoring: Monitoring.optOut('The platform team watches.'),
    ...props,
  });
  return Template.fromStack(stack).toJSON()['Outputs'];
}

/** As CloudFormation would resolve it. @param maxLength of a name; Lambda's is 64 */
function describeIn(outputs: Outputs, stackName = 'local', maxLength = 255): string {
  const nameOf = (id: string) => `${`${stackName}-${id}`.slice(0, maxLength - 13)}-A1B2C3D4E5F6`;
  const value = resolve(
    outputs['PlatformWebhooksDeployment']?.Value,
    (id) => {
      if (id === 'AWS::StackId') {
        const ref =
          'arn:aws:cloudformation:ap-southeast-1:123456789012:stack/local/51af3dc0-da77-11e4-872e-1234567db123';
        return { ref, attributes: {} as Record<string, string> };
      }
      const arn = `arn:aws:service:ap-southeast-1:123456789012:kind/${nameOf(id)}`;
      const url = `https://sqs.ap-southeast-1.amazonaws.com/123456789012/${nameOf(id)}`;
      const isQueue = /(?:Queue|DeadLetters|Undelivered)[0-9A-F]{8}$/.test(id);
      const isSecret = /(?:SigningSecret|DynamicToken)[0-9A-F]{8}$/.test(id);
      const endpoint = 'https://a1b2c3d4e5.execute-api.ap-southeast-1.amazonaws.com';
      return {
        ref: isQueue ? url : isSecret ? arn : nameOf(id),
        attributes: { Arn: arn, ApiEndpoint: endpoint, QueueName: nameOf(id) },
      };
    },
    'Deployment',
  );
  return String(value);
}

describe('the outputs', () => {
  const outputs = outputsOf({ projects: [{ name: 'default' }, { name: 'acme-eu' }] });

  it('are named after the place of the construct, in whatever stack it is', () => {
    expect(Object.keys(outputs).toSorted()).toEqual([
      'PlatformWebhooksDeployment',
      'PlatformWebhooksDynamicWebhookUrlCommand',
      'PlatformWebhooksDynamicWebhookUrlCommandAcmeEu',
      'PlatformWebhooksEventBusArn',
      'PlatformWebhooksEventBusName',
      'PlatformWebhooksOutputBucketName',
      'PlatformWebhooksWebhookUrl',
      'PlatformWebhooksWebhookUrlAcmeEu',
    ]);
  });

  it('describe the deployment: every table, queue, function, rule and secret', () => {
    const described = parseDescription(describeIn(outputs));
    const worker = {
      name: expect.stringMatching(/Function/),
      logGroup: expect.stringMatching(/Logs/),
      queueUrl: expect.stringMatching(/^https:.*Queue/),
      deadLettersUrl: expect.stringMatching(/^https:.*DeadLetters/),
      ruleArn: expect.stringMatching(/^arn:.*EventBus/),
    };
    const project = {
      registrar: { name: expect.stringMatching(/Registrar/), logGroup: expect.any(String) },
      rotator: { name: expect.stringMatching(/Rotator/), logGroup: expect.any(String) },
      healthCheck: { name: expect.stringMatching(/HealthCheck/), logGroup: expect.any(String) },
      reconciler: { name: expect.stringMatching(/Reconciler/), logGroup: expect.any(String) },
    };

    expect(described).toEqual({
      geminiWebhooks: 1,
      name: 'local-Platform-Webhooks',
      version: '0.1.0',
      eventBusArn: expect.stringMatching(/^arn:.*EventBus/),
      archive: expect.stringMatching(/Archive/),
      undeliveredUrl: expect.stringMatching(/^https:.*Undelivered/),
      outputBucket: expect.stringMatching(/OutputBucket/),
      idempotencyTable: expect.stringMatching(/IdempotencyTable/),
      ledgerTable: expect.stringMatching(/JobLedgerTable/),
      verifier: { name: expect.stringMatching(/Verifier/), logGroup: expect.any(String) },
      recorder: worker,
      fetchers: { batch: worker, interaction: worker, video: worker },
      metricNamespace: 'GeminiWebhooks/local-Platform-Webhooks',
      alarms: [],
      projects: [
        {
          ...project,
          name: 'default',
          webhookUrl: expect.stringMatching(/^https:.*\/webhooks\/gemini/),
          apiKeySecret: 'gemini-webhooks/api-key',
          signingSecret: expect.stringMatching(/^arn:.*DefaultSecretsSigningSecret/),
          dynamicTokenSecret: expect.stringMatching(/^arn:.*DefaultSecretsDynamicToken/),
        },
        {
          ...project,
          name: 'acme-eu',
          webhookUrl: expect.stringMatching(/^https:.*acme-eu$/),
          apiKeySecret: 'gemini-webhooks/acme-eu/api-key',
          signingSecret: expect.stringMatching(/^arn:.*AcmeEuSecretsSigningSecret/),
          dynamicTokenSecret: expect.stringMatching(/^arn:.*AcmeEuSecretsDynamicToken/),
        },
      ],
    });
    expect(described?.fetchers.video.queueUrl).toMatch(/VideoFetcherQueue/);
    expect(described?.fetchers.video.ruleArn).toMatch(/VideoJobs/);
  });
});

it('describes eight projects with everything in a value that CloudFormation is known to take', () => {
  const names = ['default', 'acme', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'a-project-with-a-name-as-long-as'];
  const outputs = outputsOf({
    projects: names.map((name) => ({ name })),
    monitoring: Monitoring.alarms({ email: 'on-call@example.com', noDeliveryHours: 12 }),
    quarantine: {},
  });
  const text = describeIn(outputs, 'a-stack-with-quite-a-long-name', 64);
  const described = parseDescription(text);

  expect(described?.projects).toHaveLength(8);
  expect(described?.alarms).toContain('events-may-be-lost');
  expect(described?.alarms).toContain('outputs-failed-acme');
  expect(parseDescription(describeIn(outputs))).toMatchObject({
    quarantineTable: expect.stringMatching(/Quarantine/),
    reverifier: { name: expect.stringMatching(/Reverifier/) },
  });
  // Twice what the largest parameter of SSM holds, and a fraction of what all outputs of a stack may have together.
  expect(text.length).toBeGreaterThan(8 * 1024);
  expect(text.length).toBeLessThan(32 * 1024);
});

it.each([
  ['no JSON', 'a team’s own output'],
  ['another JSON', '{"name":"theirs"}'],
  ['another form of it', '{"geminiWebhooks":2}'],
  ['nothing', 'null'],
])('is not recognized in %s', (_, text) => {
  expect(parseDescription(text)).toBeUndefined();
});
