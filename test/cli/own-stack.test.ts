/** The command line for constructs in a stack of somebody's own, beside resources and outputs that are not ours. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { BatchGetItemCommand, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeploymentDescription } from '../../lambda/deployment-description.ts';
import { runCommand } from '../fakes/command-line.ts';
import { DESCRIPTION, describedProject, queueUrl } from '../fakes/deployment.ts';
import { mockClient } from '../fakes/mock-client.ts';

const cloudformation = mockClient(CloudFormationClient);
const cloudwatch = mockClient(CloudWatchClient);
const dynamodb = mockClient(DynamoDBClient);
const events = mockClient(EventBridgeClient);
const lambda = mockClient(LambdaClient);
const secrets = mockClient(SecretsManagerClient);
const sqs = mockClient(SQSClient);
const mocks = [cloudformation, cloudwatch, dynamodb, events, lambda, secrets, sqs];

/** A stack with these constructs, beside an output of the team's own. */
function deploy(...constructs: readonly (readonly [id: string, description?: Partial<DeploymentDescription>])[]): void {
  const outputs = constructs.map(([id, description]) => ({
    OutputKey: `${id}Deployment`,
    OutputValue: JSON.stringify({ ...DESCRIPTION, ...description }),
  }));
  cloudformation.on(DescribeStacksCommand).resolves({
    Stacks: [
      {
        ...{ StackName: 'Team', CreationTime: new Date(0), StackStatus: 'CREATE_COMPLETE' },
        Outputs: [{ OutputKey: 'TheirDeployment', OutputValue: 'blue' }, ...outputs],
      },
    ],
  });
}

const call = (command: string) =>
  runCommand([...command.split(' '), '--stack', 'Team', '--region', 'us-east-1', '--yes'], {
    clock: () => new Date('2026-11-24T05:00:00Z'),
  });

/** Everything is as it should be. */
function beHealthy(): void {
  lambda.on(InvokeCommand).callsFake(() => ({ Payload: Buffer.from('{"project":"default","findings":[]}') }));
  cloudwatch.on(DescribeAlarmsCommand).callsFake(({ AlarmNames }: { readonly AlarmNames: readonly string[] }) => ({
    MetricAlarms: AlarmNames.map((AlarmName) => ({ AlarmName, StateValue: 'OK', ActionsEnabled: true })),
  }));
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '0' } });
  secrets.on(DescribeSecretCommand).resolves({ LastChangedDate: new Date('2026-11-20T05:00:00Z') });
  dynamodb.on(QueryCommand).resolves({ Count: 0, Items: [] });
  dynamodb.on(BatchGetItemCommand).resolves({ Responses: {} });
}

beforeEach(() => {
  for (const mock of mocks) mock.reset();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
});

const REPLAY = 'replay --from 2026-11-24T05:00:00Z --to 2026-11-24T06:00:00Z';

describe('replay', () => {
  it('goes from the archive of the construct to its rules, which it names', async () => {
    deploy(['Webhooks']);
    events.on(StartReplayCommand).resolves({ ReplayArn: 'arn:replay', State: 'STARTING' });

    const { exitCode, noted, printed } = await call(`${REPLAY} --type batch`);

    expect([exitCode, printed]).toEqual([0, expect.stringContaining('the batch fetcher')]);
    expect(events.commandCalls(StartReplayCommand)[0]?.args[0].input).toMatchObject({
      EventSourceArn: 'arn:aws:events:us-east-1:1:archive/TheArchive',
      Destination: {
        Arn: 'arn:aws:events:us-east-1:1:event-bus/TheBus',
        FilterArns: ['arn:aws:events:us-east-1:1:rule/TheBus/batch'],
      },
    });
    expect(noted).toContain('to these rules and to no other:\n  arn:aws:events:us-east-1:1:rule/TheBus/batch');
  });

  it.each([
    ['ledger', ['ledger']],
    ['all', ['batch', 'interaction', 'video', 'ledger']],
    ['fetchers', ['batch', 'interaction', 'video']],
  ])('goes to the rules of --rules %s', async (rules, names) => {
    deploy(['Webhooks']);
    events.on(StartReplayCommand).resolves({});

    expect((await call(`${REPLAY} --rules ${rules}`)).exitCode).toBe(0);
    const arns = events.commandCalls(StartReplayCommand)[0]?.args[0].input.Destination?.FilterArns;
    expect(arns?.map((arn) => arn.split('/').at(-1))).toEqual(names);
  });
});

describe('a stack with several', () => {
  it('is not guessed at: the error lists them, and --construct chooses', async () => {
    deploy(['Webhooks'], ['WebhooksTwo', { eventBusArn: 'arn:aws:events:us-east-1:1:event-bus/OtherBus' }]);
    events.on(StartReplayCommand).resolves({});

    expect(await call(REPLAY)).toMatchObject({
      exitCode: 2,
      noted: 'The stack Team has several: Webhooks, WebhooksTwo. Choose one with --construct.',
    });
    expect(await call(`${REPLAY} --construct Three`)).toMatchObject({
      exitCode: 2,
      noted: 'The stack Team has no construct Three. Give one of Webhooks, WebhooksTwo with --construct.',
    });
    for (const [id, bus] of [
      ['Webhooks', 'TheBus'],
      ['WebhooksTwo', 'OtherBus'],
    ]) {
      expect((await call(`${REPLAY} --construct ${id}`)).exitCode).toBe(0);
      expect(events.commandCalls(StartReplayCommand).at(-1)?.args[0].input.Destination?.Arn).toBe(
        `arn:aws:events:us-east-1:1:event-bus/${bus}`,
      );
    }
  });

  it('is told apart from a stack that has none', async () => {
    deploy();

    expect(await call('status')).toMatchObject({
      exitCode: 3,
      noted: expect.stringContaining('has no output of this version that describes a GeminiWebhooks construct'),
    });
  });
});

describe('status', () => {
  it('looks at every queue', async () => {
    deploy(['Webhooks']);
    beHealthy();

    const { exitCode, printed } = await call('status');

    expect([exitCode, printed]).toEqual([0, expect.stringMatching(/✓ +dead letters, ledger +0 messages/)]);
    const asked = sqs.commandCalls(GetQueueAttributesCommand).map(({ args }) => args[0].input.QueueUrl);
    const names = ['batch', 'interaction', 'video', 'ledger'].flatMap((name) => [name, `${name}-dead`]);
    expect(new Set(asked)).toEqual(new Set([...names, 'undelivered'].map(queueUrl)));
  });

  it("asks for the alarms of the construct by name, links to the runbook's own headings, and misses those that are not there or silenced", async () => {
    const alarms = ['events-may-be-lost', 'fetch-dead-letters-batch', 'verifier-errors', 'slow-answers'];
    deploy(['Webhooks', { name: 'Team', alarms }]);
    beHealthy();
    const alarm = {
      AlarmDescription: 'critical. It was given up. https://wiki/runbook#fetch-dead-letters (Missing data.)',
    };
    cloudwatch.on(DescribeAlarmsCommand).resolves({
      CompositeAlarms: [{ AlarmName: 'Team-events-may-be-lost', StateValue: 'OK', ActionsEnabled: false }],
      MetricAlarms: [
        {
          ...{ ...alarm, AlarmName: 'Team-fetch-dead-letters-batch', StateValue: 'ALARM', ActionsEnabled: true },
          StateUpdatedTimestamp: new Date('2026-11-24T04:00:00Z'),
        },
        { AlarmName: 'Team-slow-answers', StateValue: 'INSUFFICIENT_DATA', ActionsEnabled: true },
      ],
    });

    const { exitCode, printed } = await call('status --json');
    const checks: { what: string }[] = JSON.parse(printed);

    expect(exitCode).toBe(1);
    expect(checks.filter(({ what }) => what.startsWith('alarm'))).toEqual([
      {
        ok: false,
        what: 'alarm Team-fetch-dead-letters-batch',
        state: 'critical, on since 2026-11-24T04:00:00.000Z',
        next: 'https://wiki/runbook#fetch-dead-letters',
      },
      {
        ok: false,
        what: 'alarms that are missing',
        state: '1 of 4: Team-verifier-errors',
        next: 'deploy the stack again',
      },
      {
        ok: false,
        what: 'alarms that notify nobody',
        state: '1 of 4: Team-events-may-be-lost',
        next: 'aws cloudwatch enable-alarm-actions --alarm-names Team-events-may-be-lost',
      },
      { ok: true, what: 'alarms without data', state: '1 of 4: Team-slow-answers', next: null },
    ]);
    expect(cloudwatch.commandCalls(DescribeAlarmsCommand)[0]?.args[0].input).toMatchObject({
      AlarmNames: [
        ...['Team-events-may-be-lost', 'Team-fetch-dead-letters-batch', 'Team-verifier-errors', 'Team-slow-answers'],
      ],
    });
  });

  it('counts what waits by the index of open jobs, and scans nothing', async () => {
    deploy(['Webhooks']);
    beHealthy();
    const job = { project: { S: 'default' }, job_type: { S: 'batch' }, job_id: { S: 'batches/a' } };
    const due = (time: string) => ({ ...job, due: { N: String(Date.parse(time)) } });
    const awaited = due('2026-11-24T09:00:00Z');
    dynamodb
      .on(QueryCommand, { ExpressionAttributeValues: { ':queue': { S: 'unstored#default#batch#3' } } })
      .resolves({ Items: [due('2026-11-24T04:00:00Z')] })
      .on(QueryCommand, { ExpressionAttributeValues: { ':queue': { S: 'unstored#default#batch#7' } } })
      .resolves({ Items: [due('2026-11-24T02:00:00Z')] })
      .on(QueryCommand, { ExpressionAttributeValues: { ':queue': { S: 'awaited#default#batch#0' } } })
      .resolves({ Items: [awaited, awaited, awaited] });

    const { printed } = await call('status');

    expect(printed).toContain('3 to end, 2 to be stored, the oldest ended 3 h ago, 0 queued');
    expect(new Set(dynamodb.calls().map(({ args }) => args[0].constructor.name))).toEqual(new Set(['QueryCommand']));
  });
});

describe('a project', () => {
  const projects = [describedProject('default'), describedProject('acme-eu')];

  it('is pinged with the API key that it was configured with', async () => {
    deploy(['Webhooks', { projects }]);
    secrets.on(GetSecretValueCommand).resolves({});

    expect(await call('ping --project acme-eu')).toMatchObject({
      exitCode: 1,
      noted: expect.stringContaining('The secret acme-eu/api-key is empty'),
    });
    await call('ping');
    expect(secrets.commandCalls(GetSecretValueCommand).map(({ args }) => args[0].input.SecretId)).toEqual([
      'acme-eu/api-key',
      'default/api-key',
    ]);
  });

  it('has its own URL for dynamic webhooks', async () => {
    deploy(['Webhooks', { projects }]);
    secrets.on(GetSecretValueCommand).resolves({ SecretString: `${'a'.repeat(43)}${'b'.repeat(43)}` });

    const { printed } = await call('dynamic-url --project acme-eu');

    expect(printed).toBe(`https://api/webhooks/gemini/projects/acme-eu/dynamic/${'a'.repeat(43)}`);
    expect(secrets.commandCalls(GetSecretValueCommand)[0]?.args[0].input.SecretId).toBe('arn:acme-eu:token');
  });

  it('is set right by its own health check, and what was found is shown', async () => {
    deploy(['Webhooks', { projects }]);
    const answer = (findings: readonly string[]) => ({ Payload: Buffer.from(JSON.stringify({ findings })) as never });
    lambda
      .on(InvokeCommand)
      .resolvesOnce(answer(['other-url', 'disabled']))
      .resolvesOnce(answer(['disabled']));

    const { exitCode, printed, noted } = await call('repair --project acme-eu --json');

    expect(JSON.parse(printed)).toMatchObject([{ project: 'acme-eu', found: 'other-url, disabled', now: 'disabled' }]);
    expect([exitCode, noted]).toEqual([1, expect.stringContaining('docs/runbook.md#webhook-unhealthy')]);
    expect(lambda.commandCalls(InvokeCommand).map(({ args }) => args[0].input)).toEqual([
      { FunctionName: 'acme-eu-health-check', Payload: '{"repair":true}' },
      { FunctionName: 'acme-eu-health-check', Payload: '{}' },
    ]);
  });
});
