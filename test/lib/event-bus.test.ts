import { describe, expect, it } from 'vitest';
import { resourceOf, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();
const UNDELIVERED = { Arn: { 'Fn::GetAtt': ['GeminiWebhooksEventBusUndelivered', 'Arn'] } };
const LONGEST_RETRY = { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 };
const rules = Object.values(resourcesOf(template, 'AWS::Events::Rule'));

describe('JobEventBus', () => {
  it.each([
    { jobType: 'batch', queue: 'GeminiWebhooksBatchFetcherQueue' },
    { jobType: 'interaction', queue: 'GeminiWebhooksInteractionFetcherQueue' },
    { jobType: 'video', queue: 'GeminiWebhooksVideoFetcherQueue' },
  ])('sends finished $jobType jobs, and no announcement about outputs, to their queue', ({ jobType, queue }) => {
    const rule = rules.find(({ Properties }) => JSON.stringify(Properties['Targets']).includes(queue));

    expect(rule?.Properties).toMatchObject({
      EventBusName: { Ref: 'GeminiWebhooksEventBus' },
      EventPattern: {
        source: ['gemini.webhooks'],
        'detail-type': [{ prefix: `${jobType}.` }],
        detail: { jobType: [jobType] },
      },
      State: 'ENABLED',
      Targets: [{ Arn: { 'Fn::GetAtt': [queue, 'Arn'] } }],
    });
  });

  const NAMESPACE = { 'Fn::Join': ['', ['GeminiWebhooks/', { Ref: 'AWS::StackName' }]] };
  it('logs and counts the events that no fetcher takes', () => {
    const logGroup = 'GeminiWebhooksCatchAllEvents';

    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['gemini.webhooks'], detail: { jobType: ['other'] } },
      Targets: [
        {
          // What identifies it, and nothing that was delivered.
          InputTransformer: {
            InputPathsMap: {
              time: '$.time',
              'detail-project': '$.detail.project',
              'detail-type': '$.detail-type',
              id: '$.id',
            },
            InputTemplate: '{"timestamp":<time>,"message":"project=<detail-project> type=<detail-type> event=<id>"}',
          },
        },
      ],
    });
    template.hasResourceProperties('AWS::Logs::MetricFilter', {
      LogGroupName: { Ref: logGroup },
      FilterPattern: '',
      MetricTransformations: [{ MetricNamespace: NAMESPACE, MetricName: 'UnhandledEvents', MetricValue: '1' }],
    });
  });

  /** Not those with a schedule, which are on the default bus. */
  const ofTheBus = Object.entries(resourcesOf(template, 'AWS::Events::Rule')).filter(
    ([, { Properties }]) => Properties['EventBusName'] !== undefined,
  );

  it('retries every target for a day and then keeps the event in the queue of undelivered ones', () => {
    expect(ofTheBus.map(([, { Properties }]) => Properties['Targets'])).toEqual(
      Array(5).fill([expect.objectContaining({ RetryPolicy: LONGEST_RETRY, DeadLetterConfig: UNDELIVERED })]),
    );
  });

  it('lets each rule, and nobody else, send to the queue of undelivered events', () => {
    const { PolicyDocument } = resourceOf(template, 'AWS::SQS::QueuePolicy', 'GeminiWebhooksEventBusUndelivered')
      .Properties as { PolicyDocument: { Statement: { Effect: string; Condition: Record<string, unknown> }[] } };
    const allowed = PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Allow');

    expect(new Set(allowed.map(({ Condition }) => JSON.stringify(Condition)))).toEqual(
      new Set(
        ofTheBus
          .map(([id]) => id)
          .map((id) => JSON.stringify({ ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [id, 'Arn'] } } })),
      ),
    );
  });

  it('archives every event of this app for two weeks', () => {
    template.hasResourceProperties('AWS::Events::Archive', {
      SourceArn: { 'Fn::GetAtt': ['GeminiWebhooksEventBus', 'Arn'] },
      EventPattern: { source: ['gemini.webhooks', 'gemini.applications'] },
      RetentionDays: 14,
    });
  });

  it('delivers its errors, without event details, to a log group', () => {
    template.hasResourceProperties('AWS::Events::EventBus', { LogConfig: { Level: 'ERROR', IncludeDetail: 'NONE' } });
    template.hasResourceProperties('AWS::Logs::DeliverySource', {
      LogType: 'ERROR_LOGS',
      ResourceArn: { 'Fn::GetAtt': ['GeminiWebhooksEventBus', 'Arn'] },
    });
    template.hasResourceProperties('AWS::Logs::DeliveryDestination', {
      DestinationResourceArn: { 'Fn::GetAtt': ['GeminiWebhooksEventBusErrors', 'Arn'] },
    });
  });

  it('lets services write to the log groups that they write to, by policies of their own', () => {
    const statementsOf = (id: string) => {
      const { ResourcePolicyDocument: policy } = resourceOf(template, 'AWS::Logs::LogGroup', id).Properties;
      return (policy as { Statement: { Resource: unknown }[] }).Statement;
    };
    const ofLogDelivery = {
      Effect: 'Allow',
      Principal: { Service: 'delivery.logs.amazonaws.com' },
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Condition: {
        StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
        ArnLike: { 'aws:SourceArn': { 'Fn::Join': ['', expect.arrayContaining([':logs:', ':*'])] } },
      },
    };
    const principals = { Service: ['delivery.logs.amazonaws.com', 'events.amazonaws.com'] };

    expect(statementsOf('GeminiWebhooksEventBusErrors')).toMatchObject([ofLogDelivery]);
    expect(statementsOf('GeminiWebhooksDoorAccessLog')).toMatchObject([ofLogDelivery]);
    const [create, put] = statementsOf('GeminiWebhooksCatchAllEvents');
    expect(create).toMatchObject({ Effect: 'Allow', Principal: principals, Action: 'logs:CreateLogStream' });
    expect(put).toMatchObject({
      ...{ Effect: 'Allow', Principal: principals, Action: 'logs:PutLogEvents' },
      Condition: {
        ArnLike: {
          'aws:SourceArn': {
            'Fn::Join': ['', expect.arrayContaining([':rule/', { Ref: 'GeminiWebhooksEventBus' }, '/*'])],
          },
        },
      },
    });
    for (const { Resource } of statementsOf('GeminiWebhooksCatchAllEvents')) {
      expect(JSON.stringify(Resource)).toMatch(/"\/unhandled-events:\*"/);
    }
  });

  // EventBridge takes a log group's ARN with `:*` at its end, and then delivers nothing.
  it('has no target that ends in a colon and a star, and one log group among them', () => {
    const targets = rules.flatMap(({ Properties }) => Properties['Targets'] as { Arn: unknown }[]);
    const arns = targets.map(({ Arn }) => JSON.stringify(Arn));
    // `Fn::GetAtt` of a log group ends so, too.
    const endsInStar = arns.filter(
      (arn) => /:\*"\]?\]?\}?$/.test(arn) || /GetAtt":\["GeminiWebhooksCatchAll/.test(arn),
    );

    expect(arns).toHaveLength(7);
    expect(endsInStar).toEqual([]);
    expect(arns.filter((arn) => arn.includes(':log-group:'))).toEqual([
      expect.stringMatching(/":log-group:",\{"Ref":"GeminiWebhooksCatchAllEvents"\}\]\]\}$/),
    ]);
  });
});
