/**
 * Where the events go that no fetcher takes: types that Gemini did not have when this was written, and its pings. What
 * identifies them is logged and counted, so that a new type is noticed; the rest is in the archive, and in no log.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { EventField, type IRuleTarget, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, LogGroup, MetricFilter, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { EVENT_SOURCE, type JobType } from '../lambda/contract.ts';
import { type JobEventBus, LONGEST_RETRY } from './event-bus.ts';
import { metricNamespace } from './monitoring/metrics.ts';

const OTHER: JobType = 'other';

/** With `timestamp`, all that a log group takes. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html */
const LINE = `source=${EventField.fromPath('$.detail.source')} type=${EventField.fromPath('$.detail-type')} event=${EventField.fromPath('$.id')}`;

export interface CatchAllProps {
  readonly bus: JobEventBus;
  readonly logRetention: RetentionDays;
}

export class CatchAll extends Construct {
  /** One for each event that no fetcher takes. */
  readonly metricFilter: MetricFilter;
  readonly rule: Rule;

  constructor(scope: Construct, id: string, props: CatchAllProps) {
    super(scope, id);
    const { bus } = props;

    const logGroup = new LogGroup(this, 'Events', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.metricFilter = new MetricFilter(this, 'Count', {
      logGroup,
      filterPattern: FilterPattern.allTerms(),
      metricNamespace: metricNamespace(this),
      metricName: 'UnhandledEvents',
      metricValue: '1',
    });

    // The L2 target CloudWatchLogGroup brings a custom resource with a function and a role, to write the policy below.
    const target: IRuleTarget = {
      bind: () => ({
        arn: logGroup.logGroupArn,
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

    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
    const principals = [
      new ServicePrincipal('events.amazonaws.com'),
      new ServicePrincipal('delivery.logs.amazonaws.com'),
    ];
    bus.logPolicy.document.addStatements(
      new PolicyStatement({ principals, actions: ['logs:CreateLogStream'], resources: [logGroup.logGroupArn] }),
      new PolicyStatement({
        principals,
        actions: ['logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
        conditions: { ArnEquals: { 'aws:SourceArn': this.rule.ruleArn } },
      }),
    );
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
