/** The command line for constructs in a stack of somebody's own, beside resources and outputs that are not ours. */
import { CloudFormationClient, DescribeStacksCommand, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { BatchGetItemCommand, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GeminiWebhooks, type GeminiWebhooksProps, Monitoring } from '../../lib/index.ts';
import { resolve } from '../../local/template/intrinsics.ts';
import { runCommand } from '../fakes/command-line.ts';
import { HANDLERS } from '../lib/synthesize.ts';

const cloudformation = mockClient(CloudFormationClient);
const cloudwatch = mockClient(CloudWatchClient);
const dynamodb = mockClient(DynamoDBClient);
const events = mockClient(EventBridgeClient);
const lambda = mockClient(LambdaClient);
const secrets = mockClient(SecretsManagerClient);
const sqs = mockClient(SQSClient);
const mocks = [cloudformation, cloudwatch, dynamodb, events, lambda, secrets, sqs];
const environment = { ...process.env };

interface TeamTemplate {
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
}
const templates = new Map<string, TeamTemplate>();

/** A construct with this id, beside a queue and an output of the team's own. */
function templateOf(id: string, props: Partial<GeminiWebhooksProps> = {}): TeamTemplate {
  const name = JSON.stringify([id, props]);
  const known = templates.get(name);
  if (known !== undefined) return known;
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const stack = new Stack(app, 'Team');
  new Queue(stack, 'TheirBatchFetcherQueue');
  new CfnOutput(stack, 'TheirEventBusArn', { value: 'arn:aws:events:us-east-1:000000000000:event-bus/theirs' });
  const monitoring = Monitoring.alarms({ email: 'on-call@example.com', runbookUrl: 'https://wiki/runbook' });
  new GeminiWebhooks(stack, id, { handlersPath: HANDLERS, monitoring, ...props });
  const template = Template.fromStack(stack).toJSON() as TeamTemplate;
  templates.set(name, template);
  return template;
}

/** As CloudFormation would describe it, with all of these in one stack. */
function deploy(...all: readonly TeamTemplate[]): void {
  const Outputs: TeamTemplate['Outputs'] = Object.assign({}, ...all.map((template) => template.Outputs));
  const Resources: TeamTemplate['Resources'] = Object.assign({}, ...all.map((template) => template.Resources));
  const identityOf = (id: string) => ({
    ref: Resources[id]?.Type === 'AWS::Events::Rule' ? `bus|${id}` : id,
    attributes: {
      Arn: `arn:aws:events:us-east-1:000000000000:event-bus/${id}`,
      ApiEndpoint: `https://${id}.example`,
    },
  });
  cloudformation.on(DescribeStacksCommand).resolves({
    Stacks: [
      {
        ...{ StackName: 'Team', CreationTime: new Date(0), StackStatus: 'CREATE_COMPLETE' },
        Outputs: Object.entries(Outputs).map(([OutputKey, { Value }]) => ({
          OutputKey,
          OutputValue: String(resolve(Value, identityOf, OutputKey)),
        })),
      },
    ],
  });
  cloudformation.on(ListStackResourcesCommand).resolves({
    StackResourceSummaries: Object.entries(Resources).map(([LogicalResourceId, { Type }]) => ({
      ...{ LogicalResourceId, ResourceType: Type, PhysicalResourceId: identityOf(LogicalResourceId).ref },
      ...{ LastUpdatedTimestamp: new Date(0), ResourceStatus: 'CREATE_COMPLETE' },
    })),
  });
}

const call = (command: string) =>
  runCommand([...command.split(' '), '--stack', 'Team', '--region', 'us-east-1', '--yes'], {
    clock: () => new Date('2026-11-24T05:00:00Z'),
  });

/** Everything is as it should be. */
function beHealthy(): void {
  lambda.on(InvokeCommand).callsFake(() => ({ Payload: Buffer.from('{"source":"default","findings":[]}') }));
  cloudwatch.on(DescribeAlarmsCommand).resolves({});
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '0' } });
  secrets.on(DescribeSecretCommand).resolves({ LastChangedDate: new Date('2026-11-20T05:00:00Z') });
  dynamodb.on(QueryCommand).resolves({ Count: 0, Items: [] });
  dynamodb.on(BatchGetItemCommand).resolves({ Responses: {} });
}

// The first one loads the CDK's checks, which takes its time.
beforeAll(() => void templateOf('Webhooks'));
beforeEach(() => {
  for (const mock of mocks) mock.reset();
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
});
afterEach(() => {
  process.env = { ...environment };
});

const REPLAY = 'replay --from 2026-11-24T05:00:00Z --to 2026-11-24T06:00:00Z';
const withoutHash = (text: string | undefined) => text?.replaceAll(/(?<=[A-Za-z])[0-9A-F]{8}\b/g, '#');

describe('replay', () => {
  it('goes from the archive of the construct to its rules, which it names', async () => {
    deploy(templateOf('Webhooks'));
    events.on(StartReplayCommand).resolves({ ReplayArn: 'arn:replay', State: 'STARTING' });

    const { exitCode, told, printed } = await call(`${REPLAY} --type batch`);

    expect([exitCode, printed]).toEqual([0, expect.stringContaining('the batch fetcher')]);
    const { input } = events.commandCalls(StartReplayCommand)[0]?.args[0] ?? {};
    expect(withoutHash(input?.EventSourceArn)).toBe(
      'arn:aws:events:us-east-1:000000000000:archive/WebhooksEventBusArchive#',
    );
    expect(withoutHash(input?.Destination?.Arn)).toBe(
      'arn:aws:events:us-east-1:000000000000:event-bus/WebhooksEventBus#',
    );
    expect(input?.Destination?.FilterArns?.map(withoutHash)).toEqual([
      'arn:aws:events:us-east-1:000000000000:rule/WebhooksEventBus#/WebhooksEventBusBatchJobs#',
    ]);
    expect(withoutHash(told)).toContain(
      'to these rules and to no other:\n  arn:aws:events:us-east-1:000000000000:rule/',
    );
  });

  it.each([
    ['ledger', ['LedgerEvents']],
    ['all', ['BatchJobs', 'InteractionJobs', 'VideoJobs', 'LedgerEvents']],
    ['fetchers', ['BatchJobs', 'InteractionJobs', 'VideoJobs']],
  ])('goes to the rules of --rules %s', async (rules, names) => {
    deploy(templateOf('Webhooks'));
    events.on(StartReplayCommand).resolves({});

    expect((await call(`${REPLAY} --rules ${rules}`)).exitCode).toBe(0);
    const arns = events.commandCalls(StartReplayCommand)[0]?.args[0].input.Destination?.FilterArns;
    expect(arns?.map((arn) => /WebhooksEventBus(\w+)[0-9A-F]{8}$/.exec(arn)?.[1])).toEqual(names);
  });
});

describe('a stack with several', () => {
  it('is not guessed at: the error lists them, and --construct chooses', async () => {
    deploy(templateOf('Webhooks'), templateOf('WebhooksTwo'));
    events.on(StartReplayCommand).resolves({});

    expect(await call(REPLAY)).toMatchObject({
      exitCode: 2,
      told: 'The stack Team has several: Webhooks, WebhooksTwo. Choose one with --construct.',
    });
    expect(await call(`${REPLAY} --construct Three`)).toMatchObject({
      exitCode: 2,
      told: 'The stack Team has no construct Three. Give one of Webhooks, WebhooksTwo with --construct.',
    });
    for (const id of ['Webhooks', 'WebhooksTwo']) {
      expect((await call(`${REPLAY} --rules ledger --construct ${id}`)).exitCode).toBe(0);
      const arns = events.commandCalls(StartReplayCommand).at(-1)?.args[0].input.Destination?.FilterArns;
      expect(arns?.map(withoutHash)).toEqual([
        `arn:aws:events:us-east-1:000000000000:rule/${id}EventBus#/${id}EventBusLedgerEvents#`,
      ]);
    }
  });

  it('is told apart from a stack that has none', async () => {
    deploy({ Outputs: { TheirEventBusArn: { Value: 'arn' } }, Resources: {} });

    expect(await call('status')).toMatchObject({
      exitCode: 3,
      told: expect.stringContaining('has no outputs of a GeminiWebhooks construct'),
    });
  });
});

describe('status', () => {
  it('looks at the queues of the construct, and not at those of the team', async () => {
    deploy(templateOf('Webhooks'));
    beHealthy();

    const { exitCode, printed } = await call('status');

    expect([exitCode, printed]).toEqual([0, expect.stringMatching(/✓ +dead letters, ledger +0 messages/)]);
    const asked = sqs.commandCalls(GetQueueAttributesCommand).map(({ args }) => args[0].input.QueueUrl);
    expect(new Set(asked.map(withoutHash))).toEqual(
      new Set([
        ...['BatchFetcher', 'InteractionFetcher', 'VideoFetcher', 'JobLedger'].flatMap((name) => [
          `Webhooks${name}DeadLetters#`,
          `Webhooks${name}Queue#`,
        ]),
        'WebhooksEventBusUndelivered#',
      ]),
    );
  });

  it("asks for the alarms of the construct by name, and links to the runbook's own headings", async () => {
    deploy(templateOf('Webhooks'));
    beHealthy();
    cloudwatch.on(DescribeAlarmsCommand).resolves({
      MetricAlarms: [
        {
          AlarmName: 'Team-fetch-dead-letters-batch',
          AlarmDescription: 'critical. It was given up. https://wiki/runbook#fetch-dead-letters (Missing data: none.)',
          StateUpdatedTimestamp: new Date('2026-11-24T04:00:00Z'),
        },
      ],
    });

    const { exitCode, printed } = await call('status --json');

    expect(exitCode).toBe(1);
    expect(JSON.parse(printed)).toContainEqual({
      ok: '✗',
      what: 'alarm Team-fetch-dead-letters-batch',
      state: 'on since 2026-11-24T04:00:00.000Z',
      next: 'https://wiki/runbook#fetch-dead-letters',
    });
    const { input } = cloudwatch.commandCalls(DescribeAlarmsCommand)[0]?.args[0] ?? {};
    expect(input?.AlarmNamePrefix).toBeUndefined();
    expect(input?.AlarmNames?.map(withoutHash)).toContain('WebhooksAlarmsFetchDeadLettersBatch#');
    expect(input?.AlarmNames?.map(withoutHash)).toContain('WebhooksAlarmsEventsMayBeLost#');
  });

  it('counts what waits by the index of open jobs, and scans nothing', async () => {
    deploy(templateOf('Webhooks'));
    beHealthy();
    const due = (time: string) => ({ due: { N: String(Date.parse(time)) } });
    dynamodb
      .on(QueryCommand, { ExpressionAttributeValues: { ':queue': { S: 'unlanded#default#batch#3' } } })
      .resolves({ Count: 1, Items: [due('2026-11-24T04:00:00Z')] })
      .on(QueryCommand, { ExpressionAttributeValues: { ':queue': { S: 'unlanded#default#batch#7' } } })
      .resolves({ Count: 1, Items: [due('2026-11-24T02:00:00Z')] })
      .on(QueryCommand, { ExpressionAttributeValues: { ':queue': { S: 'awaited#default#batch#0' } } })
      .resolves({ Count: 3, Items: [due('2026-11-24T09:00:00Z')] });

    const { printed } = await call('status');

    expect(printed).toContain('3 to end, 2 to land, the oldest ended 3 h ago; 0 messages in the queue');
    expect(new Set(dynamodb.calls().map(({ args }) => args[0].constructor.name))).toEqual(new Set(['QueryCommand']));
  });
});

describe('a source', () => {
  const sources = [{ name: 'default' }, { name: 'acme-eu', apiKeySecretName: 'acme/key' }];

  it('is pinged with the API key that it was configured with', async () => {
    deploy(templateOf('Webhooks', { sources }));
    secrets.on(GetSecretValueCommand).resolves({});

    expect(await call('ping --source acme-eu')).toMatchObject({
      exitCode: 1,
      told: expect.stringContaining('The secret acme/key is empty'),
    });
    await call('ping');
    expect(secrets.commandCalls(GetSecretValueCommand).map(({ args }) => args[0].input.SecretId)).toEqual([
      'acme/key',
      'gemini-webhooks/api-key',
    ]);
  });

  it('has its own URL for dynamic webhooks', async () => {
    deploy(templateOf('Webhooks', { sources }));
    secrets.on(GetSecretValueCommand).resolves({ SecretString: `${'a'.repeat(43)}${'b'.repeat(43)}` });

    const { printed } = await call('dynamic-url --source acme-eu');

    expect(withoutHash(printed)).toBe(
      `https://WebhooksDoorApi#.example/webhooks/gemini/sources/acme-eu/dynamic/${'a'.repeat(43)}`,
    );
    const id = secrets.commandCalls(GetSecretValueCommand)[0]?.args[0].input.SecretId;
    expect(withoutHash(id)).toBe('WebhooksAcmeEuSecretsDynamicToken#');
  });

  it('is set right by its own health check, and what was found is shown', async () => {
    deploy(templateOf('Webhooks', { sources }));
    const answer = (findings: readonly string[]) => ({ Payload: Buffer.from(JSON.stringify({ findings })) as never });
    lambda
      .on(InvokeCommand)
      .resolvesOnce(answer(['other-url', 'disabled']))
      .resolvesOnce(answer(['disabled']));

    const { exitCode, printed, told } = await call('repair --source acme-eu --json');

    expect(JSON.parse(printed)).toEqual([{ source: 'acme-eu', found: 'other-url, disabled', now: 'disabled' }]);
    expect([exitCode, told]).toEqual([1, expect.stringContaining('docs/runbook.md#webhook-unhealthy')]);
    expect(lambda.commandCalls(InvokeCommand).map(({ args }) => args[0].input)).toEqual([
      { FunctionName: expect.stringMatching(/^WebhooksAcmeEuWebhookHealthCheckFunction/), Payload: '{"repair":true}' },
      { FunctionName: expect.stringMatching(/^WebhooksAcmeEuWebhookHealthCheckFunction/), Payload: '{}' },
    ]);
  });
});
