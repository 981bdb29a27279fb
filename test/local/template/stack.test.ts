import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readAssembly } from '../../../local/template/assembly.ts';
import { readStack } from '../../../local/template/stack.ts';

const ENDPOINTS = { apiUrl: 'http://127.0.0.1:1', awsUrl: 'http://127.0.0.1:2' };

function stackOf(resources: object, outputs: object = {}, sections: object = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'assembly-'));
  const write = (name: string, content: object) => writeFileSync(join(dir, name), JSON.stringify(content));
  write('manifest.json', {
    artifacts: {
      s: { type: 'aws:cloudformation:stack', properties: { templateFile: 't.json' } },
      tree: { type: 'cdk:tree' },
    },
  });
  write('t.json', { Resources: resources, Outputs: outputs, ...sections });
  return readStack(readAssembly(dir), ENDPOINTS);
}
const queue = { Type: 'AWS::SQS::Queue', Properties: { MaximumMessageSize: 1, MessageRetentionPeriod: 2 } };
const bus = (Name: unknown) => ({ Type: 'AWS::Events::EventBus', Properties: { Name } });

it('resolves references, attributes, joins and substitutions', () => {
  const stack = stackOf(
    {
      Queue: queue,
      Bus: bus({ 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }]] }),
      Api: {
        Type: 'AWS::ApiGatewayV2::Api',
        Properties: { Name: 'n', ProtocolType: 'HTTP', DisableExecuteApiEndpoint: false },
      },
    },
    {
      Url: { Value: { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Api', 'ApiEndpoint'] }, '/x']] } },
      QueueUrl: { Value: { Ref: 'Queue' } },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholders
      Arn: { Value: { 'Fn::Sub': '${Queue.Arn}/${AWS::AccountId}' } },
    },
  );

  expect(stack.outputs).toEqual({
    Url: 'http://127.0.0.1:1/x',
    QueueUrl: 'http://127.0.0.1:2/000000000000/Queue',
    Arn: 'arn:aws:sqs:us-east-1:000000000000:Queue/000000000000',
  });
  expect(stack.all('AWS::Events::EventBus')[0]?.properties.Name).toBe('a-us-east-1');
});

it.each([
  ['a type', { X: { Type: 'AWS::EC2::VPC' } }, 'X is a AWS::EC2::VPC'],
  ['a property', { Q: { ...queue, Properties: { ...queue.Properties, FifoQueue: true } } }, 'Q (AWS::SQS::Queue)'],
  ['an attribute of a resource', { Q: { ...queue, Condition: 'Maybe' } }, 'Q (AWS::SQS::Queue) has Condition'],
  ['an intrinsic', { B: bus({ 'Fn::Base64': 'x' }) }, 'B.Name uses Fn::Base64'],
  ['a reference', { B: bus({ Ref: 'Nobody' }) }, 'B.Name refers to Nobody'],
  ['an attribute', { Q: queue, B: bus({ 'Fn::GetAtt': ['Q', 'Colour'] }) }, 'B.Name refers to Q.Colour'],
])('stops at %s that it does not know, and names it', (_what, resources, message) => {
  expect(() => stackOf(resources)).toThrow(message);
});

it('passes over CDK’s bootstrap check, and stops at a section that it does not know', () => {
  const bootstrap = { Parameters: { BootstrapVersion: {} }, Rules: { CheckBootstrapVersion: {} } };

  expect(stackOf({ Q: queue }, {}, bootstrap).all('AWS::SQS::Queue')).toHaveLength(1);
  expect(() => stackOf({ Q: queue }, {}, { Conditions: {} })).toThrow('The template has Conditions');
});

it('says what to do when there is no assembly', () => {
  expect(() => readAssembly('/nowhere')).toThrow('Run "npm run synth" first.');
});
