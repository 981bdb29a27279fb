/** The alarms of what happens to a job after its event: fetching, storing, and the reconciler that knows of those that did not. */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { FETCHED_JOB_TYPES, type FetchedJobType, JOB_TYPE } from '../../lambda/contract.ts';
import {
  type AlarmDefinition,
  BELOW,
  QUEUE_AT_REST,
  QUIET,
  SILENCE,
  suffix,
  sum,
  visible,
} from './alarm-definition.ts';
import type { PipelineMetrics } from './metrics.ts';
import type { Monitored } from './monitored.ts';

/** What keeps messages takes an hour to show a rate: a fetch may take 15 minutes. */
const DRAIN_PERIOD = Duration.hours(1);
/** Of the retention: whoever is notified has the other three quarters to raise the concurrency, and the queue to be worked off. */
const DRAIN_SHARE = 1 / 4;
/** Of the fetchers' queues, which lose what is older than four days, however long Gemini keeps a job. */
const LONGEST_DRAIN = Duration.hours(12);

export function alarmsOfJobs(parts: Monitored): AlarmDefinition[] {
  return [...ofFetchers(parts), ...ofTheReconciler(parts)];
}

function ofFetchers({ fetchers, settings }: Monitored): AlarmDefinition[] {
  const period = Duration.minutes(5);
  return fetchers.flatMap(({ jobType, queue, deadLetterQueue, function: handler }): AlarmDefinition[] => [
    {
      slug: 'jobs-waiting',
      of: jobType,
      // Nothing is lost yet: `oldest-unstored` is the alarm that wakes somebody.
      severity: 'high',
      meaning: `At the rate of the last hours the ${jobType} jobs that wait take over ${longestDrain(settings.jobRetention[jobType]).toHours()} hours to fetch; Gemini deletes them ${settings.jobRetention[jobType].toHours()} hours after their end.`,
      metric: secondsToDrain(queue),
      threshold: longestDrain(settings.jobRetention[jobType]).toSeconds(),
      // An hour without the end of a fetch is no outage yet where jobs are rare.
      periods: { bad: 3, of: 3 },
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
  ]);
}

function longestDrain(retention: Duration): Duration {
  return Duration.seconds(Math.min(DRAIN_SHARE * retention.toSeconds(), LONGEST_DRAIN.toSeconds()));
}

/**
 * How long the queue takes at the rate of the period: what is in it, put back for a later attempt included, over what left it.
 * Without the hundredth of a message an hour in which none left would be a division by zero, which CloudWatch leaves out; with
 * it one message that waits for the whole hour makes 100 hours, and an empty queue none.
 */
function secondsToDrain(queue: IQueue): MathExpression {
  // Averages, because those of two series add up: what is in flight at its peak is not visible then.
  const average = { statistic: Stats.AVERAGE, period: DRAIN_PERIOD };
  return new MathExpression({
    label: 'seconds to drain',
    period: DRAIN_PERIOD,
    expression: `${DRAIN_PERIOD.toSeconds()} * (FILL(waiting, 0) + FILL(inFlight, 0)) / (FILL(deleted, 0) + 0.01)`,
    usingMetrics: {
      waiting: queue.metricApproximateNumberOfMessagesVisible(average),
      inFlight: queue.metricApproximateNumberOfMessagesNotVisible(average),
      deleted: queue.metricNumberOfMessagesDeleted({ statistic: Stats.SUM, period: DRAIN_PERIOD }),
    },
  });
}

function ofTheReconciler(parts: Monitored): AlarmDefinition[] {
  const { metrics, projects, firstRuns, settings, ledgerQueue, ledgerDeadLetterQueue } = parts;
  const { jobRetention, reconciliation } = settings;
  const { interval } = reconciliation;
  return [
    ...projects.flatMap((project): AlarmDefinition[] => [
      {
        slug: 'webhooks-missed',
        ...suffix(project),
        severity: 'high',
        meaning:
          'Jobs ended, and Gemini pushed no webhook. They were announced without, later than they could have been.',
        metric: sum(
          'missed',
          Duration.hours(1),
          FETCHED_JOB_TYPES.map((jobType) => metrics.reconciled('WebhooksMissed', project, jobType, Duration.hours(1))),
        ),
        threshold: 1,
        ...QUIET,
      },
      {
        slug: 'reconciler-silent',
        ...suffix(project),
        severity: 'high',
        meaning: 'Four runs in a row looked at no job: those whose webhook does not come stay unknown.',
        metric: metrics.jobsChecked(project, Stats.SAMPLE_COUNT, interval),
        threshold: 1,
        comparison: BELOW,
        periods: { bad: 4, of: 4 },
        ...SILENCE,
        after: firstRuns.get(project),
      },
    ]),
    ...FETCHED_JOB_TYPES.flatMap((jobType) => [
      oldestUnstored(metrics, projects, jobType, interval, jobRetention[jobType]),
      oldestUnended(metrics, projects, jobType, interval),
    ]),
    {
      slug: 'lookups-refused',
      severity: 'high',
      meaning:
        'Three runs of four were refused by Gemini, or could not read its list of batches: what has ended without a webhook is not seen.',
      metric: sum(
        'refused',
        interval,
        projects.map((project) => metrics.lookups('LookupsRefused', project, interval)),
      ),
      threshold: 1,
      periods: { bad: 3, of: 4 },
      ...QUIET,
    },
    {
      slug: 'jobs-unanswered',
      severity: 'high',
      meaning:
        'Of a job that was submitted Gemini has given no answer for over an hour: whether it ended is not known.',
      metric: sum(
        'unanswered',
        Duration.hours(1),
        projects.map((project) => metrics.lookups('JobsUnanswered', project, Duration.hours(1))),
      ),
      threshold: 1,
      ...QUIET,
    },
    {
      slug: 'events-republished',
      severity: 'high',
      meaning: 'Events were on the bus, and no rule took them to the job ledger. They were published again.',
      metric: sum(
        'republished',
        Duration.hours(1),
        projects.map((project) => metrics.lookups('EventsRepublished', project, Duration.hours(1))),
      ),
      threshold: 1,
      ...QUIET,
    },
    {
      slug: 'ledger-behind',
      severity: 'high',
      meaning:
        'The job ledger is half an hour behind the bus: jobs that stored are taken for open, and such as have ended for running.',
      metric: ledgerQueue.metricApproximateAgeOfOldestMessage({
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(5),
      }),
      threshold: Duration.minutes(30).toSeconds(),
      ...QUEUE_AT_REST,
    },
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

/** Of all projects. */
function oldest(name: 'OldestUnstored' | 'OldestUnended', { metrics, projects, jobType, period }: Oldest) {
  const ages = projects.map((project, index) => [`age${index}`, metrics.reconciled(name, project, jobType, period)]);
  const usingMetrics = Object.fromEntries(ages);
  return {
    metric: new MathExpression({
      label: 'oldest, seconds',
      period,
      expression: `MAX([${Object.keys(usingMetrics).join(', ')}])`,
      usingMetrics,
    }),
    missingData: TreatMissingData.IGNORE,
    missingDataReason: 'the age is written by the reconciler, whose silence has an alarm of its own',
  };
}
interface Oldest {
  readonly metrics: PipelineMetrics;
  readonly projects: readonly string[];
  readonly jobType: FetchedJobType;
  readonly period: Duration;
}

function oldestUnended(
  metrics: PipelineMetrics,
  projects: readonly string[],
  jobType: FetchedJobType,
  period: Duration,
): AlarmDefinition {
  const limit = Duration.hours(JOB_TYPE[jobType].longestHours);
  return {
    slug: 'oldest-unended',
    of: jobType,
    severity: 'high',
    meaning: `A ${jobType} job was created ${limit.toHours()} hours ago and has not ended, as far as Gemini says.`,
    threshold: limit.toSeconds(),
    ...oldest('OldestUnended', { metrics, projects, jobType, period }),
  };
}

function oldestUnstored(
  metrics: PipelineMetrics,
  projects: readonly string[],
  jobType: FetchedJobType,
  period: Duration,
  retention: Duration,
): AlarmDefinition {
  return {
    slug: 'oldest-unstored',
    of: jobType,
    severity: 'critical',
    meaning: `A ${jobType} job ended ${retention.toHours() / 2} hours ago and has not been stored; Gemini deletes it after ${retention.toHours()}.`,
    threshold: retention.toSeconds() / 2,
    mayLose: true,
    ...oldest('OldestUnstored', { metrics, projects, jobType, period }),
  };
}
