/** As many sources as there may be, with every option on: what CDK, CloudFormation and CloudWatch limit must hold all of it. */
import { expect, it } from 'vitest';
import { Monitoring } from '../../lib/index.ts';
import { resourcesOf, synthesize } from './synthesize.ts';

const NAMES = ['default', 'acme', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'a-project-with-a-name-as-long-as'];
const template = synthesize({
  sources: NAMES.map((name) => ({ name })),
  monitoring: Monitoring.alarms({ email: 'on-call@example.com', noDeliveryHours: 12 }),
  quarantine: {},
  repairWebhook: true,
  jwtAudiences: ['https://example.com'],
  consumers: { accountIds: ['123456789012'] },
});
const alarms = Object.values(resourcesOf(template, 'AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

it('has its alarms for each of eight sources', () => {
  for (const slug of ['rotation-failed', 'outputs-failed', 'no-deliveries', 'webhooks-missed']) {
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

  expect(shown).toEqual([55, 80]);
  expect(shown.reduce((sum, count) => sum + count, 0)).toBe(alarms.length + 1);
});

it('has a composite alarm over at most a hundred others, whose rule is at most 10,240 characters long', () => {
  const [composite] = Object.values(resourcesOf(template, 'AWS::CloudWatch::CompositeAlarm'));
  const rule = composite?.Properties['AlarmRule'] as { 'Fn::Join': [string, (string | object)[]] };
  const parts = rule['Fn::Join'][1];
  const names = new Map(
    Object.entries(resourcesOf(template, 'AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => {
      const join = Properties['AlarmName'] as { 'Fn::Join': [string, (string | object)[]] };
      return [id, `GeminiWebhooks${join['Fn::Join'][1].filter((part) => typeof part === 'string').join('')}`];
    }),
  );
  const resolved = parts.map((part) => {
    if (typeof part === 'string') return part;
    const [[id = ''] = []] = Object.values(part) as string[][];
    return `arn:aws:cloudwatch:ap-southeast-1:123456789012:alarm:${names.get(id)}`;
  });

  expect(parts.filter((part) => typeof part !== 'string')).toHaveLength(54);
  expect(resolved.join('').length).toBeLessThanOrEqual(10_240);
});

it('fits into a template of CloudFormation', () => {
  const json = template.toJSON();

  expect(Object.keys(json['Resources']).length).toBeLessThanOrEqual(500);
  expect(JSON.stringify(json).length).toBeLessThanOrEqual(1_000_000);
});
