/** Alarms and dashboard look at series that somebody writes: a dimension too many, and they would be silent for ever. */
import { Duration } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { METRIC_SERIES } from '../../lambda/contract.ts';
import { Monitoring } from '../../lib/index.ts';
import { resourceOf, resourcesOf, synthesize } from './synthesize.ts';

const OUTCOMES = [
  ...['accepted', 'duplicate', 'in-progress'],
  ...['ERR_BODY_INVALID', 'ERR_KEYS_UNAVAILABLE', 'ERR_PUBLISH_FAILED', 'ERR_SIGNATURE_MISMATCH'],
  ...['ERR_STORE_UNAVAILABLE', 'ERR_TIMESTAMP_OUT_OF_TOLERANCE', 'ERR_TOKEN_MISMATCH'],
];
const VALUES: Readonly<Record<string, readonly string[]>> = {
  outcome: OUTCOMES,
  project: ['default', 'acme'],
  jobType: ['batch', 'interaction', 'video'],
  secret: ['signing', 'token'],
  finding: ['disabled-due-to-failed-deliveries'],
};
const NAMESPACE = 'GeminiWebhooks/<AWS::StackName>';

interface Series {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

const template = synthesize({
  projects: [{ name: 'default' }, { name: 'acme' }],
  signingSecretRotation: Duration.days(30),
  quarantine: {},
  monitoring: Monitoring.alarms({ email: 'on-call@example.com', noDeliveryHours: 12 }),
});
/** With intrinsics as text, so that namespaces can be compared. */
const text = (value: unknown) =>
  JSON.stringify(value).replaceAll('{"Fn::Join":["",["GeminiWebhooks/",{"Ref":"AWS::StackName"}]]}', `"${NAMESPACE}"`);

interface Metric {
  readonly Namespace: unknown;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
}

function ofAlarms(): Series[] {
  const alarms = JSON.parse(text(Object.values(resourcesOf(template, 'AWS::CloudWatch::Alarm')))) as {
    Properties: Metric & { Metrics?: { MetricStat?: { Metric: Metric } }[] };
  }[];
  return alarms
    .flatMap(
      ({ Properties }) => Properties.Metrics?.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []) ?? Properties,
    )
    .filter(({ Namespace }) => Namespace === NAMESPACE)
    .map(({ MetricName, Dimensions = [] }) => ({
      name: MetricName,
      dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value])),
    }));
}

function ofDashboard(): Series[] {
  const { DashboardBody } = resourceOf(template, 'AWS::CloudWatch::Dashboard', 'GeminiWebhooksDashboard').Properties;
  const { 'Fn::Join': join } = DashboardBody as { 'Fn::Join': [string, unknown[]] };
  const body = join[1]
    .map((part) => (typeof part === 'string' ? part : Object.values(part as object).join('.')))
    .join('');
  const { widgets } = JSON.parse(body) as { widgets: { properties: { metrics?: (string | object)[][] } }[] };
  return widgets
    .flatMap(({ properties }) => properties.metrics ?? [])
    .filter(([namespace]) => namespace === 'GeminiWebhooks/AWS::StackName')
    .map(([, name, ...rest]) => {
      const pairs = rest.filter((part) => typeof part === 'string');
      return {
        name: String(name),
        dimensions: Object.fromEntries(pairs.flatMap((key, at) => (at % 2 === 0 ? [[key, pairs[at + 1] ?? '']] : []))),
      };
    });
}

/** Counted in logs by the names that are given here: without any dimension. */
const filtered = Object.values(resourcesOf(template, 'AWS::Logs::MetricFilter')).flatMap(({ Properties }) => {
  return (Properties['MetricTransformations'] as { MetricName: string }[]).map(({ MetricName }) => MetricName);
});

/** What is wrong with it; none when somebody writes it. */
function faultsOf({ name, dimensions: { service = '', ...dimensions } }: Series): string[] {
  if (filtered.includes(name)) return Object.keys(dimensions).map((key) => `${name} of a filter has ${key}`);
  if (!(name in METRIC_SERIES)) return [`${name} is written by nobody`];
  const series: { services: readonly string[]; dimensions: readonly string[] } =
    METRIC_SERIES[name as keyof typeof METRIC_SERIES];
  const names = Object.keys(dimensions).toSorted().join();
  return [
    ...(series.services.includes(service) ? [] : [`${name} is not written by ${service}`]),
    ...(names === series.dimensions.toSorted().join() ? [] : [`${name} has other dimensions than ${names}`]),
    ...Object.entries(dimensions)
      .filter(([key, value]) => !VALUES[key]?.includes(value))
      .map(([key, value]) => `${name} never has ${key} ${value}`),
  ];
}

describe.each([
  ['alarms', ofAlarms(), 50],
  ['the dashboard', ofDashboard(), 50],
])('%s', (_what, series, atLeast) => {
  it('looks at series that a function writes, with exactly the dimensions that it writes', () => {
    expect(series.length).toBeGreaterThan(atLeast);
    expect(series.flatMap(faultsOf)).toEqual([]);
  });
});

it.each([
  [{ name: 'Delivered', dimensions: {} }, 'Delivered is written by nobody'],
  [
    { name: 'JobsChecked', dimensions: { service: 'verifier', project: 'default' } },
    'JobsChecked is not written by verifier',
  ],
  [{ name: 'JobsChecked', dimensions: { service: 'reconciler' } }, 'JobsChecked has other dimensions than '],
  [
    { name: 'WebhookHealthy', dimensions: { service: 'check-webhook', project: 'x' } },
    'WebhookHealthy never has project x',
  ],
])('finds what is wrong with %j', (series, fault) => {
  expect(faultsOf(series)).toEqual([fault]);
});
