/** The bus on which finished jobs and landed outputs are announced: with archive, error log, and rules that cannot loop. */
import { Aws, Duration, Names, RemovalPolicy } from 'aws-cdk-lib';
import { type Archive, EventBus, IncludeDetail, Level, Match, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  CfnDelivery,
  CfnDeliveryDestination,
  CfnDeliverySource,
  LogGroup,
  ResourcePolicy,
  type RetentionDays,
} from 'aws-cdk-lib/aws-logs';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { APPLICATION_SOURCE, EVENT_SOURCE, FETCHED_JOB_TYPES, type FetchedJobType } from '../lambda/contract.ts';
import { deadLetterQueue } from './dead-letter-queue.ts';
import { acknowledge } from './nag-acknowledgement.ts';

/** What EventBridge does by itself, written down: the events must not be lost when a default changes. */
export const LONGEST_RETRY = { maxEventAge: Duration.hours(24), retryAttempts: 185 };

export interface JobEventBusProps {
  readonly archiveRetention: Duration;
  readonly logRetention: RetentionDays;
  /** Whether bus and archive outlive the stack. */
  readonly retain: boolean;
}

export class JobEventBus extends Construct {
  readonly eventBus: EventBus;
  readonly archive: Archive;
  /** Takes the events that EventBridge could not deliver to a rule's target. What a fetcher gave up is not here. */
  readonly undeliveredQueue: Queue;
  /** Lets services write to log groups of this app. One for all of them: an account has ten in a Region. */
  readonly logPolicy: ResourcePolicy;

  constructor(scope: Construct, id: string, props: JobEventBusProps) {
    super(scope, id);
    const removalPolicy = props.retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;

    this.eventBus = new EventBus(this, 'Bus', {
      description: 'Jobs that Gemini reported, and the outputs that landed.',
      // The details stay out of the log: events hold what users wrote into their metadata.
      logConfig: { level: Level.ERROR, includeDetail: IncludeDetail.NONE },
    });
    this.eventBus.applyRemovalPolicy(removalPolicy);
    this.archive = this.eventBus.archive('Archive', {
      description: 'What a replay can bring back.',
      // What applications say, too: with it a replay writes the job ledger again.
      eventPattern: { source: [EVENT_SOURCE, APPLICATION_SOURCE] },
      retention: props.archiveRetention,
    });
    this.archive.applyRemovalPolicy(removalPolicy);
    this.undeliveredQueue = deadLetterQueue(this, 'Undelivered');
    acknowledge(this.undeliveredQueue, {
      'AwsSolutions-SQS3':
        'This is a dead-letter queue, that of the rules; the check knows only those of other queues.',
    });
    this.logPolicy = new ResourcePolicy(this, 'LogPolicy');
    this.logErrors(props.logRetention);
  }

  /** A rule that sends the events of one job type to its fetcher's queue. */
  addJobHandler(id: string, jobType: FetchedJobType, queue: IQueue): Rule {
    return new Rule(this, id, {
      description: `Finished ${jobType} jobs, to their fetcher.`,
      eventBus: this.eventBus,
      eventPattern: {
        source: [EVENT_SOURCE],
        // A fetcher's own announcement has the job type, too; its detail-type keeps it from coming back to a fetcher.
        detailType: Match.prefix(`${jobType}.`),
        detail: { jobType: [jobType] },
      },
      targets: [new SqsQueue(queue, { ...LONGEST_RETRY, deadLetterQueue: this.undeliveredQueue })],
    });
  }

  /** A rule that sends whatever is said of jobs to the ledger's queue. */
  addLedger(id: string, queue: IQueue): Rule {
    return new Rule(this, id, {
      description: 'Submitted, finished and landed jobs, to the ledger.',
      eventBus: this.eventBus,
      eventPattern: { source: [EVENT_SOURCE, APPLICATION_SOURCE], detail: { jobType: [...FETCHED_JOB_TYPES] } },
      targets: [new SqsQueue(queue, { ...LONGEST_RETRY, deadLetterQueue: this.undeliveredQueue })],
    });
  }

  private logErrors(retention: RetentionDays): void {
    const logGroup = new LogGroup(this, 'Errors', { retention, removalPolicy: RemovalPolicy.DESTROY });
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-CloudWatchLogs.html
    this.logPolicy.document.addStatements(
      new PolicyStatement({
        principals: [new ServicePrincipal('delivery.logs.amazonaws.com')],
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
          ArnLike: { 'aws:SourceArn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:*` },
        },
      }),
    );

    // These names are unique in an account and Region, so they hold the stack's.
    const name = Names.uniqueResourceName(this, { maxLength: 60 });
    const source = new CfnDeliverySource(this, 'ErrorsSource', {
      name,
      logType: 'ERROR_LOGS',
      resourceArn: this.eventBus.eventBusArn,
    });
    const destination = new CfnDeliveryDestination(this, 'ErrorsDestination', {
      name,
      destinationResourceArn: logGroup.logGroupArn,
      outputFormat: 'json',
    });
    const delivery = new CfnDelivery(this, 'ErrorsDelivery', {
      deliverySourceName: source.ref,
      deliveryDestinationArn: destination.attrArn,
    });
    delivery.node.addDependency(this.logPolicy);
  }
}
