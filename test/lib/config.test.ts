import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, parseConfig } from '../../lib/config.ts';
import { Monitoring } from '../../lib/index.ts';

const NO_ALARMS = { 'gemini-webhooks:noAlarms': 'The team looks at the dashboard.' };
const DOMAIN = {
  domainName: 'hooks.example.com',
  certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234',
  hostedZoneId: 'Z0123456789ABC',
  hostedZoneName: 'example.com',
};

describe('parseConfig', () => {
  it('leaves everything but the stack name to the construct when nothing is given', () => {
    const config = parseConfig({ '@aws-cdk/core:anything': true, 'aws:cdk:bundling-stacks': [], ...NO_ALARMS });

    expect(config.stackName).toBe('GeminiWebhooks');
    expect(Object.entries(config.webhooks).filter(([, value]) => value !== undefined)).toEqual([
      ['monitoring', Monitoring.optOut('The team looks at the dashboard.')],
    ]);
  });

  it.each([
    {
      ...{ name: 'typed values of cdk.json', days: 3, rate: 20, audiences: ['a', 'b'], repair: true, domain: DOMAIN },
      events: ['batch.failed', 'batch.succeeded'],
    },
    {
      ...{ name: 'strings of -c', days: '3', rate: '20', audiences: 'a, b', repair: 'true' },
      ...{ domain: JSON.stringify(DOMAIN), events: 'batch.failed, batch.succeeded' },
    },
  ])('takes $name', ({ days, rate, audiences, repair, domain, events }) => {
    const config = parseConfig({
      'gemini-webhooks:stackName': 'Webhooks-Prod',
      'gemini-webhooks:alarmEmail': 'on-call@example.com',
      'gemini-webhooks:alarmTopicArn': 'arn:aws:sns:eu-west-1:123456789012:alarms',
      'gemini-webhooks:noDeliveryHours': days,
      'gemini-webhooks:runbookUrl': 'https://wiki.example.com/runbook',
      'gemini-webhooks:apiKeySecretName': 'team/gemini-key',
      'gemini-webhooks:subscribedEvents': events,
      'gemini-webhooks:signingSecretRotationDays': days,
      'gemini-webhooks:dynamicTokenRotationDays': rate,
      'gemini-webhooks:repairWebhook': repair,
      'gemini-webhooks:reconcileIntervalMinutes': rate,
      'gemini-webhooks:reconcileGraceMinutes': rate,
      'gemini-webhooks:reconcileHorizonHours': days,
      'gemini-webhooks:interactionRetentionDays': days,
      'gemini-webhooks:customDomain': domain,
      'gemini-webhooks:jwtAudiences': audiences,
      'gemini-webhooks:recordTtlDays': days,
      'gemini-webhooks:throttleRate': rate,
      'gemini-webhooks:throttleBurst': rate,
      'gemini-webhooks:logRetentionDays': days,
      'gemini-webhooks:archiveRetentionDays': days,
      'gemini-webhooks:maxConcurrencyBatch': days,
      'gemini-webhooks:maxConcurrencyInteraction': days,
      'gemini-webhooks:maxConcurrencyVideo': days,
      'gemini-webhooks:maxOutputGiB': days,
      'gemini-webhooks:removalPolicy': 'destroy',
      'gemini-webhooks:noncurrentVersionDays': days,
    });

    expect(config).toEqual({
      stackName: 'Webhooks-Prod',
      webhooks: {
        monitoring: Monitoring.alarms({
          email: 'on-call@example.com',
          topicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms',
          noDeliveryHours: 3,
          runbookUrl: 'https://wiki.example.com/runbook',
        }),
        projects: [
          {
            ...{ name: 'default', apiKeySecretName: 'team/gemini-key' },
            subscribedEvents: ['batch.failed', 'batch.succeeded'],
          },
        ],
        reconciliation: {
          ...{ interval: Duration.minutes(20), gracePeriod: Duration.minutes(20) },
          ...{ horizon: Duration.hours(3), interactionRetention: Duration.days(3) },
        },
        signingSecretRotation: Duration.days(3),
        dynamicTokenRotation: Duration.days(20),
        repairWebhook: true,
        customDomain: DOMAIN,
        jwtAudiences: ['a', 'b'],
        recordTtl: Duration.days(3),
        throttleRate: 20,
        throttleBurst: 20,
        logRetention: 3,
        archiveRetention: Duration.days(3),
        maxConcurrencyBatch: 3,
        maxConcurrencyInteraction: 3,
        maxConcurrencyVideo: 3,
        maxOutputSize: Size.gibibytes(3),
        removalPolicy: RemovalPolicy.DESTROY,
        noncurrentVersionExpiration: Duration.days(3),
      },
    });
  });

  it.each([
    ['stackName', '1st', 'give letters, digits and dashes, a letter first, at most 128'],
    ['apiKeySecretName', 'arn:aws:secretsmanager:eu-west-1:1:secret:key', "give the secret's name, not its ARN"],
    ['apiKeySecretName', '', "give the secret's name, not its ARN"],
    ['apiKeySecretName', 7, "give the secret's name, not its ARN"],
    ['projects', [{ name: 'a', apikey: 'b' }], 'give a list of {"name", "apiKeySecretName", "subscribedEvents"}'],
    ['projects', 'a, b', 'give a list of {"name", "apiKeySecretName", "subscribedEvents"}'],
    ['signingSecretRotationDays', 1, 'give a whole number of days from 2 to 1000, or 0 to switch it off'],
    ['dynamicTokenRotationDays', 4, 'give a whole number of days from 5 to 1000, or 0 to switch it off'],
    ['alarmEmail', 'nobody', 'give one e-mail address'],
    ['alarmTopicArn', 'alarms', 'give the ARN of an SNS topic'],
    ['noAlarms', true, 'give a sentence that says who watches instead'],
    ['noDeliveryHours', 200, 'give a whole number of hours from 1 to 168'],
    ['runbookUrl', 'wiki', 'give the URL under which docs/runbook.md is read'],
    ['repairWebhook', 'yes', 'give true or false'],
    ['customDomain', 'hooks.example.com', 'give {"domainName", "certificateArn", "hostedZoneId", "hostedZoneName"}'],
    ['customDomain', { ...DOMAIN, hostedZoneName: 'xample.com' }, 'give {"domainName", "certificateArn"'],
    ['jwtAudiences', 'a,,b', 'give a list of audiences'],
    ['jwtAudiences', ['a b'], 'give a list of audiences'],
    ['recordTtlDays', 1, 'give a whole number of days from 2 to 365, because Gemini retries a delivery for 24 hours'],
    ['recordTtlDays', '2.5', 'give a whole number of days from 2 to 365'],
    ['throttleRate', 0, 'give a whole number of requests a second from 1 to 10000'],
    ['throttleBurst', true, 'give a whole number of requests at once from 1 to 5000'],
    ['logRetentionDays', 8, 'CloudWatch keeps logs for one of these numbers of days: 1, 3, 5, 7, 14, 30, 60, 90,'],
    ['logRetentionDays', 9999, 'CloudWatch keeps logs for one of these numbers of days'],
    ['archiveRetentionDays', 0, 'give a whole number of days from 1 to 3650'],
    ['maxConcurrencyBatch', 1, 'give a whole number of fetches at a time from 2 to 1000; SQS knows no smaller limit'],
    ['maxConcurrencyInteraction', '-3', 'give a whole number of fetches at a time from 2 to 1000'],
    ['maxConcurrencyVideo', null, 'give a whole number of fetches at a time from 2 to 1000'],
    ['maxOutputGiB', 79, 'give a whole number of GiB from 1 to 78, which an upload of 10,000 parts holds'],
    ['reconcileIntervalMinutes', 4, 'give a whole number of minutes from 5 to 60'],
    ['interactionRetentionDays', 56, 'give a whole number of days from 1 to 55, for which Gemini keeps interactions'],
    ['removalPolicy', 'RETAIN', 'give "retain" or "destroy"'],
    ['noncurrentVersionDays', [], 'give a whole number of days from 1 to 3650'],
  ])('refuses %s = %j with what to do', (key, value, remedy) => {
    const parse = () => parseConfig({ [`gemini-webhooks:${key}`]: value });

    expect(parse).toThrow(ConfigurationError);
    expect(parse).toThrow(`- gemini-webhooks:${key} is ${JSON.stringify(value)}; ${remedy}`);
  });

  it('reports every fault at once', () => {
    const parse = () =>
      parseConfig({
        'gemini-webhooks:recordTtlDays': 1,
        'gemini-webhooks:projects': [
          { name: 'one', apiKeySecretName: 'same' },
          { name: 'two', apiKeySecretName: 'same', subscribedEvents: ['batch.suceeded', 'batch.cancelled'] },
          { name: 'Two' },
        ],
        'gemini-webhooks:maxConcurencyVideo': 2,
        'gemini-webhook:stackName': 'Mine',
        'gemini-webhooks:colour': 'blue',
      });

    const error = (() => {
      try {
        return parse();
      } catch (thrown) {
        return thrown;
      }
    })();
    const offered =
      'It offers batch.succeeded, batch.expired, batch.failed, interaction.requires_action, interaction.completed, interaction.failed, video.generated.';
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message.split('\n')).toEqual([
      'Invalid configuration:',
      expect.stringMatching(/^- nobody would be told of a failure; set gemini-webhooks:alarmEmail or/),
      '- gemini-webhooks:recordTtlDays is 1; give a whole number of days from 2 to 365, because Gemini retries a delivery for 24 hours.',
      `- the project two subscribes to "batch.suceeded", which Gemini does not offer; did you mean batch.succeeded? ${offered}`,
      expect.stringMatching(/^- the project two subscribes to "batch.cancelled", which Gemini does not offer; /),
      '- the project name "Two" is invalid; give small letters, digits and single dashes, at most 32, a letter first.',
      '- two projects take their API key from "same"; they would be one project, and every event would come twice.',
      '- gemini-webhooks:maxConcurencyVideo is not a key of this app; did you mean gemini-webhooks:maxConcurrencyVideo?',
      '- gemini-webhook:stackName is not a key of this app; did you mean gemini-webhooks:stackName?',
      '- gemini-webhooks:colour is not a key of this app; remove it.',
      'Correct "context" in cdk.json, or the -c options of the command.',
    ]);
  });

  it('takes several projects as a list, or as its text, and an empty domain as none', () => {
    const projects = [{ name: 'default' }, { name: 'acme-eu', apiKeySecretName: 'acme/key' }];

    expect(parseConfig({ ...NO_ALARMS, 'gemini-webhooks:projects': projects }).webhooks.projects).toEqual(projects);
    expect(
      parseConfig({ ...NO_ALARMS, 'gemini-webhooks:projects': JSON.stringify(projects) }).webhooks.projects,
    ).toEqual(projects);
    expect(parseConfig({ ...NO_ALARMS, 'gemini-webhooks:customDomain': '' }).webhooks.customDomain).toBeUndefined();
  });

  it('keeps nothing in quarantine unless it is switched on', () => {
    const keys = { 'gemini-webhooks:quarantineMaxPerHour': '5', 'gemini-webhooks:quarantineDays': 2 };

    expect(parseConfig({ ...NO_ALARMS, ...keys }).webhooks.quarantine).toBeUndefined();
    expect(parseConfig({ ...NO_ALARMS, ...keys, 'gemini-webhooks:quarantine': 'true' }).webhooks.quarantine).toEqual({
      ...{ maxPerHour: 5, retention: Duration.days(2) },
    });
    expect(() => parseConfig({ 'gemini-webhooks:quarantineDays': 32 })).toThrow('days from 1 to 31');
  });

  it('names consumers by organization or by account', () => {
    const keys = { 'gemini-webhooks:consumerOrganizationId': 'o-a1b2c3d4e5' };
    const accounts = { 'gemini-webhooks:consumerAccountIds': '123456789012, 210987654321' };

    expect(parseConfig({ ...NO_ALARMS, ...keys }).webhooks.consumers).toEqual({ organizationId: 'o-a1b2c3d4e5' });
    expect(parseConfig({ ...NO_ALARMS, ...accounts }).webhooks.consumers).toEqual({
      accountIds: ['123456789012', '210987654321'],
    });
    expect(() => parseConfig({ 'gemini-webhooks:consumerOrganizationId': 'acme' })).toThrow('give the id of an AWS');
  });

  it('does not guess which project the keys of a single one are for', () => {
    const both = { 'gemini-webhooks:projects': [{ name: 'one' }], 'gemini-webhooks:apiKeySecretName': 'key' };

    expect(() => parseConfig(both)).toThrow('write those into each project');
  });
});
