/** Fetches the outputs of one job type: a queue, the function that works it off, and a queue for what it gave up. */
import { Duration } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV, type FetchedJobType } from '../lambda/contract.ts';
import { NodeFunction } from './node-function.ts';
import { addWorkQueue, INVOKED_BY_QUEUE, workOff } from './queues.ts';
import { settingsOf } from './settings.ts';

/** The longest that Lambda allows: a fetch has to end within it. */
const FUNCTION_TIMEOUT = Duration.minutes(15);

/**
 * Lambda takes no queue whose messages are hidden for less than the function's timeout. A fetcher shortens it to two minutes
 * as soon as it works on a message, and prolongs those while it does: so this holds only for a message whose fetcher died
 * before its first call, or is throttled. Lambda advises six times the timeout, to have room for throttled invocations;
 * `maxConcurrency` keeps the poller from taking more than may run.
 */
const VISIBILITY_TIMEOUT = Duration.minutes(16);

/**
 * With the fetcher's backoff 36 attempts last 26 hours: longer than a daily quota, a denied project or a hidden job. And they
 * end within 48 hours even if each one runs into its timeout and then waits for the longest backoff, an hour.
 */
const MAX_RECEIVE_COUNT = 36;

export interface FetcherProps {
  readonly jobType: FetchedJobType;
  readonly eventBus: IEventBus;
  readonly outputBucket: IBucket;
  /** Where attempts are written down. */
  readonly ledgerTable: ITableV2;
}

/**
 * Fetches the outputs of one job type. It is made by `GeminiWebhooks`.
 *
 * @example An alarm of one's own
 * ```ts
 * import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
 * import type { Fetcher, GeminiWebhooks } from 'gemini-webhooks-aws';
 *
 * export function alarmOf({ jobType, deadLetterQueue }: Fetcher, webhooks: GeminiWebhooks): Alarm {
 *   const metric = deadLetterQueue.metricApproximateNumberOfMessagesVisible();
 *   return new Alarm(webhooks, `GivenUp-${jobType}`, { metric, threshold: 1, evaluationPeriods: 1 });
 * }
 * ```
 */
export class Fetcher extends Construct {
  readonly jobType: FetchedJobType;
  readonly queue: Queue;
  /** Jobs whose fetch failed to the last attempt. What EventBridge could not deliver is not here. */
  readonly deadLetterQueue: Queue;
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: FetcherProps) {
    super(scope, id);
    this.jobType = props.jobType;
    const settings = settingsOf(this);

    const { queue, deadLetterQueue } = addWorkQueue(this, {
      visibilityTimeout: VISIBILITY_TIMEOUT,
      maxReceiveCount: MAX_RECEIVE_COUNT,
    });
    this.queue = queue;
    this.deadLetterQueue = deadLetterQueue;

    const handler = new NodeFunction(this, 'Handler', {
      description: `Fetches the outputs of ${props.jobType} jobs from Gemini into S3.`,
      name: 'fetch',
      // Outputs stream: the memory buys CPU for hashes and decoding, and network, not room.
      memorySize: 1024,
      timeout: FUNCTION_TIMEOUT,
      invokedBy: INVOKED_BY_QUEUE,
      environment: {
        [ENV.jobType]: props.jobType,
        [ENV.eventBusName]: props.eventBus.eventBusName,
        [ENV.bucketName]: props.outputBucket.bucketName,
        [ENV.ledgerTableName]: props.ledgerTable.tableName,
        [ENV.projects]: JSON.stringify(
          Object.fromEntries(
            settings.projects.map(({ name, apiKeySecretName }) => [name, { apiKeySecretId: apiKeySecretName }]),
          ),
        ),
        [ENV.maxOutputBytes]: String(settings.maxOutputSize.toBytes()),
        [ENV.jobRetentionSeconds]: String(settings.jobRetention[props.jobType].toSeconds()),
        [ENV.queueUrl]: this.queue.queueUrl,
        [ENV.maxReceiveCount]: String(MAX_RECEIVE_COUNT),
      },
    });
    this.function = handler.function;
    this.role = handler.role;

    workOff(this.function, this.queue, {
      // One job an invocation: its failure, its time and its memory are its own.
      batchSize: 1,
      maxConcurrency: settings.maxConcurrency[props.jobType],
    });
  }
}
