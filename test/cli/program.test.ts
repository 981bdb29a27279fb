import { RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { CliError } from '../../cli/cli-error.ts';
import type { Deployment } from '../../cli/deployment.ts';
import { run } from '../../cli/program.ts';

const sqs = mockClient(SQSClient);
const secrets = mockClient(SecretsManagerClient);
const QUEUES = ['BatchFetcher', 'InteractionFetcher', 'VideoFetcher'];
const queue = (logicalId: string) => ({ logicalId, type: 'AWS::SQS::Queue', physicalId: `https://sqs/${logicalId}` });
const DEPLOYMENT: Deployment = {
  stackName: 'GeminiWebhooks',
  outputs: { WebhookUrl: 'https://api/webhooks/gemini' },
  geminiUrl: undefined,
  resources: [
    ...QUEUES.flatMap((name) => [queue(`Webhooks${name}QueueA1`), queue(`Webhooks${name}DeadLettersB2`)]),
    queue('WebhooksEventBusUndeliveredC3'),
    {
      logicalId: 'WebhooksDefaultSecretsSigningSecretD4',
      type: 'AWS::SecretsManager::Secret',
      physicalId: 'arn:signing',
    },
  ],
  clients: {
    sqs: new SQSClient({ region: 'us-east-1' }),
    secrets: new SecretsManagerClient({ region: 'us-east-1' }),
  } as Deployment['clients'],
};
const DEAD = 'https://sqs/WebhooksBatchFetcherDeadLettersB2';
const LIVE = 'https://sqs/WebhooksBatchFetcherQueueA1';

async function call(command: string, answer?: string) {
  const printed: string[] = [];
  const told: string[] = [];
  const exitCode = await run(command.split(' ').filter(Boolean), {
    find: async () => DEPLOYMENT,
    clock: () => new Date('2026-11-24T05:00:00Z'),
    terminal: {
      isInteractive: answer !== undefined,
      print: (text) => void printed.push(text),
      tell: (text) => void told.push(text),
      ask: async () => answer ?? '',
    },
  });
  return { exitCode, printed: printed.join('\n'), told: told.join('\n') };
}

/** A queue with these messages, of which one that is received is hidden until it is deleted. */
function hold(bodies: readonly string[]) {
  const waiting = bodies.map((Body, index) => ({ Body, ReceiptHandle: `receipt-${index}`, MessageId: `${index}` }));
  const gone = new Set<string>();
  let hidden = 0;
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '0' } });
  sqs
    .on(GetQueueAttributesCommand, { QueueUrl: DEAD })
    .callsFake(() => ({ Attributes: { ApproximateNumberOfMessages: String(waiting.length - gone.size) } }));
  sqs.on(ReceiveMessageCommand).callsFake(({ QueueUrl, VisibilityTimeout }) => {
    if (QueueUrl !== DEAD) return {};
    if (VisibilityTimeout === 0) return { Messages: waiting };
    const Messages = waiting.slice(hidden, hidden + 10);
    hidden += Messages.length;
    return { Messages };
  });
  sqs.on(DeleteMessageCommand).callsFake(({ ReceiptHandle }) => void gone.add(ReceiptHandle));
  return gone;
}
const EVENT = '{"detail-type":"batch.succeeded","detail":{"jobType":"batch","jobId":"batches/a"}}';

beforeEach(() => {
  sqs.reset();
  secrets.reset();
});

describe('redrive', () => {
  it('sends each message on before it deletes it, and shows how far it is', async () => {
    const gone = hold([EVENT, EVENT]);
    sqs.on(SendMessageCommand).resolves({});

    const { exitCode, told } = await call('redrive batch --rate 1000', 'y');

    expect(exitCode).toBe(0);
    expect(sqs.commandCalls(SendMessageCommand).map(({ args }) => args[0].input)).toEqual([
      { QueueUrl: LIVE, MessageBody: EVENT },
      { QueueUrl: LIVE, MessageBody: EVENT },
    ]);
    expect(gone.size).toBe(2);
    expect(told).toMatch(/█+░* 1 of about 2\n█{30} 2 of about 2\n2 put back\./);
  });

  it('loses nothing when it dies in between', async () => {
    const gone = hold([EVENT, EVENT]);
    sqs.on(SendMessageCommand).resolvesOnce({}).rejects(new Error('socket hang up'));

    expect((await call('redrive batch --rate 1000 --yes')).exitCode).toBe(3);
    expect([...gone]).toEqual(['receipt-0']);
  });

  it('moves nothing for a preview, nor without a yes, nor when nobody can be asked', async () => {
    const gone = hold([EVENT]);

    const preview = await call('redrive all --preview');
    expect(preview.exitCode).toBe(0);
    expect(preview.printed).toContain('batches/a');
    expect(await call('redrive batch', 'n')).toMatchObject({ exitCode: 1, told: 'Nothing was done.' });
    expect(await call('redrive batch')).toMatchObject({ exitCode: 2, told: expect.stringContaining('--yes') });
    expect(sqs.commandCalls(SendMessageCommand)).toHaveLength(0);
    expect(gone.size).toBe(0);
  });

  it('leaves a message that is no event where it is', async () => {
    hold([]);
    const undelivered = 'https://sqs/WebhooksEventBusUndeliveredC3';
    sqs
      .on(GetQueueAttributesCommand, { QueueUrl: undelivered })
      .resolves({ Attributes: { ApproximateNumberOfMessages: '1' } });
    sqs
      .on(ReceiveMessageCommand, { QueueUrl: undelivered })
      .resolvesOnce({ Messages: [{ Body: 'hello' }] })
      .resolvesOnce({ Messages: [{ Body: 'hello', ReceiptHandle: 'r' }] })
      .resolves({});

    const { exitCode, told } = await call('redrive undelivered --yes');

    expect([exitCode, told]).toEqual([1, expect.stringContaining('1 stay: they are of no queue of this stack')]);
    expect(sqs.commandCalls(DeleteMessageCommand)).toHaveLength(0);
  });
});

describe('rotate', () => {
  it('asks, and then rotates the secret of the source', async () => {
    secrets.on(RotateSecretCommand).resolves({});

    expect((await call('rotate signing-secret', 'yes')).exitCode).toBe(0);
    expect(secrets.commandCalls(RotateSecretCommand)[0]?.args[0].input).toEqual({
      ...{ SecretId: 'arn:signing', RotateImmediately: true },
    });
    expect(await call('rotate dynamic-token --yes')).toMatchObject({ exitCode: 3 });
  });
});

describe('what is not understood', () => {
  it.each([
    ['', 'Say what to do.'],
    ['statsu', 'Did you mean status?'],
    ['deliveries --tpye batch', 'Unknown argument: tpye'],
    ['redrive nothing', 'Invalid values'],
    ['redrive batch --rate 0', '--rate is out of range; give 1 to 1000.'],
    ['replay --from 2026-11-24', 'Missing required argument: to'],
    ['replay --from yesterday --to 2026-11-24', '--from is "yesterday"; give a time like 2026-11-24T05:00:00Z.'],
    ['dynamic-url --source acme', 'has no source acme'],
  ])('is told for "%s", with exit code 2', async (command, message) => {
    expect(await call(command)).toMatchObject({ exitCode: 2, told: expect.stringContaining(message) });
  });

  it('is told for a deployment that cannot be found, with exit code 3', async () => {
    const told: string[] = [];
    const exitCode = await run(['status'], {
      find: () => Promise.reject(new CliError('The stack cannot be read.', 3)),
      clock: () => new Date(),
      terminal: { isInteractive: false, print: () => {}, tell: (text) => void told.push(text), ask: async () => '' },
    });

    expect([exitCode, told]).toEqual([3, ['The stack cannot be read.']]);
  });
});
