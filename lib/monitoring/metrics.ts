/** The metrics of the pipeline as CloudWatch knows them. */
import { Duration, Fn } from 'aws-cdk-lib';
import { type DimensionsMap, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IEventBus, IRule } from 'aws-cdk-lib/aws-events';
import type { IConstruct } from 'constructs';
import { type FetchedJobType, METRIC_NAMESPACE, type MetricName } from '../../lambda/contract.ts';
import { deploymentNameOf } from '../shared/deployment-name.ts';

const PERIOD = Duration.minutes(5);

/** Requests that the stage refused with 429; of a metric filter, so that it has no dimension. */
export const REQUESTS_THROTTLED = 'RequestsThrottled';

/** Requests that ended at the limit of what Lambda takes; of a metric filter as well. */
export const REQUESTS_OVERSIZED = 'RequestsOversized';

/** Of one deployment: two in one account and Region must not add up. */
export class PipelineMetrics {
  readonly #namespace: string;

  /** @param namespace as `metricNamespace` gives it */
  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** @param outcome `accepted`, `duplicate`, `in-progress`, or a code such as `ERR_SIGNATURE_MISMATCH` */
  deliveries(project: string, outcome: string, period = PERIOD): Metric {
    return this.#own('Deliveries', { service: 'verifier', project, outcome }, Stats.SUM, period);
  }

  /** Of the verifier. */
  records(metricName: 'PayloadMismatch' | 'CompleteFailed', project: string): Metric {
    return this.#own(metricName, { service: 'verifier', project });
  }

  /** @param statistic e.g. p90 for durations */
  outputs(
    metricName: 'OutputsStored' | 'OutputsFailed' | 'OutputsRetried' | 'BytesStored' | 'SecondsToStore',
    project: string,
    jobType: FetchedJobType,
    statistic: string = Stats.SUM,
  ): Metric {
    return this.#own(metricName, { service: 'fetch', project, jobType }, statistic);
  }

  /** Of the reconciler: counts by default. */
  reconciled(
    metricName: 'EventsReconciled' | 'WebhooksMissed' | 'OldestUnstored' | 'OldestUnended' | 'OutputsFailed',
    project: string,
    jobType: FetchedJobType,
    period: Duration = PERIOD,
  ): Metric {
    const statistic = metricName.startsWith('Oldest') ? Stats.MAXIMUM : Stats.SUM;
    return this.#own(metricName, { service: 'reconciler', project, jobType }, statistic, period);
  }

  jobsChecked(project: string, statistic: string, period: Duration): Metric {
    return this.#own('JobsChecked', { service: 'reconciler', project }, statistic, period);
  }

  /** Counts of the reconciler. */
  lookups(
    metricName: 'JobsUnanswered' | 'LookupsRefused' | 'EventsRepublished',
    project: string,
    period: Duration,
  ): Metric {
    return this.#own(metricName, { service: 'reconciler', project }, Stats.SUM, period);
  }

  webhookHealthy(project: string, statistic: string, period: Duration): Metric {
    return this.#own('WebhookHealthy', { service: 'check-webhook', project }, statistic, period);
  }

  /** In seconds. */
  secretAge(project: string, secret: 'signing' | 'token'): Metric {
    const dimensions = { service: 'check-webhook', project, secret };
    return this.#own('SecretAge', dimensions, Stats.MAXIMUM, Duration.hours(1));
  }

  /** Counted from the access log: API Gateway has no metric for it. */
  requestsThrottled(): Metric {
    return this.#own(REQUESTS_THROTTLED, {});
  }

  /** Counted from the access log, too. */
  requestsOversized(): Metric {
    return this.#own(REQUESTS_OVERSIZED, {});
  }

  /** What a health check found amiss. */
  webhookFindings(project: string, finding: string): Metric {
    return this.#own('WebhookFindings', { service: 'check-webhook', project, finding });
  }

  #own(
    metricName: MetricName | typeof REQUESTS_THROTTLED | typeof REQUESTS_OVERSIZED,
    dimensionsMap: DimensionsMap,
    statistic: string = Stats.SUM,
    period = PERIOD,
  ): Metric {
    return new Metric({ namespace: this.#namespace, metricName, dimensionsMap, statistic, period });
  }
}

/** The namespace of a deployment's metrics, which its functions have in their environment. */
export function metricNamespace(scope: IConstruct): string {
  return `${METRIC_NAMESPACE}/${deploymentNameOf(scope)}`;
}

/**
 * Of the rules of a bus: on a bus of one's own CloudWatch knows them by both names together.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
 */
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

/**
 * From `arn:…:rule/<bus>/<rule>`, because `Ref`, which CDK takes for the name, is `<bus>|<rule>` on such a bus.
 * https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1131
 */
export function ruleNames(rules: readonly IRule[]): string[] {
  return rules.map(({ ruleArn }) => Fn.select(2, Fn.split('/', ruleArn)));
}
