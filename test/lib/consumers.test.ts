import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { newStack, readable, resourceOf, resourcesOf, synthesize } from './synthesize.ts';

describe('the schema registry', () => {
  it('has a schema for each kind of event, and one for manifests', () => {
    const schemas = Object.values(resourcesOf(synthesize(), 'AWS::EventSchemas::Schema'));

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
  it('may have rules on the bus, each account those that it made', () => {
    const template = synthesize({ consumers: { organizationId: 'o-a1b2c3d4e5', accountIds: ['123456789012'] } });
    const policies = Object.values(resourcesOf(template, 'AWS::Events::EventBusPolicy')).map(
      ({ Properties }) => Properties['Statement'] as Record<string, unknown>,
    );

    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
    const creator = { 'events:creatorAccount': '${aws:PrincipalAccount}' };
    expect(policies).toHaveLength(4);
    for (const statement of policies) {
      expect(readable([statement['Resource']].flat()[0])).toBe(
        'arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/<GeminiWebhooksEventBusDE0CBF58>/*',
      );
    }
    expect(policies.map(({ Action }) => [Action].flat().includes('events:PutRule'))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(policies[0]?.['Condition']).toMatchObject({
      StringEqualsIfExists: creator,
      'ForAllValues:StringEquals': { 'events:source': 'gemini.webhooks' },
      Null: { 'events:source': 'false' },
    });
    expect(policies[1]?.['Condition']).toMatchObject({ StringEquals: creator });
    expect(JSON.stringify(policies)).not.toContain('events:PutEvents');
    expect(JSON.stringify(policies[0])).toContain('"aws:PrincipalOrgID":"o-a1b2c3d4e5"');
    expect(JSON.stringify(policies[2])).toContain('123456789012');
  });

  it('are nobody by default', () => {
    synthesize().resourceCountIs('AWS::Events::EventBusPolicy', 0);
  });

  it.each([
    [{ organizationId: 'acme' }, 'organizationId is "acme"'],
    [{ accountIds: ['12'] }, 'accountIds has "12"; give twelve digits.'],
    [{}, 'consumers names nobody'],
  ])('are refused when they are %j', (consumers, message) => {
    expect(() => synthesize({ consumers })).toThrow(message);
  });
});

describe('a grantee', () => {
  const permissionsOf = (use: (stack: ReturnType<typeof newStack>, role: Role) => void) => {
    const stack = newStack();
    use(stack, new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
    const { PolicyDocument } = resourceOf(Template.fromStack(stack), 'AWS::IAM::Policy', 'ReaderDefault').Properties;
    return (PolicyDocument as { Statement: Record<string, unknown>[] }).Statement;
  };

  it('reads the outputs of one job type', () => {
    const [objects, listing] = permissionsOf(({ webhooks }, role) => webhooks.grantReadOutputs(role, 'video'));

    expect([objects?.['Action'], readable(objects?.['Resource'])]).toEqual([
      's3:GetObject',
      '<GeminiWebhooksOutputBucketOutputs636BE2D7.Arn>/video/*',
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
      dimensions: { service: 'verifier', source: 'default', outcome: 'duplicate' },
    });
    expect(webhooks.metricOutputsStored('batch').dimensions).toEqual({
      ...{ service: 'fetch-batch', source: 'default', jobType: 'batch' },
    });
    expect(webhooks.metricOutputsFailed('video', 'acme').dimensions?.['source']).toBe('acme');
    expect(webhooks.metricLandingSeconds('batch').statistic).toBe('p90');
    expect(webhooks.metricWebhookHealthy('acme', { label: 'health' }).label).toBe('health');
  });
});

describe('rules', () => {
  it('are for every event, or for one type, and cannot be for another source', () => {
    const stack = newStack();
    stack.webhooks.onEvent('All', { eventPattern: { source: ['somebody'] } });
    stack.webhooks.onBatchSucceeded('Batches', { eventPattern: { detailType: ['output.stored'] } });
    stack.webhooks.onOutputFailed('Failed', { ruleName: 'failed' });
    const template = Template.fromStack(stack);
    const patternOf = (id: string) =>
      resourceOf(template, 'AWS::Events::Rule', `GeminiWebhooks${id}`).Properties['EventPattern'];

    expect(patternOf('All')).toEqual({ source: ['gemini.webhooks'] });
    expect(patternOf('Batches')).toEqual({ source: ['gemini.webhooks'], 'detail-type': ['batch.succeeded'] });
    expect(patternOf('Failed')).toEqual({ source: ['gemini.webhooks'], 'detail-type': ['output.failed'] });
  });
});
