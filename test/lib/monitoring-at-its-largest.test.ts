/** As many projects as there may be, with every option on: what CDK, CloudFormation and CloudWatch limit must hold all of it. */

import { CfnWaitConditionHandle } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { LARGEST } from './configurations.ts';
import { newStack, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize(LARGEST);
const alarms = Object.values(resourcesOf(template, 'AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

it('has its alarms for each of eight projects', () => {
  for (const slug of ['keys-unavailable', 'rotation-failed', 'outputs-failed', 'no-deliveries', 'webhooks-missed']) {
    const own = alarms.filter(({ AlarmName }) => JSON.stringify(AlarmName).includes(`-${slug}`));
    expect(own, slug).toHaveLength(8);
  }
});

it('has at most ten metrics in an alarm', () => {
  const counts = alarms.map(({ Metrics = [] }) => {
    return (Metrics as { MetricStat?: object }[]).filter(({ MetricStat }) => MetricStat !== undefined).length;
  });
  expect(Math.max(...counts)).toBe(8);
});

it('shows every alarm, and at most a hundred in a widget', () => {
  const [dashboard] = Object.values(resourcesOf(template, 'AWS::CloudWatch::Dashboard'));
  const shown = JSON.stringify(dashboard?.Properties['DashboardBody'])
    .split('\\"type\\":\\"alarm\\"')
    .slice(1)
    .map((widget) => new Set(widget.match(/GeminiWebhooksAlarms\w+/g)).size);

  expect(shown).toEqual([38, 91]);
  expect(shown.reduce((sum, count) => sum + count, 0)).toBe(alarms.length + 1);
});

it('has composite alarms whose rules are at most 10,240 characters long, however long the name of the stack is', () => {
  const composites = Object.entries(resourcesOf(template, 'AWS::CloudWatch::CompositeAlarm'));
  const rules = new Map(
    composites.map(([id, { Properties }]) => [
      id,
      (Properties['AlarmRule'] as { 'Fn::Join': [string, (string | { Ref: string })[]] })['Fn::Join'][1],
    ]),
  );
  const childrenOf = (parts: readonly (string | { Ref: string })[]) =>
    parts.flatMap((part) => (typeof part === 'string' ? [] : [part.Ref]));
  const top = [...rules].find(([id]) => /EventsMayBeLost$/.test(id))?.[1] ?? [];
  const below = childrenOf(top);

  expect(below).toHaveLength(2);
  expect(below.every((id) => rules.has(id))).toBe(true);
  // All of those that stand for a loss, each once.
  expect(below.map((id) => childrenOf(rules.get(id) ?? []).length)).toEqual([35, 2]);
  expect(new Set(below.flatMap((id) => childrenOf(rules.get(id) ?? []))).size).toBe(37);
  for (const parts of rules.values()) {
    const longest = parts.map((part) => (typeof part === 'string' ? part : 'x'.repeat(255))).join('');
    expect(longest.length).toBeLessThanOrEqual(10_240);
  }
  const silent = composites.filter(([, { Properties }]) => Properties['AlarmActions'] === undefined);
  expect(silent.map(([id]) => id).toSorted()).toEqual(below.toSorted());
});

it('fits into a template of CloudFormation', () => {
  const json = template.toJSON();

  expect(Object.keys(json['Resources']).length).toBeLessThanOrEqual(498);
  expect(JSON.stringify(json).length).toBeLessThanOrEqual(1_000_000);
});

it('is refused when an application’s own resources exceed the 500 that CloudFormation takes', () => {
  const stack = newStack(LARGEST);
  for (let index = 0; index < 60; index += 1) new CfnWaitConditionHandle(stack, `Own${index}`);

  expect(() => Template.fromStack(stack)).toThrow(
    /Number of resources in stack .* is greater than allowed maximum of 500/,
  );
});
