/** The bus on which finished jobs and stored outputs are announced: with archive, error log, and rules that cannot loop. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type Archive, EventBus, type IEventBus, IncludeDetail, Level, Match, Rule } from 'aws-cdk-lib/aws-events';
import { EventBus as EventBusTarget, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnDelivery, CfnDeliveryDestination, CfnDeliverySource } from 'aws-cdk-lib/aws-logs';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { APPLICATION_SOURCE, EVENT_SOURCE, FETCHED_JOB_TYPES, type FetchedJobType } from '../lambda/contract.ts';
import { addDeadLetterQueue } from './queues.ts';
import { ServiceLogGroup } from './service-log-group.ts';
import { settingsOf } from './settings.ts';
import { uniqueNameOf } from './shared/deployment-name.ts';
import { acknowledge } from './shared/nag-acknowledgement.ts';

/** What EventBridge does by itself, written down: the events must not be lost when a default changes. */
export const LONGEST_RETRY = { maxEventAge: Duration.hours(24), retryAttempts: 185 };

export class JobEventBus extends Construct {
  readonly eventBus: EventBus;
  /** Undefined where the Region has none. */
  readonly archive: Archive | undefined;
  /** Takes the events that EventBridge could not deliver to a rule's target. What a fetcher gave up is not here. */
  readonly undeliveredQueue: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const { retain, features, archiveRetention } = settingsOf(this);
    const removalPolicy = retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;

    this.eventBus = new EventBus(this, 'Bus', {
      eventBusName: uniqueNameOf(this),
      ...(features.busLogs && {
        // GovCloud knows neither of the two.
        description: 'Jobs that Gemini reported, and the outputs that stored.',
        // The details stay out of the log: events hold what users wrote into their metadata.
        logConfig: { level: Level.ERROR, includeDetail: IncludeDetail.NONE },
      }),
    });
    this.eventBus.applyRemovalPolicy(removalPolicy);
    if (features.archive) {
      this.archive = this.eventBus.archive('Archive', {
        description: 'What a replay can bring back.',
        // What applications say, too: with it a replay writes the job ledger again.
        eventPattern: { source: [EVENT_SOURCE, APPLICATION_SOURCE] },
        retention: archiveRetention,
      });
      this.archive.applyRemovalPolicy(removalPolicy);
    }
    this.undeliveredQueue = addDeadLetterQueue(this, 'Undelivered');
    acknowledge(this.undeliveredQueue, {
      'AwsSolutions-SQS3':
        'This is a dead-letter queue, that of the rules; the check knows only those of other queues.',
    });
    if (features.busLogs) this.logErrors();
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

  /** A rule that sends every event about jobs to the ledger's queue. */
  addLedger(id: string, queue: IQueue): Rule {
    return new Rule(this, id, {
      description: 'Submitted, finished and stored jobs, to the ledger.',
      eventBus: this.eventBus,
      eventPattern: { source: [EVENT_SOURCE, APPLICATION_SOURCE], detail: { jobType: [...FETCHED_JOB_TYPES] } },
      targets: [new SqsQueue(queue, { ...LONGEST_RETRY, deadLetterQueue: this.undeliveredQueue })],
    });
  }

  /** A rule that sends the events of one project to a bus of somebody else's. */
  addForward(id: string, project: string, target: IEventBus, role: IRole): Rule {
    return new Rule(this, id, {
      description: `Events of the project ${project}, to a bus of a consumer.`,
      eventBus: this.eventBus,
      eventPattern: { source: [EVENT_SOURCE], detail: { project: [project] } },
      // Tried for 24 hours by itself; this target has no setting for it.
      targets: [new EventBusTarget(target, { role, deadLetterQueue: this.undeliveredQueue })],
    });
  }

  private logErrors(): void {
    const logGroup = new ServiceLogGroup(this, 'Errors', { purpose: 'bus-errors' });
    const name = uniqueNameOf(this);
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
    new CfnDelivery(this, 'ErrorsDelivery', {
      deliverySourceName: source.ref,
      deliveryDestinationArn: destination.attrArn,
    });
  }
}
