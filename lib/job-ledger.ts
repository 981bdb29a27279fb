/**
 * What is known of every job: a table, and the function that writes into it what the bus says. Not the idempotency table,
 * see docs/decisions/0010-job-ledger.md.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, ProjectionType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV, LEDGER, LEDGER_INDEX } from '../lambda/contract.ts';
import { deadLetterQueue, MAX_MESSAGE_BYTES } from './dead-letter-queue.ts';
import { NodeFunction } from './node-function.ts';
import { settingsOf } from './settings.ts';
import { acknowledge } from './shared/nag-acknowledgement.ts';

const FUNCTION_TIMEOUT = Duration.seconds(30);
/** As Lambda advises: six times the function's timeout, and the batching window. */
const VISIBILITY_TIMEOUT = Duration.minutes(4);
/** Half an hour of a DynamoDB that is away. */
const MAX_RECEIVE_COUNT = 10;

/** How fast the ledger follows the bus. Some three messages come of each job: submitted, ended, stored. */
export interface JobLedgerOptions {
  /**
   * Messages that are recorded in one invocation.
   *
   * @default 100
   */
  readonly batchSize?: number;

  /**
   * How long an invocation waits for more messages; at least a second with a batch size over 10.
   *
   * @default Duration.seconds(1)
   */
  readonly batchingWindow?: Duration;

  /**
   * Invocations at a time. The default carries 1,000 jobs a second, and leaves 2 of the 10 executions of a new
   * account to the verifier.
   *
   * @default 2
   */
  readonly maxConcurrency?: number;
}

export class JobLedger extends Construct {
  readonly table: TableV2;
  readonly queue: Queue;
  /** What could not be recorded. */
  readonly deadLetterQueue: Queue;
  readonly recorder: NodeFunction;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const { jobLedger: options } = settingsOf(this);
    // No backup: it holds nothing that is only here, and a replay of the archive writes it again.
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: LEDGER.id, type: AttributeType.STRING },
      globalSecondaryIndexes: [
        {
          indexName: LEDGER_INDEX,
          partitionKey: { name: LEDGER.queue, type: AttributeType.STRING },
          sortKey: { name: LEDGER.due, type: AttributeType.NUMBER },
          projectionType: ProjectionType.ALL,
        },
      ],
      timeToLiveAttribute: LEDGER.expiration,
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      removalPolicy: RemovalPolicy.DESTROY,
    });

    this.deadLetterQueue = deadLetterQueue(this, 'DeadLetters');
    this.queue = new Queue(this, 'Queue', {
      visibilityTimeout: VISIBILITY_TIMEOUT,
      retentionPeriod: Duration.days(4),
      maxMessageSizeBytes: MAX_MESSAGE_BYTES,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
    this.recorder = new NodeFunction(this, 'Recorder', {
      description: 'Keeps the job ledger: what was submitted, announced and stored, and when.',
      name: 'record-job',
      // A whole CPU, which Lambda gives by memory: a message costs half a millisecond of it, and waits for DynamoDB beside others.
      memorySize: 1769,
      timeout: FUNCTION_TIMEOUT,
      invokedBy: 'Never invoked asynchronously: its queue keeps the messages and has a dead-letter queue of its own.',
      environment: { [ENV.ledgerTableName]: this.table.tableName },
    });
    this.recorder.function.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: options.batchSize,
        maxBatchingWindow: options.batchingWindow,
        maxConcurrency: options.maxConcurrency,
        reportBatchItemFailures: true,
      }),
    );
    acknowledge(this.recorder.function, {
      'Serverless-LambdaEventSourceMappingDestination':
        'Event source mappings of SQS have no on-failure destination; the queue moves its messages to its dead-letter queue by itself.',
    });
  }
}
