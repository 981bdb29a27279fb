/** The metrics of the pipeline as CloudWatch knows them. */
import { Duration } from 'aws-cdk-lib';
import { type DimensionsMap, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IEventBus, IRule } from 'aws-cdk-lib/aws-events';
import { type FetchedJobType, METRIC, METRIC_NAMESPACE, type MetricName } from '../../lambda/contract.ts';

const PERIOD = Duration.minutes(5);

function own(
  metricName: MetricName,
  dimensionsMap: DimensionsMap,
  statistic: string = Stats.SUM,
  period = PERIOD,
): Metric {
  return new Metric({ namespace: METRIC_NAMESPACE, metricName, dimensionsMap, statistic, period });
}

/** @param outcome `accepted`, `duplicate`, `in-progress`, or a code such as `ERR_SIGNATURE_MISMATCH` */
export function deliveries(source: string, outcome: string, period = PERIOD): Metric {
  return own(METRIC.deliveries, { service: 'verifier', source, outcome }, Stats.SUM, period);
}

/** Of the verifier, whatever the source. */
export function ofVerifier(metricName: 'PayloadMismatch' | 'CompleteFailed' | 'StaleKeysServed'): Metric {
  return own(metricName, { service: 'verifier' });
}

/** @param statistic e.g. p90 for durations */
export function outputs(
  metricName: 'OutputsStored' | 'OutputsFailed' | 'OutputsRetried' | 'BytesStored' | 'LandingSeconds',
  source: string,
  jobType: FetchedJobType,
  statistic: string = Stats.SUM,
): Metric {
  return own(metricName, { service: `fetch-${jobType}`, source, jobType }, statistic);
}

export function webhookHealthy(source: string, statistic: string, period: Duration): Metric {
  return own(METRIC.webhookHealthy, { service: 'check-webhook', source }, statistic, period);
}

/** In seconds. */
export function secretAge(source: string, secret: 'signing' | 'token'): Metric {
  return own(METRIC.secretAge, { service: 'check-webhook', source, secret }, Stats.MAXIMUM, Duration.hours(1));
}

/** Of the rules of a bus. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html */
export function ofRule(metricName: string, bus: IEventBus, ruleName: string): Metric {
  return new Metric({
    namespace: 'AWS/Events',
    metricName,
    dimensionsMap: { EventBusName: bus.eventBusName, RuleName: ruleName },
    statistic: Stats.SUM,
    period: PERIOD,
  });
}

/** An archive is fed by a rule that EventBridge makes. */
export function archiveRuleName(archiveName: string): string {
  return `Events-Archive-${archiveName}`;
}

export function ruleNames(rules: readonly IRule[]): string[] {
  return rules.map(({ ruleName }) => ruleName);
}
