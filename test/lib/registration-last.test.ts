/** Gemini may deliver as soon as the webhook is registered, and until it is deleted. */
import { Template } from 'aws-cdk-lib/assertions';
import { LambdaFunction, SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function as Handler, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, it } from 'vitest';
import { newStack } from './synthesize.ts';
import { closureOf, needsOf, type Resources } from './template-graph.ts';

/** Needed by nothing that happens to an event: what watches, what comes after the registration, and what only informs. */
const BESIDE_THE_WAY = [
  /^AWS::CloudWatch::/,
  /^AWS::EventSchemas::/,
  /^AWS::SNS::/,
  /^AWS::Logs::MetricFilter$/,
  /^AWS::SecretsManager::RotationSchedule$/,
];
/** Functions, with all that is theirs, that take no event; and the log group of a function that is no part of the construct. */
const NOT_EVENTS = /Rotator|HealthCheck|Reconciler|Reverifier|AlarmsKey|^OwnLogGroup/;

const resourcesOf = (stack: ReturnType<typeof newStack>) =>
  Template.fromStack(stack).toJSON()['Resources'] as Resources;

const several = newStack({ projects: [{ name: 'default' }, { name: 'acme-eu' }], quarantine: {} });
const withRules = newStack();
withRules.webhooks.onOutputStored('ToTopic', { target: new SnsTopic(new Topic(withRules, 'Topic')) });
const handler = new Handler(withRules, 'Own', {
  ...{ runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code: Code.fromInline('exports.handler = () => {}') },
});
withRules.webhooks.onEvent('ToFunction', { target: new LambdaFunction(handler) });

describe.each([
  ['the default stack', newStack()],
  ['two projects with a quarantine', several],
  ["a stack with an application's own rules", withRules],
])('in %s', (_, stack) => {
  const resources = resourcesOf(stack);
  const registrations = Object.keys(resources).filter((id) => resources[id]?.Type === 'Custom::GeminiWebhook');

  it.each(registrations)('%s is registered when all that takes part in an event is there', (registration) => {
    const before = closureOf(resources, registration);
    const other = (id: string) => registrations.some((one) => one !== registration && id.startsWith(one.slice(0, -8)));
    const late = Object.entries(resources)
      .filter(
        ([id, { Type }]) =>
          !before.has(id) &&
          id !== registration &&
          !other(id) &&
          !NOT_EVENTS.test(id) &&
          !BESIDE_THE_WAY.some((type) => type.test(Type)),
      )
      .map(([id, { Type }]) => `${Type} ${id}`);

    expect(late).toEqual([]);
    const types = new Set([...before].map((id) => resources[id]?.Type));
    expect([...types].toSorted()).toEqual(
      expect.arrayContaining([
        ...[
          'AWS::ApiGatewayV2::Route',
          'AWS::ApiGatewayV2::Stage',
          'AWS::DynamoDB::GlobalTable',
          'AWS::Events::Archive',
        ],
        ...['AWS::Events::Rule', 'AWS::IAM::Policy', 'AWS::Lambda::EventSourceMapping', 'AWS::Lambda::Permission'],
        ...['AWS::Logs::Delivery', 'AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy'],
      ]),
    );
  });

  it('deletes the webhooks before anything that takes an event: that needs nothing of them', () => {
    const after = Object.keys(resources).filter((id) => registrations.some((one) => closureOf(resources, id).has(one)));

    expect(
      after
        .map((id) => resources[id]?.Type ?? '')
        .filter((type) => !/RotationSchedule$|Events::Rule$|Permission$|Alarm$|Dashboard$/.test(type)),
    ).toEqual([]);
  });

  it('has no cycle', () => {
    expect(Object.keys(resources).filter((id) => closureOf(resources, id).has(id))).toEqual([]);
  });
});

it('counts references, attributes, substitutions and DependsOn', () => {
  const resources = {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as CloudFormation writes it
    A: { Type: 'T', DependsOn: ['B', 'C'], Properties: { x: [{ 'Fn::Sub': 'a ${D} ${E.Arn} ${!F}' }] } },
    B: { Type: 'T', Properties: { x: { 'Fn::GetAtt': ['G', 'Arn'] } } },
    C: { Type: 'T', DependsOn: 'H', Properties: { x: { 'Fn::GetAtt': 'I.Arn' } } },
    ...Object.fromEntries([...'DEFGHI'].map((id) => [id, { Type: 'T', Properties: { x: { Ref: 'AWS::Region' } } }])),
  };

  expect([...needsOf(resources, 'A')].toSorted()).toEqual(['B', 'C', 'D', 'E']);
  expect([...closureOf(resources, 'A')].toSorted()).toEqual(['B', 'C', 'D', 'E', 'G', 'H', 'I']);
});
