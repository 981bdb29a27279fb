import { BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CliError } from '../../cli/cli-error.ts';
import { runCommand } from '../fakes/command-line.ts';
import { fakeDeployment, queueUrl } from '../fakes/deployment.ts';
import { mockClient } from '../fakes/mock-client.ts';

const sqs = mockClient(SQSClient);
const secrets = mockClient(SecretsManagerClient);
const dynamodb = mockClient(DynamoDBClient);
const lambda = mockClient(LambdaClient);
const DEPLOYMENT = fakeDeployment({
  sqs: new SQSClient({ region: 'us-east-1' }),
  secrets: new SecretsManagerClient({ region: 'us-east-1' }),
  dynamodb: new DynamoDBClient({ region: 'us-east-1' }),
  lambda: new LambdaClient({ region: 'us-east-1' }),
});
const DEAD = queueUrl('batch-dead');
const LIVE = queueUrl('batch');
const UNDELIVERED = queueUrl('undelivered');

const call = (command: string, answer?: string) =>
  runCommand(
    command.split(' ').filter(Boolean),
    { find: async () => DEPLOYMENT, clock: () => new Date('2026-11-24T05:00:00Z') },
    answer,
  );

type Sent = { readonly Body: string; readonly MessageAttributes?: Readonly<Record<string, { StringValue: string }>> };

/** A queue with these messages, of which one that is received is hidden until it is deleted. */
function hold(messages: readonly Sent[], url = DEAD) {
  const waiting = messages.map((message, index) => ({
    ...message,
    ...{ ReceiptHandle: `receipt-${index}`, MessageId: `${index}` },
  }));
  const gone = new Set<string>();
  let hidden = 0;
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '0' } });
  sqs
    .on(GetQueueAttributesCommand, { QueueUrl: url })
    .callsFake(() => ({ Attributes: { ApproximateNumberOfMessages: String(waiting.length - gone.size) } }));
  sqs.on(ReceiveMessageCommand).callsFake(({ QueueUrl, VisibilityTimeout }) => {
    if (QueueUrl !== url) return {};
    if (VisibilityTimeout === 0) return { Messages: waiting };
    const Messages = waiting.slice(hidden, hidden + 10);
    hidden += Messages.length;
    return { Messages };
  });
  sqs.on(DeleteMessageCommand).callsFake(({ ReceiptHandle }) => void gone.add(ReceiptHandle));
  return gone;
}
const EVENT = '{"detail-type":"batch.succeeded","detail":{"jobType":"batch","jobId":"batches/a"}}';
const STORED = '{"detail-type":"output.stored","detail":{"jobType":"batch","jobId":"batches/a"}}';
const MESSAGE = { Body: EVENT };
const undelivered = (Body: string, names: Readonly<Record<string, string>>): Sent => ({
  Body,
  MessageAttributes: Object.fromEntries(
    Object.entries(names).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  ),
});

beforeEach(() => {
  sqs.reset();
  for (const mock of [secrets, dynamodb, lambda]) mock.reset();
  dynamodb.on(BatchGetItemCommand).resolves({});
});

describe('redrive', () => {
  it('sends each message on before it deletes it, and shows how far it is', async () => {
    const gone = hold([MESSAGE, MESSAGE]);
    sqs.on(SendMessageCommand).resolves({});

    const { exitCode, noted, progress } = await call('redrive batch --rate 1000', 'y');

    expect(exitCode).toBe(0);
    expect(sqs.commandCalls(SendMessageCommand).map(({ args }) => args[0].input)).toEqual([
      { QueueUrl: LIVE, MessageBody: EVENT },
      { QueueUrl: LIVE, MessageBody: EVENT },
    ]);
    expect(gone.size).toBe(2);
    expect(progress).toEqual([
      '██████████░░░░░░░░░░ 1 of 2, 1000/s, 1 s left',
      '████████████████████ 2 of 2, 1000/s, 0 s left',
      '',
    ]);
    expect(noted).toContain('2 messages put back.');
  });

  it('loses nothing when it dies in between', async () => {
    const gone = hold([MESSAGE, MESSAGE]);
    sqs.on(SendMessageCommand).resolvesOnce({}).rejects(new Error('socket hang up'));

    expect((await call('redrive batch --rate 1000 --yes')).exitCode).toBe(3);
    expect([...gone]).toEqual(['receipt-0']);
  });

  it('moves nothing for a preview, nor without a yes, nor when nobody can be asked', async () => {
    const gone = hold([MESSAGE]);

    const preview = await call('redrive all --preview');
    expect(preview.exitCode).toBe(0);
    expect(preview.printed).toContain('batches/a');
    expect(await call('redrive batch', 'n')).toMatchObject({
      exitCode: 1,
      noted: expect.stringContaining('Nothing was changed.'),
    });
    expect(await call('redrive batch')).toMatchObject({ exitCode: 2, noted: expect.stringContaining('--yes') });
    expect(sqs.commandCalls(SendMessageCommand)).toHaveLength(0);
    expect(gone.size).toBe(0);
  });

  it('sends what a rule could not deliver to the target of that rule, whatever the event is about', async () => {
    hold(
      [
        undelivered(STORED, { TARGET_ARN: 'arn:aws:sqs:us-east-1:1:ledger', RULE_ARN: 'arn:any' }),
        undelivered(EVENT, { TARGET_ARN: 'arn:aws:sqs:us-east-1:1:ledger' }),
        undelivered(EVENT, { TARGET_ARN: 'arn:aws:sqs:us-east-1:1:batch' }),
        undelivered(STORED, { RULE_ARN: 'arn:aws:events:us-east-1:1:rule/TheBus/ledger' }),
      ],
      UNDELIVERED,
    );
    sqs.on(SendMessageCommand).resolves({});

    const { exitCode } = await call('redrive undelivered --rate 1000 --yes');

    expect(exitCode).toBe(0);
    expect(sqs.commandCalls(SendMessageCommand).map(({ args }) => args[0].input)).toEqual([
      { QueueUrl: queueUrl('ledger'), MessageBody: STORED },
      { QueueUrl: queueUrl('ledger'), MessageBody: EVENT },
      { QueueUrl: LIVE, MessageBody: EVENT },
      { QueueUrl: queueUrl('ledger'), MessageBody: STORED },
    ]);
  });

  it.each([
    [
      'a log group',
      { TARGET_ARN: 'arn:aws:logs:us-east-1:1:log-group:other' },
      'arn:aws:logs:us-east-1:1:log-group:other',
    ],
    ["another account's queue", { TARGET_ARN: 'arn:aws:sqs:us-east-1:2:batch' }, ':2:batch'],
    ['a rule of somebody else', { RULE_ARN: 'arn:aws:events:us-east-1:1:rule/TheBus/Theirs' }, 'an unknown one'],
    ['nobody who is named', {}, 'an unknown one'],
  ])('leaves what is for %s where it is, and says so', async (_, names, said) => {
    hold([undelivered(EVENT, names)], UNDELIVERED);

    const { exitCode, noted } = await call('redrive undelivered --yes');

    expect([exitCode, noted]).toEqual([
      1,
      expect.stringContaining('1 message stayed, because the target is not a queue of this deployment'),
    ]);
    expect(noted).toContain(said);
    expect(sqs.commandCalls(SendMessageCommand)).toHaveLength(0);
    expect(sqs.commandCalls(DeleteMessageCommand)).toHaveLength(0);
  });

  it("puts back what the ledger's function gave up", async () => {
    hold([{ Body: STORED }], queueUrl('ledger-dead'));
    sqs.on(SendMessageCommand).resolves({});

    expect((await call('redrive ledger --yes')).exitCode).toBe(0);
    expect(sqs.commandCalls(SendMessageCommand).map(({ args }) => args[0].input)).toEqual([
      { QueueUrl: queueUrl('ledger'), MessageBody: STORED },
    ]);
  });

  it('waits for the answers of all servers, is not misled by an empty one, and says what remains', async () => {
    hold([]);
    sqs
      .on(GetQueueAttributesCommand, { QueueUrl: DEAD })
      .resolvesOnce({ Attributes: { ApproximateNumberOfMessages: '2' } })
      .resolves({ Attributes: { ApproximateNumberOfMessages: '1' } });
    const message = { ...MESSAGE, MessageId: 'a', ReceiptHandle: 'a' };
    sqs
      .on(ReceiveMessageCommand, { QueueUrl: DEAD, VisibilityTimeout: 60 })
      .resolvesOnce({})
      .resolvesOnce({ Messages: [message] })
      .resolves({});
    sqs.on(SendMessageCommand).resolves({});

    const { printed } = await call('redrive batch --yes --json');

    expect(JSON.parse(printed)).toEqual([{ queue: 'batch', putBack: 1, foreignTargets: [], remaining: 1 }]);
    const waits = sqs.commandCalls(ReceiveMessageCommand).map(({ args }) => args[0].input.WaitTimeSeconds);
    expect(new Set(waits)).toEqual(new Set([2]));
  });
});

describe('rotate', () => {
  it('asks, and then rotates the secret of the project', async () => {
    secrets.on(RotateSecretCommand).resolves({});

    expect((await call('rotate signing-secret', 'yes')).exitCode).toBe(0);
    expect(secrets.commandCalls(RotateSecretCommand)[0]?.args[0].input).toEqual({
      ...{ SecretId: 'arn:default:signing', RotateImmediately: true },
    });
  });
});

describe('quarantine', () => {
  it('says what to do where none is kept', async () => {
    expect(await call('quarantine list')).toMatchObject({
      exitCode: 1,
      noted: expect.stringContaining('Deploy it with the prop quarantine'),
    });
  });
});

describe('--help', () => {
  it.each([
    ...['status', 'try', 'jobs', 'deliveries', 'show', 'logs', 'redrive', 'replay', 'refetch', 'trigger', 'forget'],
    ...['ping', 'repair', 'rotate', 'dynamic-url', 'quarantine'],
  ])('has an example of %s', async (command) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});

    await call(`${command} --help`);

    const help = log.mock.calls.flat().join('\n');
    log.mockRestore();
    expect(help).toMatch(new RegExp(`Examples:\n +gemini-webhooks ${command}`));
  });
});

describe('what is not understood', () => {
  it.each([
    ['', 'No command was given.'],
    ['statsu', 'Did you mean status?'],
    ['deliveries --tpye batch', 'There is no tpye. Did you mean --type?'],
    [
      'redrive bacth',
      'queue is bacth; give one of batch, interaction, video, ledger, undelivered, all. Did you mean batch?',
    ],
    ['redrive', '"gemini-webhooks redrive" needs <queue>, one of batch, interaction, video, ledger, undelivered, all.'],
    ['rotate', 'For example:\n  gemini-webhooks rotate signing-secret\n'],
    ['show', '"gemini-webhooks show" needs <id>.'],
    ['redrive batch --rate 0', '--rate is out of range; give 1 to 1000.'],
    ['redrive batch --rate 0.5', '--rate is out of range; give 1 to 1000.'],
    ['deliveries --limit -1', '--limit is no whole number from 1; give one like 50.'],
    ['deliveries --limit many', '--limit is no whole number from 1; give one like 50.'],
    ['replay --from 2026-11-24 --to 2026-11-23', '--from is not before --to.'],
    ['replay --from 2026-11-23 --to 2026-11-24 --rules ledger --type batch', 'leave --type out'],
    ['replay --from 2026-11-24', '"gemini-webhooks replay" needs --to.'],
    ['replay --from yesterday --to 2026-11-24', '--from is "yesterday"; give a time like 2026-11-24T05:00:00Z.'],
    ['dynamic-url --project acme', 'has no project acme. Give one of default with --project.'],
  ])('is explained for "%s", with exit code 2', async (command, message) => {
    expect(await call(command)).toMatchObject({ exitCode: 2, noted: expect.stringContaining(message) });
  });

  it('is explained for a deployment that cannot be found, with exit code 3', async () => {
    const found = await runCommand(['status'], {
      find: () => Promise.reject(new CliError('The stack cannot be read.', 3)),
      clock: () => new Date(),
    });

    expect(found).toEqual({ exitCode: 3, printed: '', noted: 'The stack cannot be read.', progress: [] });
  });
});
