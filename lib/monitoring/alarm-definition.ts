/** What an alarm is made of, and what several of them share. */
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IDependable } from 'constructs';
import { DEFAULT_PROJECT } from '../../lambda/contract.ts';

/** `critical`: somebody is woken. `high`: today. `low`: this week. */
type Severity = 'critical' | 'high' | 'low';

export interface AlarmDefinition {
  /** Heading in docs/runbook.md. */
  readonly slug: string;
  /** Appended to the name. */
  readonly of?: string;
  readonly severity: Severity;
  /** One sentence: what is the case when it goes off. */
  readonly meaning: string;
  readonly metric: IMetric;
  readonly threshold: number;
  readonly comparison?: ComparisonOperator;
  /** Periods that are looked at, and those of them that must be bad; 1 of 1 by default. */
  readonly periods?: { readonly bad: number; readonly of: number };
  readonly missingData: TreatMissingData;
  readonly missingDataReason: string;
  /** Whether events or outputs may be lost while it lasts. */
  readonly mayLose?: boolean;
  /** What is there first; of what writes the metric once when it is deployed. */
  readonly after?: IDependable | undefined;
}

export const ABOVE = ComparisonOperator.GREATER_THAN_THRESHOLD;
export const BELOW = ComparisonOperator.LESS_THAN_THRESHOLD;

/** Counts are not written while nothing happens. */
export const QUIET = {
  missingData: TreatMissingData.NOT_BREACHING,
  missingDataReason: 'without an event there is no data point, and nothing is wrong',
};

/** Of what is written again and again: silence is what the alarm is about. */
export const SILENCE = {
  missingData: TreatMissingData.BREACHING,
  missingDataReason: 'silence is what it is about',
};

/** SQS stops to report a queue at which nothing happens for six hours. */
export const QUEUE_AT_REST = {
  missingData: TreatMissingData.NOT_BREACHING,
  missingDataReason: 'SQS reports nothing of a queue at rest, and one with messages in it is not',
};

export function visible(queue: IQueue): IMetric {
  return queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: Duration.minutes(5) });
}

/** A sum in which what is missing is nothing. */
export function sum(name: string, period: Duration, added: readonly IMetric[]): MathExpression {
  const usingMetrics = Object.fromEntries(added.map((metric, index) => [`${name}${index}`, metric]));
  const expression = Object.keys(usingMetrics)
    .map((id) => `FILL(${id}, 0)`)
    .join(' + ');
  return new MathExpression({ expression, usingMetrics, period, label: name });
}

/** The only project of most deployments is not named. */
export function suffix(project: string): { readonly of?: string } {
  return project === DEFAULT_PROJECT ? {} : { of: project };
}
