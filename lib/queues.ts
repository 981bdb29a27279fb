/** Queues with the house defaults. */
import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource, type SqsEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './shared/nag-acknowledgement.ts';

const DEFAULTS = {
  /** Largest message: that of SQS, and so of an event. Set, because a lower default once was the limit. */
  maxMessageSizeBytes: 1024 * 1024,
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
} as const;

/** Where what could not be delivered or handled waits for an operator. */
export function addDeadLetterQueue(scope: Construct, id: string): Queue {
  // The longest that SQS offers. A message's age goes on counting when it moves here from another queue.
  const queue = new Queue(scope, id, { ...DEFAULTS, retentionPeriod: Duration.days(14) });
  acknowledge(queue, {
    'Serverless-SQSRedrivePolicy': 'This is a dead-letter queue: nothing receives from it by itself.',
  });
  return queue;
}

interface WorkQueues {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
}

/** A queue that a function works off, and one for what it gives up. */
export function addWorkQueue(
  scope: Construct,
  { visibilityTimeout, maxReceiveCount }: { readonly visibilityTimeout: Duration; readonly maxReceiveCount: number },
): WorkQueues {
  const deadLetterQueue = addDeadLetterQueue(scope, 'DeadLetters');
  const queue = new Queue(scope, 'Queue', {
    ...DEFAULTS,
    visibilityTimeout,
    // Longer than all attempts together, or messages would vanish before they reach the dead-letter queue.
    retentionPeriod: Duration.days(4),
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount },
  });
  return { queue, deadLetterQueue };
}

/** Why a function that works off a queue has no destination for failed asynchronous invocations. */
export const INVOKED_BY_QUEUE =
  'Never invoked asynchronously: its queue keeps the messages and has a dead-letter queue of its own.';

export function workOff(handler: LambdaFunction, queue: Queue, limits: SqsEventSourceProps): void {
  handler.addEventSource(new SqsEventSource(queue, { ...limits, reportBatchItemFailures: true }));
  acknowledge(handler, {
    'Serverless-LambdaEventSourceMappingDestination':
      'Event source mappings of SQS have no on-failure destination; the queue moves its messages to its dead-letter queue by itself.',
  });
}
