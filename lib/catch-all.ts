/**
 * Where the events go that no fetcher takes: types that Gemini did not have when this was written, and its pings. What
 * identifies them is logged and counted, so that a new type is noticed; the rest is in the archive, and in no log.
 */
import { Stack } from 'aws-cdk-lib';
import { EventField, type IRuleTarget, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { EVENT_SOURCE, type JobType } from '../lambda/contract.ts';
import { type JobEventBus, LONGEST_RETRY } from './event-bus.ts';
import { metricNamespace } from './monitoring/metrics.ts';
import { ServiceLogGroup } from './service-log-group.ts';

const OTHER: JobType = 'other';

/** With `timestamp`, all that a log group takes. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html */
const LINE = `project=${EventField.fromPath('$.detail.project')} type=${EventField.fromPath('$.detail-type')} event=${EventField.fromPath('$.id')}`;

export interface CatchAllProps {
  readonly bus: JobEventBus;
}

export class CatchAll extends Construct {
  /** One for each event that no fetcher takes. */
  readonly metricFilter: MetricFilter;
  readonly rule: Rule;

  constructor(scope: Construct, id: string, props: CatchAllProps) {
    super(scope, id);
    const { bus } = props;

    const logGroup = new ServiceLogGroup(this, 'Events', {
      purpose: 'unhandled-events',
      // Not the one below: a rule needs its target first, and that would need the rule.
      rules: Stack.of(this).formatArn({
        service: 'events',
        resource: 'rule',
        resourceName: `${bus.eventBus.eventBusName}/*`,
      }),
    });
    this.metricFilter = new MetricFilter(this, 'Count', {
      logGroup,
      filterPattern: FilterPattern.allTerms(),
      metricNamespace: metricNamespace(this),
      metricName: 'UnhandledEvents',
      metricValue: '1',
    });

    // The L2 target CloudWatchLogGroup brings a custom resource with a function and a role, to write the log group's policy.
    const target: IRuleTarget = {
      bind: () => ({
        arn: logGroup.targetArn,
        input: RuleTargetInput.fromObject({ timestamp: EventField.fromPath('$.time'), message: LINE }),
        deadLetterConfig: { arn: bus.undeliveredQueue.queueArn },
        retryPolicy: {
          maximumEventAgeInSeconds: LONGEST_RETRY.maxEventAge.toSeconds(),
          maximumRetryAttempts: LONGEST_RETRY.retryAttempts,
        },
      }),
    };
    this.rule = new Rule(this, 'Rule', {
      description: 'Events that no fetcher takes, to a log group.',
      eventBus: bus.eventBus,
      eventPattern: { source: [EVENT_SOURCE], detail: { jobType: [OTHER] } },
      targets: [target],
    });

    bus.undeliveredQueue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [bus.undeliveredQueue.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': this.rule.ruleArn } },
      }),
    );
  }
}
