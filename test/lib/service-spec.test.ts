import { describe, expect, it } from 'vitest';
import { CONFIGURATIONS } from './configurations.ts';
import { synthesize } from './synthesize.ts';
import { templateFaults } from './template-faults.ts';

const templates = Object.entries(CONFIGURATIONS).map(
  ([name, props]) => [name, synthesize(props).toJSON() as Parameters<typeof templateFaults>[0]] as const,
);

describe("the template, against AWS's description of its resource types", () => {
  it.each(templates)(
    'has no type, property or value that does not exist, and misses none that is required: %s',
    (_, template) => {
      expect(Object.keys(template.Resources)).not.toEqual([]);
      expect(templateFaults(template)).toEqual([]);
    },
  );

  it.each([
    { properties: { Type: 'AWS::SQS::Qeue' }, fault: 'Sample: AWS::SQS::Qeue does not exist' },
    {
      properties: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeOut: 1 } },
      fault: 'Sample.VisibilityTimeOut: does not exist',
    },
    {
      properties: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: '1' } },
      fault: 'Sample.VisibilityTimeout: is no number',
    },
    {
      properties: { Type: 'AWS::Events::EventBus', Properties: {} },
      fault: 'Sample.Name: is missing',
    },
    {
      properties: { Type: 'AWS::Events::EventBus', Properties: { Name: 'bus', LogConfig: { Levels: 'ERROR' } } },
      fault: 'Sample.LogConfig.Levels: does not exist',
    },
    {
      properties: { Type: 'AWS::Events::Rule', Properties: { Targets: [{ Id: 'only' }] } },
      fault: 'Sample.Targets[0].Arn: is missing',
    },
  ])('would say "$fault"', ({ properties, fault }) => {
    expect(templateFaults({ Resources: { Sample: properties } })).toEqual([fault]);
  });
});
