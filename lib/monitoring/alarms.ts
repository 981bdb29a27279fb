/**
 * Every alarm: what it looks at, from when on, how bad that is, what silence means, and where the runbook speaks of it. The
 * slug is the heading in docs/runbook.md; what there is one of for each source or job type has that appended to its name.
 */
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { DEFAULT_SOURCE, FETCHED_JOB_TYPES, type FetchedJobType } from '../../lambda/contract.ts';
import { archiveRuleName, ofRule, type PipelineMetrics, ruleNames } from './metrics.ts';
import type { Monitored } from './monitored.ts';

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
}

const ABOVE = ComparisonOperator.GREATER_THAN_THRESHOLD;
const BELOW = ComparisonOperator.LESS_THAN_THRESHOLD;

/** Counts are not written while nothing happens. */
const QUIET = {
  missingData: TreatMissingData.NOT_BREACHING,
  missingDataReason: 'without an event there is no data point, and nothing is wrong',
};

/** Gemini keeps files for 48 hours; half of them leave a working day. */
const OLDEST_JOB = Duration.hours(24);
/** Batches and videos. */
const FILE_RETENTION = Duration.hours(48);
/** Gemini waits for an answer "a few seconds". */
const SLOW_ANSWER = Duration.seconds(3);
/** A rotation is tried again for days before somebody is told. */
const ROTATION_GRACE = Duration.days(3);

export function alarmsOf(parts: Monitored): AlarmDefinition[] {
  return [
    ...ofTheDoor(parts),
    ...parts.sources.flatMap((source) => ofSource(parts, source)),
    ...ofTheBus(parts),
    ...ofFetchers(parts),
    ...ofTheReconciler(parts),
  ];
}

function suffix(source: string): { readonly of?: string } {
  return source === DEFAULT_SOURCE ? {} : { of: source };
}

function ofTheDoor({ metrics, verifier, api }: Monitored): AlarmDefinition[] {
  const period = { period: Duration.minutes(5) };
  return [
    {
      slug: 'verifier-errors',
      severity: 'critical',
      meaning: 'The verifier crashed or ran out of time. Gemini got a 500 and tries again for 24 hours.',
      metric: verifier.metricErrors(period),
      threshold: 1,
      mayLose: true,
      ...QUIET,
    },
    {
      slug: 'verifier-throttled',
      severity: 'critical',
      meaning: 'Lambda refused to run the verifier: the account has no concurrency left.',
      metric: verifier.metricThrottles(period),
      threshold: 1,
      mayLose: true,
      ...QUIET,
    },
    {
      slug: 'slow-answers',
      severity: 'high',
      meaning: 'One in a hundred deliveries waits over 3 seconds for its answer; Gemini gives up after a few.',
      metric: api.metricLatency({ statistic: Stats.percentile(99), ...period }),
      threshold: SLOW_ANSWER.toMilliseconds(),
      comparison: ABOVE,
      periods: { bad: 3, of: 4 },
      ...QUIET,
    },
    {
      slug: 'records-not-completed',
      severity: 'low',
      meaning: 'Accepted events could not be marked as done; their duplicates may be published again.',
      metric: metrics.ofVerifier('CompleteFailed'),
      threshold: 5,
      ...QUIET,
    },
    {
      slug: 'payload-mismatch',
      severity: 'high',
      meaning: 'A webhook id came again with another body: the producer broke its promise, or somebody has a secret.',
      metric: metrics.ofVerifier('PayloadMismatch'),
      threshold: 1,
      ...QUIET,
    },
  ];
}

/** Causes of a 503, each with what is away. */
const UNAVAILABLE = {
  'keys-unavailable': ['ERR_KEYS_UNAVAILABLE', 'Secrets Manager or the key set of Gemini cannot be read'],
  'store-unavailable': ['ERR_STORE_UNAVAILABLE', 'The deliveries table cannot be written'],
  'publish-failed': ['ERR_PUBLISH_FAILED', 'The event bus does not take events'],
} as const;

function ofSource({ metrics, noDeliveryHours, rotations }: Monitored, source: string): AlarmDefinition[] {
  const unavailable = Object.entries(UNAVAILABLE).map(
    ([slug, [outcome, what]]): AlarmDefinition => ({
      slug,
      ...suffix(source),
      severity: 'critical',
      meaning: `${what}. Deliveries are answered 503, and Gemini tries again for 24 hours.`,
      metric: metrics.deliveries(source, outcome),
      threshold: 1,
      periods: { bad: 2, of: 3 },
      mayLose: true,
      ...QUIET,
    }),
  );
  const overdue = rotations.map(
    ({ secret, interval }): AlarmDefinition => ({
      slug: 'rotation-overdue',
      of: [secret, suffix(source).of].filter(Boolean).join('-'),
      severity: 'high',
      meaning: `The ${secret === 'signing' ? 'signing secret' : 'dynamic token'} was not rotated when it was due, nor in the three days since.`,
      metric: metrics.secretAge(source, secret),
      threshold: interval.toSeconds() + ROTATION_GRACE.toSeconds(),
      comparison: ABOVE,
      missingData: TreatMissingData.IGNORE,
      missingDataReason: 'the age is written by the health check, whose silence has an alarm of its own',
    }),
  );
  return [
    rejectedSignatures(metrics, source),
    ...unavailable,
    {
      slug: 'webhook-unhealthy',
      ...suffix(source),
      severity: 'critical',
      meaning: 'The webhook at Gemini is missing, disabled, or not as it was deployed: jobs end unheard.',
      metric: metrics.webhookHealthy(source, Stats.MINIMUM, Duration.minutes(15)),
      threshold: 1,
      comparison: BELOW,
      mayLose: true,
      missingData: TreatMissingData.IGNORE,
      missingDataReason: 'a check that could not ask Gemini says nothing, and its silence has an alarm of its own',
    },
    {
      slug: 'health-check-silent',
      ...suffix(source),
      severity: 'high',
      meaning: 'For an hour no health check could tell how the webhook is.',
      metric: metrics.webhookHealthy(source, Stats.SAMPLE_COUNT, Duration.minutes(15)),
      threshold: 1,
      comparison: BELOW,
      periods: { bad: 4, of: 4 },
      missingData: TreatMissingData.BREACHING,
      missingDataReason: 'silence is what it is about',
    },
    ...overdue,
    ...(noDeliveryHours === undefined ? [] : [noDeliveries(metrics, source, noDeliveryHours)]),
  ];
}

function rejectedSignatures(metrics: PipelineMetrics, source: string): AlarmDefinition {
  const period = Duration.minutes(15);
  const of = (outcome: string) => metrics.deliveries(source, outcome, period);
  return {
    slug: 'signatures-rejected',
    ...suffix(source),
    severity: 'high',
    meaning: 'Over a fifth of at least ten deliveries in a quarter of an hour did not verify.',
    metric: new MathExpression({
      label: 'rejected, percent',
      period,
      expression: 'IF(rejected + taken >= 10, 100 * rejected / (rejected + taken), 0)',
      usingMetrics: {
        rejected: sum('rejected', period, [
          of('ERR_SIGNATURE_MISMATCH'),
          of('ERR_TOKEN_MISMATCH'),
          of('ERR_TIMESTAMP_OUT_OF_TOLERANCE'),
        ]),
        taken: sum('taken', period, [of('accepted'), of('duplicate')]),
      },
    }),
    threshold: 20,
    comparison: ABOVE,
    ...QUIET,
  };
}

/** A sum in which what is missing is nothing. */
function sum(name: string, period: Duration, added: readonly IMetric[]): MathExpression {
  const usingMetrics = Object.fromEntries(added.map((metric, index) => [`${name}${index}`, metric]));
  const expression = Object.keys(usingMetrics)
    .map((id) => `FILL(${id}, 0)`)
    .join(' + ');
  return new MathExpression({ expression, usingMetrics, period, label: name });
}

function noDeliveries(metrics: PipelineMetrics, source: string, hours: number): AlarmDefinition {
  const period = Duration.hours(1);
  return {
    slug: 'no-deliveries',
    ...suffix(source),
    severity: 'high',
    meaning: `No event was accepted for ${hours} hours.`,
    metric: sum('accepted', period, [metrics.deliveries(source, 'accepted', period)]),
    threshold: 1,
    comparison: BELOW,
    periods: { bad: hours, of: hours },
    mayLose: true,
    missingData: TreatMissingData.BREACHING,
    missingDataReason: 'silence is what it is about',
  };
}

function ofTheBus({ bus, rules, archiveName, undeliveredQueue }: Monitored): AlarmDefinition[] {
  const names = [...ruleNames(rules), archiveRuleName(archiveName)];
  const period = Duration.minutes(5);
  const ofAll = (name: string) =>
    sum(
      'rule',
      period,
      names.map((ruleName) => ofRule(name, bus, ruleName)),
    );
  return [
    {
      slug: 'rule-failures',
      severity: 'high',
      meaning: 'EventBridge gave up to deliver events to a target or to the archive.',
      metric: ofAll('FailedInvocations'),
      threshold: 1,
      ...QUIET,
    },
    {
      slug: 'undelivered-lost',
      severity: 'critical',
      meaning: 'An event reached neither its target nor the queue of undelivered events.',
      metric: ofAll('InvocationsFailedToBeSentToDlq'),
      threshold: 1,
      mayLose: true,
      ...QUIET,
    },
    {
      slug: 'undelivered-events',
      severity: 'critical',
      meaning: 'Events wait that EventBridge could not deliver to a target for 24 hours.',
      metric: visible(undeliveredQueue),
      threshold: 1,
      mayLose: true,
      ...QUEUE_AT_REST,
    },
  ];
}

/** SQS stops to report a queue at which nothing happens for six hours. */
const QUEUE_AT_REST = {
  missingData: TreatMissingData.NOT_BREACHING,
  missingDataReason: 'SQS reports nothing of a queue at rest, and one with messages in it is not',
};

function visible(queue: IQueue): IMetric {
  return queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: Duration.minutes(5) });
}

function ofFetchers({ metrics, fetchers, sources }: Monitored): AlarmDefinition[] {
  const period = Duration.minutes(5);
  return fetchers.flatMap(({ jobType, queue, deadLetterQueue, function: handler }): AlarmDefinition[] => [
    {
      slug: 'jobs-waiting',
      of: jobType,
      severity: 'critical',
      meaning: `A finished ${jobType} job waits for a day to be fetched; Gemini deletes its files after two.`,
      metric: queue.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM, period }),
      threshold: OLDEST_JOB.toSeconds(),
      mayLose: true,
      ...QUEUE_AT_REST,
    },
    {
      slug: 'fetch-dead-letters',
      of: jobType,
      severity: 'critical',
      meaning: `The fetch of ${jobType} jobs was given up after its last attempt.`,
      metric: visible(deadLetterQueue),
      threshold: 1,
      mayLose: true,
      ...QUEUE_AT_REST,
    },
    {
      slug: 'fetch-errors',
      of: jobType,
      severity: 'high',
      meaning: `The fetcher of ${jobType} jobs crashed or ran out of time.`,
      metric: handler.metricErrors({ period }),
      threshold: 1,
      ...QUIET,
    },
    {
      slug: 'outputs-failed',
      of: jobType,
      severity: 'high',
      meaning: `Outputs of ${jobType} jobs will not come: output.failed is on the bus.`,
      metric: sum(
        'failed',
        period,
        sources.flatMap((source) => [
          metrics.outputs('OutputsFailed', source, jobType),
          metrics.reconciled('OutputsFailed', source, jobType),
        ]),
      ),
      threshold: 1,
      ...QUIET,
    },
  ]);
}

function ofTheReconciler({ metrics, sources, reconciliation, ledgerDeadLetterQueue }: Monitored): AlarmDefinition[] {
  const { interval, interactionRetention } = reconciliation;
  const retention = { batch: FILE_RETENTION, video: FILE_RETENTION, interaction: interactionRetention };
  return [
    ...sources.flatMap((source): AlarmDefinition[] => [
      {
        slug: 'webhooks-missed',
        ...suffix(source),
        severity: 'high',
        meaning:
          'Jobs ended, and Gemini pushed no webhook. They were announced without, later than they could have been.',
        metric: sum(
          'missed',
          Duration.hours(1),
          FETCHED_JOB_TYPES.map((jobType) => metrics.reconciled('WebhooksMissed', source, jobType, Duration.hours(1))),
        ),
        threshold: 1,
        ...QUIET,
      },
      {
        slug: 'reconciler-silent',
        ...suffix(source),
        severity: 'high',
        meaning: 'Four runs in a row looked at no job: those whose webhook does not come stay unknown.',
        metric: metrics.jobsChecked(source, Stats.SAMPLE_COUNT, interval),
        threshold: 1,
        comparison: BELOW,
        periods: { bad: 4, of: 4 },
        missingData: TreatMissingData.BREACHING,
        missingDataReason: 'silence is what it is about',
      },
    ]),
    ...FETCHED_JOB_TYPES.map((jobType) => oldestUnlanded(metrics, sources, jobType, interval, retention[jobType])),
    {
      slug: 'ledger-dead-letters',
      severity: 'high',
      meaning:
        'Events could not be recorded in the job ledger, so that it does not know of some jobs, or of their end.',
      metric: visible(ledgerDeadLetterQueue),
      threshold: 1,
      ...QUEUE_AT_REST,
    },
  ];
}

function oldestUnlanded(
  metrics: PipelineMetrics,
  sources: readonly string[],
  jobType: FetchedJobType,
  period: Duration,
  retention: Duration,
): AlarmDefinition {
  const ages = sources.map((source, index) => [
    `age${index}`,
    metrics.reconciled('OldestUnlanded', source, jobType, period),
  ]);
  const usingMetrics = Object.fromEntries(ages);
  return {
    slug: 'oldest-unlanded',
    of: jobType,
    severity: 'critical',
    meaning: `A ${jobType} job ended ${retention.toHours() / 2} hours ago and has not landed; Gemini deletes it after ${retention.toHours()}.`,
    metric: new MathExpression({
      label: 'oldest, seconds',
      period,
      expression: `MAX([${Object.keys(usingMetrics).join(', ')}])`,
      usingMetrics,
    }),
    threshold: retention.toSeconds() / 2,
    mayLose: true,
    missingData: TreatMissingData.IGNORE,
    missingDataReason: 'the age is written by the reconciler, whose silence has an alarm of its own',
  };
}
