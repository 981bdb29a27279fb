import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { expect, it } from 'vitest';
import { GeminiWebhooks, Monitoring } from '../../lib/index.ts';

const props = { monitoring: Monitoring.alarms({ email: 'on-call@example.com' }) };
const newStack = () => new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Team');

/** Names that an account and Region, or the Gemini project, has once. */
function namesIn(stack: Stack): string[] {
  const { Resources } = Template.fromStack(stack).toJSON() as {
    Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
  };
  return Object.values(Resources).flatMap(({ Type, Properties = {} }) => {
    const name =
      Properties['AlarmName'] ?? Properties['DashboardName'] ?? (Type.startsWith('Custom::') && Properties['Name']);
    return name ? [JSON.stringify(name)] : [];
  });
}

function namespacesIn(stack: Stack): Set<string> {
  const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  const values = functions.map(({ Properties }) => Properties.Environment?.Variables?.POWERTOOLS_METRICS_NAMESPACE);
  return new Set(values.filter((value) => value !== undefined).map((value) => JSON.stringify(value)));
}

it('is different for two pipelines of one stack: alarms, dashboards, webhooks and metrics', () => {
  const stack = newStack();
  const one = new GeminiWebhooks(stack, 'Webhooks', props);
  const other = new GeminiWebhooks(new Construct(stack, 'Old Team'), 'Webhooks', props);

  const names = namesIn(stack);
  expect(names.length).toBeGreaterThan(70);
  expect(new Set(names).size).toBe(names.length);
  expect(namespacesIn(stack).size).toBe(2);
  expect(stack.resolve([one.deploymentName, other.deploymentName])).toEqual([
    { 'Fn::Join': ['', [{ Ref: 'AWS::StackName' }, '-Webhooks']] },
    { 'Fn::Join': ['', [{ Ref: 'AWS::StackName' }, '-OldTeam-Webhooks']] },
  ]);
});

it("is the stack's name for a pipeline that is called as it is in the ready-made stack", () => {
  const stack = newStack();

  expect(stack.resolve(new GeminiWebhooks(stack, 'GeminiWebhooks', props).deploymentName)).toEqual({
    Ref: 'AWS::StackName',
  });
});
