/**
 * What is known of every job: a table, and the function that writes into it what the bus says. Not the idempotency table,
 * see docs/decisions/0010-job-ledger.md.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, ProjectionType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV, LEDGER, LEDGER_INDEX } from '../lambda/contract.ts';
import { NodeFunction } from './node-function.ts';
import { addWorkQueue, INVOKED_BY_QUEUE, workOff } from './queues.ts';
import { settingsOf } from './settings.ts';

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

    const { queue, deadLetterQueue } = addWorkQueue(this, {
      visibilityTimeout: VISIBILITY_TIMEOUT,
      maxReceiveCount: MAX_RECEIVE_COUNT,
    });
    this.queue = queue;
    this.deadLetterQueue = deadLetterQueue;
    this.recorder = new NodeFunction(this, 'Recorder', {
      description: 'Keeps the job ledger: what was submitted, announced and stored, and when.',
      name: 'record-job',
      // A whole CPU, which Lambda gives by memory: a message costs half a millisecond of it, and waits for DynamoDB beside others.
      memorySize: 1769,
      timeout: FUNCTION_TIMEOUT,
      invokedBy: INVOKED_BY_QUEUE,
      environment: { [ENV.ledgerTableName]: this.table.tableName },
    });
    workOff(this.recorder.function, this.queue, {
      batchSize: options.batchSize,
      maxBatchingWindow: options.batchingWindow,
      maxConcurrency: options.maxConcurrency,
    });
  }
}
