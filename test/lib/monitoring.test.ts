import { runInNewContext } from 'node:vm';
import { Duration } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { Monitoring } from '../../lib/index.ts';
import { newStack, type Resource, readable, resourceOf, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();
const alarms = Object.values(resourcesOf(template, 'AWS::CloudWatch::Alarm'));
const overrides = {
  'slow-answers': { threshold: 5_000, evaluationPeriods: 3 },
  'fetch-errors': { threshold: 3 },
  'requests-throttled': { datapointsToAlarm: 2 },
  'payload-mismatch': false,
} as const;
const tuned = synthesize({ monitoring: Monitoring.alarms({ email: 'on-call@example.com', overrides }) });
const nameOf = ({ Properties }: Resource) => readable(Properties['AlarmName']).replace('<AWS::StackName>-', '');
/** As its link to the runbook ends. */
const slugOf = ({ Properties }: Resource) => /#([\w-]+)/.exec(readable(Properties['AlarmDescription']))?.[1] ?? '';
/** The hash at the end of an alarm's logical id. */
const idEnd = (id: string) =>
  Object.keys(resourcesOf(template, 'AWS::CloudWatch::Alarm'))
    .find((one) => one.startsWith(`GeminiWebhooksAlarms${id}`))
    ?.slice(`GeminiWebhooksAlarms${id}`.length) ?? '';
const alarmOf = (name: string) => alarms.find((alarm) => nameOf(alarm) === name)?.Properties ?? {};

interface MetricQuery {
  readonly Expression?: string;
  readonly MetricStat?: { readonly Metric: MetricOfTemplate };
}
interface MetricOfTemplate {
  readonly Namespace: unknown;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: object }[];
}

const NAMESPACE = { 'Fn::Join': ['', ['GeminiWebhooks/', { Ref: 'AWS::StackName' }]] };

describe('alarms', () => {
  it('are these, by default', () => {
    expect(alarms.map(nameOf).toSorted()).toEqual([
      ...['events-republished'],
      ...['fetch-dead-letters-batch', 'fetch-dead-letters-interaction', 'fetch-dead-letters-video'],
      ...['fetch-errors-batch', 'fetch-errors-interaction', 'fetch-errors-video'],
      ...['health-check-silent', 'jobs-unanswered'],
      ...['jobs-waiting-batch', 'jobs-waiting-interaction', 'jobs-waiting-video'],
      ...['keys-unavailable', 'ledger-behind', 'ledger-dead-letters', 'lookups-refused'],
      ...['oldest-unended-batch', 'oldest-unended-interaction', 'oldest-unended-video'],
      ...['oldest-unstored-batch', 'oldest-unstored-interaction', 'oldest-unstored-video'],
      ...['outputs-failed', 'payload-mismatch', 'publish-failed', 'reconciler-silent', 'records-not-completed'],
      ...[
        'requests-throttled',
        'rotation-failed',
        'rotation-overdue-signing',
        'rotation-overdue-token',
        'rule-failures',
        'signatures-rejected',
        'slow-answers',
      ],
      ...['store-unavailable', 'undelivered-events', 'undelivered-lost', 'verifier-errors', 'verifier-throttled'],
      ...['verifier-unreached'],
      ...['webhook-disabled-by-gemini', 'webhook-unhealthy', 'webhooks-missed'],
    ]);
  });

  it('reach the topic once: by the one over them where they stand for a loss, else by themselves', () => {
    const topic = { Ref: expect.stringMatching('^GeminiWebhooksAlarmsTopic') };
    const composite = resourceOf(template, 'AWS::CloudWatch::CompositeAlarm', 'GeminiWebhooksAlarms').Properties;
    const rule = JSON.stringify(composite['AlarmRule']);
    const ids = Object.entries(resourcesOf(template, 'AWS::CloudWatch::Alarm'));

    expect(composite).toMatchObject({ AlarmActions: [topic], OKActions: [topic] });
    for (const [id, { Properties }] of ids) {
      // CloudWatch notifies of each new alarm that it is OK: a mail for every one of them on the first day.
      expect(Properties, id).not.toHaveProperty('OKActions');
      if (rule.includes(`"${id}"`)) expect(Properties, id).not.toHaveProperty('AlarmActions');
      else expect(Properties, id).toMatchObject({ AlarmActions: [topic] });
    }
    expect(ids.filter(([id]) => rule.includes(`"${id}"`)).length).toBe(15);
  });

  it('about silence are made when what they listen to has run once', () => {
    const resources = template.toJSON()['Resources'] as Record<string, { Type: string; DependsOn?: string[] }>;
    const [registration = ''] = Object.keys(resourcesOf(template, 'Custom::GeminiWebhook'));
    const { FirstRuns, ServiceToken } = resourceOf(template, 'Custom::GeminiWebhook', 'Gemini').Properties;
    const runs = (FirstRuns as { Ref: string }[]).map(({ Ref }) => Ref);

    expect(runs.map((id) => resources[id]?.Type)).toEqual(Array(2).fill('AWS::Lambda::Function'));
    expect(runs).toEqual([expect.stringMatching('HealthCheck'), expect.stringMatching('Reconciler')]);
    expect(resources['GeminiWebhooksAlarmsHealthCheckSilent'.concat(idEnd('HealthCheckSilent'))]?.DependsOn).toEqual([
      registration,
    ]);
    expect(resources['GeminiWebhooksAlarmsReconcilerSilent'.concat(idEnd('ReconcilerSilent'))]?.DependsOn).toEqual([
      registration,
    ]);
    const [registrar = ''] = (ServiceToken as { 'Fn::GetAtt': string[] })['Fn::GetAtt'];
    const policy = resourceOf(template, 'AWS::IAM::Policy', `${registrar.replace(/Function\w*$/, '')}RoleDefaultPolicy`)
      .Properties['PolicyDocument'] as { Statement: { Action: string; Resource: unknown }[] };
    expect(policy.Statement.filter(({ Action }) => Action === 'lambda:InvokeFunction')).toEqual([
      expect.objectContaining({ Resource: runs.toSorted().map((id) => ({ 'Fn::GetAtt': [id, 'Arn'] })) }),
    ]);
  });

  it('have no retries of Lambda’s own below them: a schedule is the retry', () => {
    const configs = Object.values(resourcesOf(template, 'AWS::Lambda::EventInvokeConfig')).map(
      ({ Properties }) => Properties,
    );

    expect(configs).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          FunctionName: { Ref: expect.stringMatching('WebhookHealthCheckFunction') },
          ...{ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 900 },
        }),
        expect.objectContaining({
          FunctionName: { Ref: expect.stringMatching('WebhookRotatorFunction') },
          MaximumRetryAttempts: 0,
        }),
      ]),
    );
  });

  it('can be tuned, and left out', () => {
    const own = Object.values(resourcesOf(tuned, 'AWS::CloudWatch::Alarm'));
    const named = (name: string) => own.find((alarm) => nameOf(alarm) === name)?.Properties;

    expect(named('slow-answers')).toMatchObject({ Threshold: 5_000, EvaluationPeriods: 3, DatapointsToAlarm: 3 });
    expect(named('fetch-errors-video')).toMatchObject({ Threshold: 3, EvaluationPeriods: 1 });
    expect(named('requests-throttled')).toMatchObject({ Threshold: 1, EvaluationPeriods: 3, DatapointsToAlarm: 2 });
    expect(named('payload-mismatch')).toBeUndefined();
    expect(own).toHaveLength(alarms.length - 1);
  });

  it('can all be left out', () => {
    const none = Object.fromEntries(alarms.map((alarm) => [slugOf(alarm), false as const]));
    const without = synthesize({ monitoring: Monitoring.alarms({ email: 'on-call@example.com', overrides: none }) });

    without.resourceCountIs('AWS::CloudWatch::Alarm', 0);
    without.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 0);
    without.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });

  it.each([
    [
      { 'requests-throttled': { datapointsToAlarm: 4 } },
      'monitoring.overrides["requests-throttled"] asks for 4 bad periods of 3; give no more than are looked at.',
    ],
    [{ 'slow-answer': false }, 'overrides has "slow-answer", which is no alarm; give one of '],
  ] as const)('are not tuned by %j', (overrides, message) => {
    expect(() => synthesize({ monitoring: Monitoring.alarms({ email: 'on-call@example.com', overrides }) })).toThrow(
      message,
    );
  });

  it('look at what the queue of each job type holds, for a quarter of the time before Gemini deletes', () => {
    const metrics = alarmOf('jobs-waiting-batch')['Metrics'] as (MetricQuery & { Id: string })[];
    const QueueName = { 'Fn::GetAtt': ['GeminiWebhooksBatchFetcherQueue', 'QueueName'] };
    const Dimensions = [{ Name: 'QueueName', Value: QueueName }];
    const ofQueue = (Id: string, MetricName: string, Stat: string) => ({
      ...{ Id, ReturnData: false },
      MetricStat: { Metric: { Namespace: 'AWS/SQS', MetricName, Dimensions }, Period: 3600, Stat },
    });

    expect(metrics.slice(1)).toEqual([
      ofQueue('waiting', 'ApproximateNumberOfMessagesVisible', 'Average'),
      ofQueue('inFlight', 'ApproximateNumberOfMessagesNotVisible', 'Average'),
      ofQueue('deleted', 'NumberOfMessagesDeleted', 'Sum'),
    ]);
    const inARow = { EvaluationPeriods: 3, DatapointsToAlarm: 3, TreatMissingData: 'notBreaching' };
    const isAtLeast = { ComparisonOperator: 'GreaterThanOrEqualToThreshold', ...inARow };
    expect(alarmOf('jobs-waiting-batch')).toMatchObject({ Threshold: 43_200, ...isAtLeast });
    expect(alarmOf('jobs-waiting-video')).toMatchObject({ Threshold: 43_200, ...isAtLeast });
    // Free tier: Gemini keeps interactions for a day.
    expect(alarmOf('jobs-waiting-interaction')).toMatchObject({ Threshold: 21_600, ...isAtLeast });
  });

  it('know no time to drain over 12 hours, because the queue loses what is four days old', () => {
    const paid = synthesize({ reconciliation: { interactionRetention: Duration.days(55) } });
    const [alarm] = Object.values(resourcesOf(paid, 'AWS::CloudWatch::Alarm')).filter((one) =>
      nameOf(one).startsWith('jobs-waiting-interaction'),
    );

    expect(alarm?.Properties).toMatchObject({ Threshold: 43_200 });
  });

  it.each([
    ['the queue is empty', { waiting: 0, inFlight: 0, deleted: 0 }, 0],
    ['SQS reports nothing', {}, 0],
    ['the last message was deleted', { waiting: 0, inFlight: 0, deleted: 90 }, 0],
    ['one message waits, and none leaves', { waiting: 1, inFlight: 0, deleted: 0 }, 360_000],
    ['one message comes back again and again', { waiting: 0, inFlight: 1 }, 360_000],
    ['a message came in the last three minutes', { waiting: 0.05, inFlight: 0, deleted: 0 }, 18_000],
    ['1,000 wait, and 100 leave in an hour', { waiting: 990, inFlight: 10, deleted: 100 }, 35_996],
    ['1,000 wait, and 80 leave in an hour', { waiting: 998, inFlight: 2, deleted: 80 }, 44_994],
    ['a rare job is fetched at once', { waiting: 0.01, inFlight: 0.01, deleted: 1 }, 71],
  ])('take for the time to drain what it is when %s', (_case, series, seconds) => {
    const [query] = alarmOf('jobs-waiting-batch')['Metrics'] as MetricQuery[];
    const FILL = (value: number | undefined, filled: number) => value ?? filled;
    const missing = { waiting: undefined, inFlight: undefined, deleted: undefined };
    const result = runInNewContext(query?.Expression ?? '', { ...missing, ...series, FILL });

    expect(Math.round(result)).toBe(seconds);
  });

  it('look at the metrics that the functions write, with the dimensions that they write', () => {
    expect(alarmOf('keys-unavailable')).toMatchObject({
      ...{ Namespace: NAMESPACE, MetricName: 'Deliveries', Statistic: 'Sum' },
      Dimensions: [
        { Name: 'outcome', Value: 'ERR_KEYS_UNAVAILABLE' },
        { Name: 'project', Value: 'default' },
        { Name: 'service', Value: 'verifier' },
      ],
      ...{ DatapointsToAlarm: 2, EvaluationPeriods: 3 },
    });
    expect(alarmOf('rotation-overdue-signing')).toMatchObject({ Threshold: 33 * 86_400, MetricName: 'SecretAge' });
  });

  it('look at the rules of the bus by the names that CloudWatch has for them', () => {
    const metrics = alarmOf('rule-failures')['Metrics'] as MetricQuery[];
    const bus = { Name: 'EventBusName', Value: { Ref: 'GeminiWebhooksEventBus' } };
    const rules = metrics.flatMap(({ MetricStat }) => MetricStat?.Metric.Dimensions ?? []);

    expect(metrics.flatMap(({ MetricStat }) => MetricStat?.Metric.MetricName ?? [])).toEqual(
      Array(6).fill('FailedInvocations'),
    );
    expect(rules.filter(({ Name }) => Name === 'EventBusName')).toEqual(Array(6).fill(bus));
    // Ref is `<bus>|<rule>`, and the ARN ends with `rule/<bus>/<rule>`.
    expect(rules).toContainEqual({
      Name: 'RuleName',
      Value: {
        'Fn::Select': [2, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['GeminiWebhooksEventBusBatchJobs', 'Arn'] }] }],
      },
    });
    expect(rules.filter(({ Name }) => Name === 'RuleName').map(({ Value }) => Object.keys(Value)[0])).toEqual([
      ...Array(5).fill('Fn::Select'),
      'Fn::Join',
    ]);
  });

  it('distinguish answers of 5xx that no run of the verifier gave from those that one gave', () => {
    const metrics = alarmOf('verifier-unreached')['Metrics'] as MetricQuery[];

    expect(metrics.map(({ Expression, MetricStat }) => Expression ?? MetricStat?.Metric)).toEqual([
      'FILL(failed, 0) - FILL(runs, 0) - FILL(oversized, 0)',
      {
        ...{ Namespace: 'AWS/ApiGateway', MetricName: '5xx' },
        Dimensions: [{ Name: 'ApiId', Value: { Ref: 'GeminiWebhooksDoorApi' } }],
      },
      {
        ...{ Namespace: 'AWS/Lambda', MetricName: 'Invocations' },
        Dimensions: [{ Name: 'FunctionName', Value: { Ref: expect.stringMatching('^GeminiWebhooksDoorVerifier') } }],
      },
      { Namespace: NAMESPACE, MetricName: 'RequestsOversized' },
    ]);
  });

  it('take nothing for a lost event that is larger than what Lambda takes', () => {
    template.hasResourceProperties('AWS::Logs::MetricFilter', {
      FilterPattern: '{ $.status = "5*" && $.dataProcessed = %^[4-9][0-9]{6}$|^1[0-9]{7}$% }',
      LogGroupName: { Ref: Match.stringLikeRegexp('^GeminiWebhooksDoorAccessLog') },
      MetricTransformations: [{ MetricName: 'RequestsOversized', MetricNamespace: NAMESPACE, MetricValue: '1' }],
    });
  });

  it('go off when Gemini disabled the webhook, though it is enabled again', () => {
    expect(alarmOf('webhook-disabled-by-gemini')).toMatchObject({
      ...{ Namespace: NAMESPACE, MetricName: 'WebhookFindings', Threshold: 1, TreatMissingData: 'notBreaching' },
      Dimensions: [
        { Name: 'finding', Value: 'disabled-due-to-failed-deliveries' },
        { Name: 'project', Value: 'default' },
        { Name: 'service', Value: 'check-webhook' },
      ],
    });
  });

  it('count refused requests in the access log', () => {
    expect(alarmOf('requests-throttled')).toMatchObject({ Namespace: NAMESPACE, MetricName: 'RequestsThrottled' });
    template.hasResourceProperties('AWS::Logs::MetricFilter', {
      FilterPattern: '{ $.status = "429" }',
      LogGroupName: { Ref: Match.stringLikeRegexp('^GeminiWebhooksDoorAccessLog') },
      MetricTransformations: [{ MetricName: 'RequestsThrottled', MetricNamespace: NAMESPACE, MetricValue: '1' }],
    });
  });

  it('go off at the first failed step of a rotation', () => {
    expect(alarmOf('rotation-failed')).toMatchObject({
      ...{ Namespace: 'AWS/Lambda', MetricName: 'Errors', Threshold: 1, TreatMissingData: 'notBreaching' },
      Dimensions: [
        { Name: 'FunctionName', Value: { Ref: expect.stringMatching('^GeminiWebhooksDefaultWebhookRotator') } },
      ],
    });
  });

  it('weigh rejected signatures against those that hold, and not single ones', () => {
    const metrics = alarmOf('signatures-rejected')['Metrics'] as { Expression?: string }[];

    expect(metrics.flatMap(({ Expression }) => Expression ?? [])).toEqual([
      'IF(rejected + taken >= 10, 100 * rejected / (rejected + taken), 0)',
      'FILL(rejected0, 0) + FILL(rejected1, 0) + FILL(rejected2, 0)',
      'FILL(taken0, 0) + FILL(taken1, 0)',
    ]);
  });

  it('have one over them for what may be lost', () => {
    const { AlarmRule } = resourceOf(template, 'AWS::CloudWatch::CompositeAlarm', 'GeminiWebhooksAlarms').Properties;
    const rule = JSON.stringify(AlarmRule);

    for (const id of [
      'VerifierErrors',
      'FetchDeadLettersVideo',
      'OldestUnstoredBatch',
      'UndeliveredEvents',
      'WebhookUnhealthy',
    ]) {
      expect(rule).toContain(`GeminiWebhooksAlarms${id}`);
    }
    expect(rule).not.toContain('RotationOverdue');
    expect(rule).not.toContain('JobsWaiting');
  });

  it('leave out what is switched off', () => {
    const none = synthesize({ signingSecretRotation: Duration.days(0), dynamicTokenRotation: Duration.days(0) });
    const names = Object.values(resourcesOf(none, 'AWS::CloudWatch::Alarm')).map(nameOf);

    expect(names.filter((name) => name.startsWith('rotation'))).toEqual([]);
  });
});

describe('the topic', () => {
  it('is encrypted with a key that CloudWatch may use, and only this account’s', () => {
    const { KmsMasterKeyId } = resourceOf(template, 'AWS::SNS::Topic', 'GeminiWebhooksAlarms').Properties;
    expect(KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [expect.stringMatching('^GeminiWebhooksAlarmsKey'), 'Arn'] });
    template.hasResourceProperties('AWS::KMS::Key', {
      EnableKeyRotation: true,
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    });
  });

  it('may be one of your own, and then the stack makes none', () => {
    const topicArn = 'arn:aws:sns:eu-west-1:123456789012:on-call';
    const other = synthesize({ monitoring: Monitoring.alarms({ topicArn }) });

    other.resourceCountIs('AWS::SNS::Topic', 0);
    other.resourceCountIs('AWS::KMS::Key', 0);
    other.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmActions: [topicArn] });
  });
});

describe('the choice', () => {
  it('can be none, in words, which the synthesis repeats', () => {
    const stack = newStack({ monitoring: Monitoring.optOut('The platform team watches with its own tools.') });

    Annotations.fromStack(stack).hasWarning(
      '*',
      Match.stringLikeRegexp('There are no alarms: The platform team watches with its own tools.'),
    );
  });
});

describe('the dashboard', () => {
  it('answers its four questions, in this order', () => {
    const { DashboardBody } = resourceOf(template, 'AWS::CloudWatch::Dashboard', 'GeminiWebhooksDashboard').Properties;
    const body = JSON.stringify(DashboardBody);
    const questions = ['Is it healthy?', 'How much flows?', 'How long from', 'What fails, and where?'];
    const places = questions.map((question) => body.indexOf(question));

    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });
});
