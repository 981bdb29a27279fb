import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOptions, type Emulators, startEmulators } from '../../../local/aws/emulators.ts';

let emulators: Emulators;
let sqs: SQSClient;
let QueueUrl: string | undefined;

beforeAll(async () => {
  emulators = await startEmulators(mkdtempSync(join(tmpdir(), 's3-')));
  sqs = new SQSClient(clientOptions(emulators.s3Url));
  ({ QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' })));
});
afterAll(async () => {
  sqs.destroy();
  await emulators.close();
});

// The SDK compares the MD5 of what comes back.
it.each(['\t\n\r \uD7FF\uE000\uFFFD', '\u{10000}\u{1F680}\u{10FFFF}'])(
  'takes %j, and gives it back',
  async (MessageBody) => {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));

    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages?.[0]?.Body).toBe(MessageBody);
  },
);

it.each(['\u0000', '\u001F', '\uFFFE', '\uFFFF'])('refuses %j, as SQS does', async (MessageBody) => {
  await expect(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))).rejects.toMatchObject({
    name: 'AWS.SimpleQueueService.InvalidMessageContents',
  });
});
