/** What the alarms of a template would say of a run, taken as one period: CloudWatch's periods are longer than a run. */
import { compileFunction } from 'node:vm';
import * as z from 'zod';
import type { Assembly } from '../template/assembly.ts';
import { type Identity, resolve } from '../template/intrinsics.ts';
import type { Measured } from './measured.ts';
import { statistic } from './statistic.ts';

/** `unknown` is CloudWatch's INSUFFICIENT_DATA. */
export type AlarmState = 'ok' | 'alarm' | 'unknown';

export interface JudgedAlarm {
  readonly arn: string;
  /** Without the stack's name. */
  readonly name: string;
  readonly state: AlarmState;
}

const Metric = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
});
const Alarm = z.intersection(
  z.object({
    AlarmName: z.string(),
    ComparisonOperator: z.enum(['GreaterThanOrEqualToThreshold', 'GreaterThanThreshold', 'LessThanThreshold']),
    Threshold: z.number(),
    TreatMissingData: z.enum(['breaching', 'ignore', 'notBreaching']),
  }),
  z.union([
    z.object({
      Metrics: z.array(
        z.object({
          Id: z.string(),
          Expression: z.string().optional(),
          MetricStat: z.object({ Metric, Stat: z.string() }).optional(),
          ReturnData: z.boolean().default(true),
        }),
      ),
    }),
    Metric.extend({ Statistic: z.string().optional(), ExtendedStatistic: z.string().optional() }),
  ]),
);
type Alarm = z.infer<typeof Alarm>;

/** Composite alarms first: each is on when one of those is that its rule names. */
export function judgeAlarms(
  resources: Assembly['resources'],
  identityOf: (id: string) => Identity | undefined,
  measured: readonly Measured[],
): readonly JudgedAlarm[] {
  const of = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type);
  const known = (id: string, name: unknown) => ({
    arn: identityOf(id)?.attributes['Arn'] ?? id,
    name: String(resolve(name, identityOf, id)).replace(/^local-/, ''),
  });
  const single = of('AWS::CloudWatch::Alarm').map(([id, { Properties = {} }]) => {
    // Only what is read, since actions refer to more than the local run knows.
    const { AlarmActions: _alarm, OKActions: _ok, ...rest } = Properties;
    const alarm = Alarm.parse(resolve(rest, identityOf, id));
    return { id, ...known(id, alarm.AlarmName), state: stateOf(alarm, measured) };
  });
  const composite = of('AWS::CloudWatch::CompositeAlarm').map(([id, { Properties = {} }]) => {
    const rule = JSON.stringify(Properties['AlarmRule']);
    const isOn = single.some((alarm) => alarm.state === 'alarm' && rule.includes(`"${alarm.id}"`));
    return { ...known(id, Properties['AlarmName']), state: isOn ? ('alarm' as const) : ('ok' as const) };
  });
  return [...composite, ...single];
}

function stateOf(alarm: Alarm, measured: readonly Measured[]): AlarmState {
  const value = figureOf(alarm, measured);
  if (value === undefined) {
    return ({ breaching: 'alarm', ignore: 'unknown', notBreaching: 'ok' } as const)[alarm.TreatMissingData];
  }
  const isBad = {
    GreaterThanOrEqualToThreshold: value >= alarm.Threshold,
    GreaterThanThreshold: value > alarm.Threshold,
    LessThanThreshold: value < alarm.Threshold,
  }[alarm.ComparisonOperator];
  return isBad ? 'alarm' : 'ok';
}

function figureOf(alarm: Alarm, measured: readonly Measured[]): number | undefined {
  if (!('Metrics' in alarm)) {
    return observed(alarm, alarm.Statistic ?? alarm.ExtendedStatistic ?? 'Average', measured);
  }
  const values = new Map<string, number | undefined>();
  // Those that an expression takes stand behind it.
  for (const { Id, Expression, MetricStat } of alarm.Metrics.toReversed()) {
    if (MetricStat !== undefined) values.set(Id, observed(MetricStat.Metric, MetricStat.Stat, measured));
    else if (Expression !== undefined) values.set(Id, calculate(Expression, values));
  }
  return values.get(alarm.Metrics.find(({ ReturnData }) => ReturnData)?.Id ?? '');
}

function observed(metric: z.infer<typeof Metric>, stat: string, measured: readonly Measured[]): number | undefined {
  const own = measured.filter(
    ({ namespace, name, dimensions }) =>
      namespace === metric.Namespace &&
      name === metric.MetricName &&
      Object.keys(dimensions).length === metric.Dimensions.length &&
      metric.Dimensions.every(({ Name, Value }) => dimensions[Name] === Value),
  );
  if (own.length === 0) return undefined;
  return statistic(
    stat,
    own.map(({ value }) => value),
  );
}

/** Metric math as far as the alarms use it; what lacks a value has none. */
function calculate(expression: string, values: ReadonlyMap<string, number | undefined>): number | undefined {
  const functions = {
    FILL: (value: number | undefined, otherwise: number) => value ?? otherwise,
    IF: (condition: boolean, yes: number, no: number) => (condition ? yes : no),
    MAX: (all: readonly (number | undefined)[]) => Math.max(...all.filter((value) => value !== undefined)),
  };
  const names = [...Object.keys(functions), ...values.keys()];
  const run = compileFunction(`return ${expression}`, names);
  const value = Number(run(...Object.values(functions), ...values.values()));
  return Number.isFinite(value) ? value : undefined;
}
