/** Templates that CloudFormation would refuse to deploy, and the order in which it creates what they hold. */
import { describe, expect, it } from 'vitest';
import type { Assembly } from '../../../local/template/assembly.ts';
import { neededBy } from '../../../local/template/dependencies.ts';
import { assertNamesAreFree } from '../../../local/template/physical-names.ts';
import { readStack } from '../../../local/template/stack.ts';

const ENDPOINTS = { apiUrl: 'http://127.0.0.1:1', awsUrl: 'http://127.0.0.1:2' };
type Resources = Assembly['resources'];

const read = (resources: Resources, options = {}) =>
  readStack({ resources, outputs: {}, assetDir: () => '' }, ENDPOINTS, options);
const group = (LogGroupName: unknown, attributes = {}) => ({
  ...{ Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName }, ...attributes },
});
const bus = (Name: unknown, attributes = {}) => ({
  ...{ Type: 'AWS::Events::EventBus', Properties: { Name }, ...attributes },
});
const role = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } };
const policy = (Resource: string) => ({
  Type: 'AWS::IAM::Policy',
  Properties: {
    PolicyName: 'p',
    Roles: [{ Ref: 'Role' }],
    PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource }] },
  },
});

describe('quotas', () => {
  const statement = (characters: number) => ({
    Type: 'AWS::Logs::ResourcePolicy',
    Properties: { PolicyName: 'logs', PolicyDocument: 'x'.repeat(characters) },
  });
  const alarm = (characters: number) => ({
    Type: 'AWS::CloudWatch::CompositeAlarm',
    Properties: { AlarmRule: 'x'.repeat(characters) },
  });

  it.each([
    ['a log policy', { P: statement(5120) }, { P: statement(5121) }, 'P (AWS::Logs::ResourcePolicy)'],
    ['an alarm rule', { A: alarm(10_240) }, { A: alarm(10_241) }, 'A (AWS::CloudWatch::CompositeAlarm)'],
    [
      "a role's inline policies together",
      { Role: role, A: policy('a'.repeat(5000)), B: policy('b'.repeat(5000)) },
      { Role: role, A: policy('a'.repeat(5100)), B: policy('b'.repeat(5100)) },
      'The role {"Ref":"Role"} has inline policies',
    ],
    [
      'the resources of a stack',
      Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`R${index}`, role])),
      Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`R${index}`, role])),
      'The template has 501 resources',
    ],
  ])('are held to: %s', (_what, within, beyond, message) => {
    expect(() => read(within)).not.toThrow();
    expect(() => read(beyond)).toThrow(message);
  });
});

describe('names', () => {
  const retained = { DeletionPolicy: 'RetainExceptOnCreate' };

  it('are refused when something has them already, as what an earlier stack left', () => {
    const template = { Bus: bus('jobs', retained), Logs: group('/aws/jobs', { DeletionPolicy: 'Delete' }) };
    const left = read(template).physicalNames.filter(({ isRetained }) => isRetained);

    expect(left).toEqual([{ logicalId: 'Bus', type: 'AWS::Events::EventBus', name: 'jobs', isRetained: true }]);
    expect(() => read(template, { existing: left })).toThrow('Bus: the AWS::Events::EventBus jobs exists already.');
  });

  it('may be derived from the id of the stack, which another life of it does not share', () => {
    const name = { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] };
    const template = { Bus: bus(name, retained) };
    const [first, second] = ['1', '2'].map((id) => `arn:aws:cloudformation:us-east-1:0:stack/local/${id}`);
    const left = read(template, { stackId: first }).physicalNames;

    expect(left.map((one) => one.name)).toEqual(['1']);
    expect(() => read(template, { stackId: first, existing: left })).toThrow('exists already');
    expect(() => read(template, { stackId: second, existing: left })).not.toThrow();
  });

  it('are each of one resource', () => {
    expect(() => read({ A: group('same'), B: group('same') })).toThrow(
      'B: the AWS::Logs::LogGroup same exists already.',
    );
    expect(() => assertNamesAreFree([], [])).not.toThrow();
  });
});

describe('the order of creation', () => {
  const needs = (Properties: Record<string, unknown>, DependsOn?: unknown) => ({
    ...{ Type: 'X', Properties, ...(DependsOn !== undefined && { DependsOn }) },
  });

  it('follows references of every kind, and DependsOn', () => {
    const resources: Resources = {
      First: needs({ a: { Ref: 'ByRef' }, b: [{ 'Fn::GetAtt': ['ByAttribute', 'Arn'] }] }, ['Named']),
      ByRef: needs({ c: { 'Fn::Join': ['', [{ Ref: 'AWS::Region' }, { Ref: 'Deep' }]] } }),
      ByAttribute: needs({}, 'NamedAlone'),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholders
      Named: needs({ d: { 'Fn::Sub': 'x ${BySub.Arn} ${!Literal}' }, e: { 'Fn::GetAtt': 'ByText.Arn' } }),
      ...{ Deep: needs({}), NamedAlone: needs({}), BySub: needs({}), ByText: needs({}), Other: needs({}) },
    };

    expect([...neededBy(['First'], resources)].toSorted()).toEqual([
      ...['ByAttribute', 'ByRef', 'BySub', 'ByText', 'Deep', 'Named', 'NamedAlone'],
    ]);
  });

  it('is impossible when resources need each other', () => {
    const resources: Resources = { A: needs({ b: { Ref: 'B' } }), B: needs({}, 'A') };

    expect(() => neededBy(['A'], resources)).toThrow(
      'These resources need each other, and none can be the first: A, B.',
    );
  });
});
