/**
 * Every alarm: what it looks at, from when on, how bad that is, what silence means, and where the runbook speaks of it. The
 * slug is the heading in docs/runbook.md; what there is one of for each project or job type has that appended to its name.
 */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { ABOVE, type AlarmDefinition, QUEUE_AT_REST, QUIET, sum, visible } from './alarm-definition.ts';
import { alarmsOfJobs } from './alarms-of-jobs.ts';
import { alarmsOfProject } from './alarms-of-projects.ts';
import { archiveRuleName, ofRule, ruleNames } from './metrics.ts';
import type { Monitored } from './monitored.ts';

/** Gemini waits for an answer "a few seconds". */
const SLOW_ANSWER = Duration.seconds(3);

/** Causes of a 503 that are those of all projects, each with what is away. */
const UNAVAILABLE = {
  'store-unavailable': ['ERR_STORE_UNAVAILABLE', 'The idempotency table cannot be written'],
  'publish-failed': ['ERR_PUBLISH_FAILED', 'The event bus does not take events'],
} as const;

export function alarmsOf(parts: Monitored): AlarmDefinition[] {
  return [
    ...ofTheDoor(parts),
    ...parts.projects.flatMap((project) => alarmsOfProject(parts, project)),
    ...ofTheBus(parts),
    ...alarmsOfJobs(parts),
  ];
}

function ofTheDoor({ metrics, verifier, api, projects }: Monitored): AlarmDefinition[] {
  const period = { period: Duration.minutes(5) };
  const ofProjects = (name: Parameters<typeof metrics.records>[0]) =>
    sum(
      'project',
      period.period,
      projects.map((project) => metrics.records(name, project)),
    );
  const unavailable = Object.entries(UNAVAILABLE).map(
    ([slug, [outcome, what]]): AlarmDefinition => ({
      slug,
      severity: 'critical',
      meaning: `${what}. Deliveries are answered 503, and Gemini tries again for 24 hours.`,
      metric: sum(
        'project',
        period.period,
        projects.map((project) => metrics.deliveries(project, outcome)),
      ),
      threshold: 1,
      periods: { bad: 2, of: 3 },
      mayLose: true,
      ...QUIET,
    }),
  );
  return [
    ...unavailable,
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
      slug: 'verifier-unreached',
      severity: 'critical',
      meaning: 'The HTTP API answers 5xx without running the verifier. Gemini tries again for 24 hours.',
      metric: new MathExpression({
        label: '5xx without a run',
        ...period,
        // A run answers at most one request: what exceeds the runs had none. Bodies that Lambda does not take are nobody's event.
        expression: 'FILL(failed, 0) - FILL(runs, 0) - FILL(oversized, 0)',
        usingMetrics: {
          failed: api.metricServerError({ statistic: Stats.SUM, ...period }),
          runs: verifier.metricInvocations(period),
          oversized: metrics.requestsOversized(),
        },
      }),
      threshold: 1,
      // A run and its answer may fall into two periods.
      periods: { bad: 2, of: 3 },
      mayLose: true,
      ...QUIET,
    },
    {
      slug: 'requests-throttled',
      severity: 'high',
      meaning: 'The stage refuses requests with 429, and not just for a moment. Gemini tries again for 24 hours.',
      metric: metrics.requestsThrottled(),
      threshold: 1,
      periods: { bad: 3, of: 3 },
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
      metric: ofProjects('CompleteFailed'),
      threshold: 5,
      ...QUIET,
    },
    {
      slug: 'payload-mismatch',
      severity: 'high',
      meaning: 'A webhook id came again with another body: the producer broke its promise, or somebody has a secret.',
      metric: ofProjects('PayloadMismatch'),
      threshold: 1,
      ...QUIET,
    },
  ];
}

function ofTheBus({ bus, rules, archiveName, undeliveredQueue }: Monitored): AlarmDefinition[] {
  const names = [...ruleNames(rules), ...(archiveName === undefined ? [] : [archiveRuleName(archiveName)])];
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
