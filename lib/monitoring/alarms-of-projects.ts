/** The alarms of one Gemini project: its deliveries, its webhook and its secrets. */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import { ABOVE, type AlarmDefinition, BELOW, QUIET, SILENCE, suffix, sum } from './alarm-definition.ts';
import type { PipelineMetrics } from './metrics.ts';
import type { Monitored } from './monitored.ts';

/** A rotation is tried again for days before somebody is notified. */
const ROTATION_GRACE = Duration.days(3);

function rotationFailed({ rotators }: Monitored, project: string): AlarmDefinition[] {
  return rotators
    .filter((rotator) => rotator.project === project)
    .map(({ function: rotator }) => ({
      slug: 'rotation-failed',
      ...suffix(project),
      severity: 'high',
      meaning: 'A step of a rotation failed. The secrets of before stay valid, and Secrets Manager tries again.',
      metric: rotator.metricErrors({ period: Duration.minutes(5) }),
      threshold: 1,
      ...QUIET,
    }));
}

export function alarmsOfProject(parts: Monitored, project: string): AlarmDefinition[] {
  const { metrics, settings, firstRuns } = parts;
  const { noDeliveryHours } = settings.monitoring.options ?? {};
  const rotations = [
    { secret: 'signing', interval: settings.signingSecretRotation },
    { secret: 'token', interval: settings.dynamicTokenRotation },
  ] as const;
  const switchedOn = rotations.filter(({ interval }) => interval.toDays() > 0);
  const overdue = switchedOn.map(
    ({ secret, interval }): AlarmDefinition => ({
      slug: 'rotation-overdue',
      of: [secret, suffix(project).of].filter(Boolean).join('-'),
      severity: 'high',
      meaning: `The ${secret === 'signing' ? 'signing secret' : 'dynamic token'} was not rotated when it was due, nor in the three days since.`,
      metric: metrics.secretAge(project, secret),
      threshold: interval.toSeconds() + ROTATION_GRACE.toSeconds(),
      comparison: ABOVE,
      missingData: TreatMissingData.IGNORE,
      missingDataReason: 'the age is written by the health check, whose silence has an alarm of its own',
    }),
  );
  return [
    rejectedSignatures(metrics, project),
    {
      slug: 'keys-unavailable',
      ...suffix(project),
      severity: 'critical',
      meaning:
        'Secrets Manager or the key set of Gemini cannot be read. Deliveries are answered 503, and Gemini tries again for 24 hours.',
      metric: metrics.deliveries(project, 'ERR_KEYS_UNAVAILABLE'),
      threshold: 1,
      periods: { bad: 2, of: 3 },
      mayLose: true,
      ...QUIET,
    },
    {
      slug: 'webhook-unhealthy',
      ...suffix(project),
      severity: 'critical',
      meaning: 'The webhook at Gemini is missing, disabled, or not as it was deployed: jobs end unheard.',
      metric: metrics.webhookHealthy(project, Stats.MINIMUM, Duration.minutes(15)),
      threshold: 1,
      comparison: BELOW,
      mayLose: true,
      missingData: TreatMissingData.IGNORE,
      missingDataReason: 'a check that could not ask Gemini says nothing, and its silence has an alarm of its own',
    },
    {
      slug: 'webhook-disabled-by-gemini',
      ...suffix(project),
      severity: 'high',
      meaning: 'Gemini disabled the webhook, because deliveries kept failing. The health check enabled it again.',
      metric: metrics.webhookFindings(project, 'disabled-due-to-failed-deliveries'),
      threshold: 1,
      ...QUIET,
    },
    {
      slug: 'health-check-silent',
      ...suffix(project),
      severity: 'high',
      meaning: 'For an hour no health check could see how the webhook is.',
      metric: metrics.webhookHealthy(project, Stats.SAMPLE_COUNT, Duration.minutes(15)),
      threshold: 1,
      comparison: BELOW,
      periods: { bad: 4, of: 4 },
      ...SILENCE,
      after: firstRuns.get(project),
    },
    ...rotationFailed(parts, project),
    ...overdue,
    outputsFailed(metrics, project),
    ...(noDeliveryHours === undefined ? [] : [noDeliveries(metrics, project, noDeliveryHours)]),
  ];
}

function rejectedSignatures(metrics: PipelineMetrics, project: string): AlarmDefinition {
  const period = Duration.minutes(15);
  const of = (outcome: string) => metrics.deliveries(project, outcome, period);
  return {
    slug: 'signatures-rejected',
    ...suffix(project),
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

function noDeliveries(metrics: PipelineMetrics, project: string, hours: number): AlarmDefinition {
  const period = Duration.hours(1);
  return {
    slug: 'no-deliveries',
    ...suffix(project),
    severity: 'high',
    meaning: `No event was accepted for ${hours} hours.`,
    metric: sum('accepted', period, [metrics.deliveries(project, 'accepted', period)]),
    threshold: 1,
    comparison: BELOW,
    periods: { bad: hours, of: hours },
    mayLose: true,
    ...SILENCE,
  };
}

/** For each project and not for each job type, because an alarm has at most ten metrics, and there may be eight projects. */
function outputsFailed(metrics: PipelineMetrics, project: string): AlarmDefinition {
  return {
    slug: 'outputs-failed',
    ...suffix(project),
    severity: 'high',
    meaning: 'Outputs of jobs will not come: output.failed is on the bus.',
    metric: sum(
      'failed',
      Duration.minutes(5),
      FETCHED_JOB_TYPES.flatMap((jobType) => [
        metrics.outputs('OutputsFailed', project, jobType),
        metrics.reconciled('OutputsFailed', project, jobType),
      ]),
    ),
    threshold: 1,
    ...QUIET,
  };
}
