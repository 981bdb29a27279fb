import { Match, Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import type { Consumers } from '../../lib/index.ts';
import { newStack, readable, resourceOf, resourcesOf, synthesize, withoutHashes } from './synthesize.ts';

const template = synthesize();

describe('the schema registry', () => {
  it('has a schema for each kind of event, and one for manifests', () => {
    const schemas = Object.values(resourcesOf(template, 'AWS::EventSchemas::Schema'));

    expect(schemas.map(({ Properties }) => [Properties['SchemaName'], Properties['Type']])).toEqual([
      ['gemini.webhooks@JobEvent', 'JSONSchemaDraft4'],
      ['gemini.webhooks@JobSubmitted', 'JSONSchemaDraft4'],
      ['gemini.webhooks@Manifest', 'JSONSchemaDraft4'],
      ['gemini.webhooks@OutputFailed', 'JSONSchemaDraft4'],
      ['gemini.webhooks@OutputStored', 'JSONSchemaDraft4'],
    ]);
    for (const { Properties } of schemas)
      expect(JSON.parse(String(Properties['Content']))).toHaveProperty('properties');
  });
});

describe('consumers', () => {
  interface Statement {
    readonly Sid: string;
    readonly Action: string | string[];
    readonly Resource: unknown;
    readonly Principal: { readonly AWS: string | unknown[] };
    readonly Condition: object;
  }
  const policyOf = (consumers: Consumers) => {
    const { Policy } = resourceOf(
      synthesize({ consumers }),
      'AWS::Events::EventBus',
      'GeminiWebhooksEventBus',
    ).Properties;
    return Policy as { Statement: Statement[] };
  };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
  const creator = { 'events:creatorAccount': '${aws:PrincipalAccount}' };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
  const ownTargets = { 'events:TargetArn': 'arn:*:*:*:${aws:PrincipalAccount}:*' };

  it('may have rules on the bus, each account those that it made, to targets of its own', () => {
    const policy = policyOf({ organizationId: 'o-a1b2c3d4e5', accountIds: ['123456789012', '210987654321'] });
    const [, , , make, set, have] = policy.Statement;

    expect(policy.Statement.map(({ Sid }) => Sid)).toEqual([
      ...['OrganizationMakeRules', 'OrganizationSetTargets', 'OrganizationHaveRules'],
      ...['AccountsMakeRules', 'AccountsSetTargets', 'AccountsHaveRules'],
    ]);
    expect(make).toMatchObject({
      Action: 'events:PutRule',
      Condition: {
        StringEqualsIfExists: creator,
        'ForAllValues:StringEquals': { 'events:source': 'gemini.webhooks' },
        Null: { 'events:source': 'false' },
      },
    });
    expect(set).toMatchObject({
      Action: 'events:PutTargets',
      Condition: {
        StringEquals: creator,
        'ForAllValues:ArnLike': ownTargets,
        Null: { 'events:TargetArn': 'false' },
      },
    });
    expect(have?.Condition).toEqual({ StringEquals: creator });
    expect([have?.Action].flat()).not.toContain('events:PutTargets');
    expect(JSON.stringify(policy)).not.toContain('events:PutEvents');
    for (const { Resource } of policy.Statement) {
      expect(JSON.stringify(Resource)).toMatch(/":rule\/gemini-webhooks-",\{"Fn::Select":.*"\/\*"\]\]\}$/);
    }
    expect(JSON.stringify(policy.Statement[0])).toContain('"aws:PrincipalOrgID":"o-a1b2c3d4e5"');
    for (const { Principal } of policy.Statement.slice(3)) expect(Principal.AWS).toHaveLength(2);
  });

  it('fit into the policy of a bus, however many there may be and however long the names are', () => {
    const accountIds = Array.from({ length: 60 }, (_, index) => String(100_000_000_000 + index));
    const policy = policyOf({ organizationId: 'o-a1b2c3d4e5a1b2c3d4e5a1b2c3d4e5a1', accountIds });
    const longest: Readonly<Record<string, string>> = {
      'AWS::Partition': 'aws-us-gov',
      'AWS::Region': 'ap-southeast-4',
      'AWS::AccountId': '123456789012',
    };
    const written = JSON.stringify(policy, (_, value) => {
      if (value?.Ref !== undefined) return longest[value.Ref] ?? value;
      if (value?.['Fn::Select'] !== undefined) return '51af3dc0-da77-11e4-872e-1234567db123';
      return value;
    }).replaceAll(/\{"Fn::Join":\["",\[([^\]]*)\]\]\}/g, (_, parts: string) =>
      JSON.stringify((JSON.parse(`[${parts}]`) as string[]).join('')),
    );

    expect(written).not.toMatch(/Ref|Fn::/);
    expect(written.length).toBeGreaterThan(9_000);
    expect(written.length).toBeLessThanOrEqual(10_240);
  });

  it('see one project where they are named for it: its events are sent to their bus', () => {
    const eventBusArn = 'arn:aws:events:eu-west-1:210987654321:event-bus/team';
    const forwarding = synthesize({
      projects: [{ name: 'default' }, { name: 'acme' }],
      consumers: { projects: [{ project: 'acme', eventBusArn }] },
    });

    forwarding.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['gemini.webhooks'], detail: { project: ['acme'] } },
      Targets: [
        Match.objectLike({
          Arn: eventBusArn,
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['GeminiWebhooksEventBusUndelivered', 'Arn'] } },
        }),
      ],
    });
    forwarding.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'events:PutEvents', Resource: eventBusArn }] },
    });
    expect(resourceOf(forwarding, 'AWS::Events::EventBus', 'GeminiWebhooksEventBus').Properties).not.toHaveProperty(
      'Policy',
    );
  });

  it('are nobody by default', () => {
    template.resourceCountIs('AWS::Events::EventBusPolicy', 0);
    expect(resourceOf(template, 'AWS::Events::EventBus', 'GeminiWebhooksEventBus').Properties).not.toHaveProperty(
      'Policy',
    );
  });
});

describe('a grantee', () => {
  const permissionsOf = (use: (stack: ReturnType<typeof newStack>, role: Role) => void) => {
    const stack = newStack();
    use(stack, new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
    const { PolicyDocument } = resourceOf(
      withoutHashes(Template.fromStack(stack)),
      'AWS::IAM::Policy',
      'ReaderDefault',
    ).Properties;
    return (PolicyDocument as { Statement: Record<string, unknown>[] }).Statement;
  };

  it('reads the outputs of one job type', () => {
    const [objects, listing] = permissionsOf(({ webhooks }, role) => webhooks.grantReadOutputs(role, 'video'));

    expect([objects?.['Action'], readable(objects?.['Resource'])]).toEqual([
      's3:GetObject',
      '<GeminiWebhooksOutputBucketOutputs.Arn>/video/*',
    ]);
    expect(listing).toMatchObject({ Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': ['video/*'] } } });
  });

  it('publishes in no name of this pipeline', () => {
    expect(permissionsOf(({ webhooks }, role) => webhooks.grantPublish(role))).toMatchObject([
      {
        Action: 'events:PutEvents',
        Condition: {
          'ForAllValues:StringNotLike': { 'events:source': 'gemini.*' },
          Null: { 'events:source': 'false' },
        },
      },
    ]);
  });
});

describe('metrics', () => {
  it('have the names and dimensions that the functions write', () => {
    const { webhooks } = newStack();

    expect(webhooks.metricDeliveries('duplicate')).toMatchObject({
      metricName: 'Deliveries',
      dimensions: { service: 'verifier', project: 'default', outcome: 'duplicate' },
    });
    expect(webhooks.metricOutputsStored('batch').dimensions).toEqual({
      ...{ service: 'fetch', project: 'default', jobType: 'batch' },
    });
    expect(webhooks.metricOutputsFailed('video', 'acme').dimensions?.['project']).toBe('acme');
    expect(webhooks.metricSecondsToStore('batch').statistic).toBe('p90');
    expect(webhooks.metricWebhookHealthy('acme', { label: 'health' }).label).toBe('health');
  });
});

describe('rules', () => {
  it('are for every event, or for one type, and cannot be for another project', () => {
    const stack = newStack();
    stack.webhooks.onEvent('All', { eventPattern: { source: ['somebody'] } });
    stack.webhooks.onBatchSucceeded('Batches', { eventPattern: { detailType: ['output.stored'] } });
    stack.webhooks.onOutputFailed('Failed', { ruleName: 'failed' });
    const template = withoutHashes(Template.fromStack(stack));
    const patternOf = (id: string) =>
      resourceOf(template, 'AWS::Events::Rule', `GeminiWebhooks${id}`).Properties['EventPattern'];

    expect(patternOf('All')).toEqual({ source: ['gemini.webhooks'] });
    expect(patternOf('Batches')).toEqual({ source: ['gemini.webhooks'], 'detail-type': ['batch.succeeded'] });
    expect(patternOf('Failed')).toEqual({ source: ['gemini.webhooks'], 'detail-type': ['output.failed'] });
  });
});
