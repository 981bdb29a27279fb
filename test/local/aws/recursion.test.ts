/** A function that sends to the queue that invokes it: Lambda stops it, and so does the local run. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { clientOptions, startEmulators } from '../../../local/aws/emulators.ts';
import { startQueuePoller } from '../../../local/aws/queue-poller.ts';
import { LambdaFunction } from '../../../local/lambda/lambda-function.ts';

const SDK = pathToFileURL(createRequire(import.meta.url).resolve('@aws-sdk/client-sqs')).href;
/** As a bundle would, by the SDK, which passes the trace header on. */
const CODE = `import { SQSClient, SendMessageCommand } from '${SDK}';
const client = new SQSClient({ endpoint: process.env.ENDPOINT });
export const handler = async ({ Records: [{ body }] }) => {
  await client.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: String(Number(body) + 1) }));
};`;

it('invokes a function 16 times in a chain, and leaves the next message to the dead-letter queue', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'recursion-'));
  const emulators = await startEmulators(join(dir, 's3'));
  const client = new SQSClient(clientOptions(emulators.s3Url));
  const create = async (QueueName: string, Attributes: Record<string, string> = {}) =>
    (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
  const deadUrl = await create('dead');
  const queueArn = 'arn:aws:sqs:us-east-1:000000000000:jobs';
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn.replace('jobs', 'dead'), maxReceiveCount: 1 });
  const queueUrl = await create('jobs', { RedrivePolicy, VisibilityTimeout: '1' });
  writeFileSync(join(dir, 'index.mjs'), CODE);
  const logFile = join(dir, 'log');
  const target = new LambdaFunction({
    ...{ functionName: 'Loop', arn: 'arn:aws:lambda:us-east-1:000000000000:function:Loop', codeDir: dir, logFile },
    ...{ handler: 'index.handler', memoryMiB: 128, timeoutSeconds: 60 },
    environment: {
      ...{ ENDPOINT: emulators.s3Url, QUEUE_URL: queueUrl, AWS_REGION: 'us-east-1' },
      ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    },
  });
  const { traceOf } = emulators;
  const poller = startQueuePoller({ client, queueUrl, queueArn, batchSize: 1, maxConcurrency: 1, target, traceOf });

  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: '0' }));
  await expect
    .poll(async () => {
      const command = new GetQueueAttributesCommand({ QueueUrl: deadUrl, AttributeNames: ['All'] });
      return (await client.send(command)).Attributes?.['ApproximateNumberOfMessages'];
    })
    .toBe('1');

  const reports = readFileSync(logFile, 'utf8').match(/"status":"\w+"/g);
  expect(reports?.filter((status) => status === '"status":"success"')).toHaveLength(16);
  expect(reports?.at(-1)).toBe('"status":"recursion"');
  await target.close();
  await poller.close();
  client.destroy();
  await emulators.close();
});
