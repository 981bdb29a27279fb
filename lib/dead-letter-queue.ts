/** A queue in which what could not be delivered or handled waits for an operator, with the house defaults. */
import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './shared/nag-acknowledgement.ts';

/** Largest message in bytes: that of SQS, and so of an event. Set, because a lower default once was the limit. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

export function deadLetterQueue(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, id, {
    // The longest that SQS offers. A message's age goes on counting when it moves here from another queue.
    retentionPeriod: Duration.days(14),
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
  });
  acknowledge(queue, {
    'Serverless-SQSRedrivePolicy': 'This is a dead-letter queue: nothing receives from it by itself.',
  });
  return queue;
}
