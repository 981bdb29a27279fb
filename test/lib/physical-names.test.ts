/**
 * A name that an account has once would refuse a second stack, or the same stack after a destroy that left something behind.
 * So names are left to CloudFormation, or derived from the stack's id.
 */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { GeminiWebhooks, Monitoring } from '../../lib/index.ts';
import { newStack, type Resource } from './synthesize.ts';

type Resources = Readonly<Record<string, Resource>>;

/** Properties by which a service knows a resource, where another of the account could have the same. */
const NAMES: Readonly<Record<string, string>> = {
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::CloudWatch::CompositeAlarm': 'AlarmName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::EventSchemas::Registry': 'RegistryName',
  'AWS::Events::Archive': 'ArchiveName',
  'AWS::Events::EventBus': 'Name',
  'AWS::Events::Rule': 'Name',
  'AWS::IAM::Role': 'RoleName',
  'AWS::KMS::Alias': 'AliasName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::DeliveryDestination': 'Name',
  'AWS::Logs::DeliverySource': 'Name',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::Logs::ResourcePolicy': 'PolicyName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SecretsManager::Secret': 'Name',
  'Custom::GeminiWebhook': 'Name',
};
/** Named within another resource that is the stack's own, or not unique at all. */
const UNNAMED = [
  ...[
    'AWS::ApiGatewayV2::Api',
    'AWS::ApiGatewayV2::Integration',
    'AWS::ApiGatewayV2::Route',
    'AWS::ApiGatewayV2::Stage',
  ],
  ...['AWS::EventSchemas::Schema', 'AWS::IAM::Policy', 'AWS::KMS::Key', 'AWS::Lambda::EventInvokeConfig'],
  ...['AWS::Lambda::EventSourceMapping', 'AWS::Lambda::Permission', 'AWS::Logs::Delivery', 'AWS::Logs::MetricFilter'],
  ...['AWS::S3::BucketPolicy', 'AWS::SNS::Subscription', 'AWS::SNS::TopicPolicy', 'AWS::SQS::QueuePolicy'],
  'AWS::SecretsManager::RotationSchedule',
];

interface Life {
  readonly stackName: string;
  readonly stackId: string;
}

/** What CloudFormation makes of a name; anything but the names of the stack would be unknown here. */
function evaluate(value: unknown, life: Life): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::StackName': life.stackName,
    'AWS::StackId': life.stackId,
    'AWS::Region': 'eu-central-1',
    'AWS::AccountId': '123456789012',
  };
  if ('Ref' in value) return pseudo[String(value.Ref)];
  if ('Fn::Join' in value) {
    const [separator, parts] = value['Fn::Join'] as [string, unknown[]];
    return parts.map((part) => evaluate(part, life)).join(separator);
  }
  if ('Fn::Split' in value) {
    const [separator, whole] = value['Fn::Split'] as [string, unknown];
    return String(evaluate(whole, life)).split(separator);
  }
  if ('Fn::Select' in value) {
    const [index, list] = value['Fn::Select'] as [number, unknown];
    return (evaluate(list, life) as string[])[index];
  }
  throw new Error(`${Object.keys(value)} in a name`);
}

function namesOf(resources: Resources, life: Life): Map<string, string> {
  const names = new Map<string, string>();
  for (const [id, { Type, Properties = {} }] of Object.entries(resources)) {
    const property = NAMES[Type];
    if (property === undefined || Properties[property] === undefined) continue;
    names.set(`${Type} ${id}`, `${Type} ${evaluate(Properties[property], life)}`);
  }
  return names;
}

const resourcesOf = (stack: Stack) => Template.fromStack(stack).toJSON()['Resources'] as Resources;
const lifeOf = (stackName: string, uuid: string): Life => ({
  stackName,
  stackId: `arn:aws:cloudformation:eu-central-1:123456789012:stack/${stackName}/${uuid}`,
});
const FIRST = lifeOf('GeminiWebhooks', '51af3dc0-da77-11e4-872e-1234567db123');
const AGAIN = lifeOf('GeminiWebhooks', 'c1d0f8e0-ab12-11f0-9d3e-0a58a9feac02');
const OTHER = lifeOf('Other', '9b1deb4d-3b7d-11f0-9bdd-2b0d7b3dcb6d');
const ALL_OPTIONS = { projects: [{ name: 'default' }, { name: 'acme-eu' }], quarantine: {} };
const resources = resourcesOf(newStack(ALL_OPTIONS));
const others = resourcesOf(newStack(ALL_OPTIONS, { id: 'Other' }));

describe('physical names', () => {
  it('are these, and no others', () => {
    const explicit = [...namesOf(resources, FIRST)].filter(([key]) => !/CloudWatch::(Composite)?Alarm/.test(key));

    expect(explicit.map(([, name]) => name).toSorted()).toEqual([
      'AWS::CloudWatch::Dashboard GeminiWebhooks-eu-central-1',
      'AWS::EventSchemas::Registry gemini-webhooks-51af3dc0-da77-11e4-872e-1234567db123',
      'AWS::Events::EventBus gemini-webhooks-51af3dc0-da77-11e4-872e-1234567db123',
      'AWS::Logs::DeliveryDestination gemini-webhooks-51af3dc0-da77-11e4-872e-1234567db123',
      'AWS::Logs::DeliverySource gemini-webhooks-51af3dc0-da77-11e4-872e-1234567db123',
      'AWS::Logs::LogGroup /aws/vendedlogs/gemini-webhooks-51af3dc0-da77-11e4-872e-1234567db123/access',
      'AWS::Logs::LogGroup /aws/vendedlogs/gemini-webhooks-51af3dc0-da77-11e4-872e-1234567db123/bus-errors',
      'AWS::Logs::LogGroup /aws/vendedlogs/gemini-webhooks-51af3dc0-da77-11e4-872e-1234567db123/unhandled-events',
      'Custom::GeminiWebhook GeminiWebhooks-acme-eu-eu-central-1-123456789012',
      'Custom::GeminiWebhook GeminiWebhooks-default-eu-central-1-123456789012',
    ]);
  });

  it('are looked for in every type that the template has', () => {
    const types = new Set(Object.values(resources).map(({ Type }) => Type));

    expect([...types].filter((type) => !(type in NAMES) && !UNNAMED.includes(type))).toEqual([]);
  });

  it('are different in two stacks of one account', () => {
    const first = namesOf(resources, FIRST);
    const other = namesOf(others, OTHER);

    expect(other.size).toBe(first.size);
    expect([...other.values()].filter((name) => [...first.values()].includes(name))).toEqual([]);
  });

  it('are different in two stacks of one construct path and different stack names', () => {
    const first = new Set(namesOf(resources, FIRST).values());

    expect([...namesOf(resources, OTHER).values()].filter((name) => first.has(name))).toEqual([]);
  });

  // What is deleted with the stack may have its name again, and alarms that a person reads are better off with it.
  it('are different in the next life of a stack where the first left something behind', () => {
    const first = namesOf(resources, FIRST);
    const again = namesOf(resources, AGAIN);
    const same = [...again].filter(([key, name]) => first.get(key) === name).map(([key]) => key.split(' '));

    expect(new Set(same.map(([type]) => type))).toEqual(
      new Set([
        'AWS::CloudWatch::Alarm',
        'AWS::CloudWatch::CompositeAlarm',
        'AWS::CloudWatch::Dashboard',
        'Custom::GeminiWebhook',
      ]),
    );
    for (const [, id = ''] of same) expect(resources[id]?.DeletionPolicy ?? 'Delete').toBe('Delete');
  });

  it('are different in two pipelines of one stack, however long their paths are', () => {
    const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Team');
    const props = { monitoring: Monitoring.optOut('The platform team watches.') };
    new GeminiWebhooks(stack, 'GeminiWebhooks', props);
    new GeminiWebhooks(
      new Construct(stack, 'A-team-with-a-name-that-is-longer-than-most-names-of-a-team'),
      'Webhooks',
      props,
    );
    const names = [...namesOf(resourcesOf(stack), FIRST).values()];

    expect(names).toContainEqual(expect.stringMatching(/^AWS::Events::EventBus gemini-[0-9a-f]{8}-51af3dc0-/));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names.filter((one) => one.startsWith('AWS::Logs::DeliverySource'))) {
      expect(name.split(' ')[1]).toMatch(/^[\w-]{1,60}$/);
    }
  });
});

it('logs of services are all under /aws/vendedlogs/, and each lets in by a policy of its own', () => {
  const groups = Object.values(resources).filter(
    ({ Type, Properties }) => Type === 'AWS::Logs::LogGroup' && Properties['LogGroupName'] !== undefined,
  );

  expect(groups).toHaveLength(3);
  expect(Object.values(resources).filter(({ Type }) => Type === 'AWS::Logs::ResourcePolicy')).toEqual([]);
  for (const { Properties } of groups) {
    const name = String(evaluate(Properties['LogGroupName'], FIRST));
    const policy = JSON.stringify(Properties['ResourcePolicyDocument']);
    expect(name).toMatch(/^\/aws\/vendedlogs\/[\w./#-]{1,495}$/);
    // CloudWatch Logs takes 51,200 bytes for the policy of a log group.
    expect(policy.length).toBeLessThan(5_000);
    expect(policy).toContain('aws:SourceArn');
  }
});
