import { App, Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config.ts';
import { Monitoring, WebhooksStack } from '../../lib/index.ts';
import { ConfigurationError } from '../../lib/shared/configuration-error.ts';
import { newStack } from './synthesize.ts';

const MONITORING = { optOut: 'The team looks at the dashboard.' };
const DOMAIN = {
  domainName: 'hooks.example.com',
  certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234',
  hostedZoneId: 'Z0123456789ABC',
  hostedZoneName: 'example.com',
};

const parse = (configuration: object) =>
  parseConfig({ 'gemini-webhooks': { monitoring: MONITORING, ...configuration } });

function faultsIn(context: Readonly<Record<string, unknown>>): string[] {
  try {
    parseConfig(context);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message.split('\n').slice(1);
  }
  return [];
}

describe('the context of the app', () => {
  it('needs to say no more than who is notified', () => {
    const context = { '@aws-cdk/core:anything': true, 'aws:cdk:bundling-stacks': [], 'cli-telemetry': false };

    expect(parseConfig({ ...context, 'gemini-webhooks': { monitoring: MONITORING } })).toEqual({
      stackName: 'GeminiWebhooks',
      tags: {},
      webhooks: {
        monitoring: Monitoring.optOut('The team looks at the dashboard.'),
        projects: [
          {
            ...{ name: 'default', apiKeySecretName: 'gemini-webhooks/api-key' },
            subscribedEvents: [
              ...['batch.succeeded', 'batch.expired', 'batch.failed'],
              ...['interaction.requires_action', 'interaction.completed', 'interaction.failed', 'video.generated'],
            ],
          },
        ],
        signingSecretRotation: Duration.days(30),
        dynamicTokenRotation: Duration.days(30),
        repairWebhook: false,
        reconciliation: {
          ...{ interval: Duration.minutes(15), gracePeriod: Duration.minutes(10) },
          ...{ horizon: Duration.hours(48), interactionRetention: Duration.days(1) },
        },
        jobLedger: { batchSize: 100, batchingWindow: Duration.seconds(1), maxConcurrency: 2 },
        jwtAudiences: [],
        recordTtl: Duration.days(7),
        throttleRate: 1000,
        throttleBurst: 1000,
        logRetention: 30,
        archiveRetention: Duration.days(14),
        maxConcurrency: { batch: 2, interaction: 2, video: 2 },
        maxOutputSize: Size.gibibytes(20),
        removalPolicy: RemovalPolicy.RETAIN,
        noncurrentVersionExpiration: Duration.days(30),
      },
    });
  });

  it('has the names of the props, and durations, sizes and names as JSON writes them', () => {
    const configuration = {
      stackName: 'Webhooks-Prod',
      tags: { team: 'platform' },
      monitoring: {
        ...{ email: 'on-call@example.com', topicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms', noDeliveryHours: 3 },
        runbookUrl: 'https://wiki.example.com/runbook',
        overrides: { 'slow-answers': { threshold: 5000 }, 'payload-mismatch': false },
      },
      projects: [
        { name: 'default', apiKeySecretName: 'team/gemini-key', subscribedEvents: ['batch.failed', 'batch.succeeded'] },
        { name: 'acme', subscribedEvents: ['video.generated'] },
      ],
      signingSecretRotation: { days: 3 },
      dynamicTokenRotation: { days: 0 },
      repairWebhook: true,
      consumers: {
        ...{ organizationId: 'o-a1b2c3d4e5', accountIds: ['123456789012'] },
        projects: [{ project: 'acme', eventBusArn: 'arn:aws:events:eu-west-1:123456789012:event-bus/team' }],
      },
      reconciliation: { interval: { minutes: 20 }, horizon: { hours: 3 } },
      jobLedger: { batchSize: 10, batchingWindow: { seconds: 0 } },
      quarantine: { maxPerHour: 5 },
      customDomain: DOMAIN,
      publicUrl: 'https://hooks.example.com',
      originHeader: { name: 'x-origin-verify', secretName: 'webhooks/origin' },
      jwtAudiences: ['a', 'b'],
      recordTtl: { hours: 72 },
      throttleRate: 20,
      throttleBurst: 21,
      verifierReservedConcurrency: 22,
      logRetention: 'THREE_DAYS',
      archiveRetention: { days: 3 },
      maxConcurrency: { video: 7 },
      maxOutputSize: { gibibytes: 3 },
      encryptionKey: 'arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012',
      regionalFeatures: { archive: false },
      removalPolicy: 'DESTROY',
      noncurrentVersionExpiration: { days: 4 },
    };
    const expected = {
      stackName: 'Webhooks-Prod',
      tags: { team: 'platform' },
      encryptionKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012',
      webhooks: {
        monitoring: Monitoring.alarms({
          ...{
            email: 'on-call@example.com',
            topicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms',
            noDeliveryHours: 3,
          },
          runbookUrl: 'https://wiki.example.com/runbook',
          overrides: { 'slow-answers': { threshold: 5000 }, 'payload-mismatch': false },
        }),
        projects: [
          {
            ...{ name: 'default', apiKeySecretName: 'team/gemini-key' },
            subscribedEvents: ['batch.failed', 'batch.succeeded'],
          },
          { name: 'acme', apiKeySecretName: 'gemini-webhooks/acme/api-key', subscribedEvents: ['video.generated'] },
        ],
        signingSecretRotation: Duration.days(3),
        dynamicTokenRotation: Duration.days(0),
        repairWebhook: true,
        consumers: {
          ...{ organizationId: 'o-a1b2c3d4e5', accountIds: ['123456789012'] },
          projects: [{ project: 'acme', eventBusArn: 'arn:aws:events:eu-west-1:123456789012:event-bus/team' }],
        },
        reconciliation: {
          ...{ interval: Duration.minutes(20), gracePeriod: Duration.minutes(10) },
          ...{ horizon: Duration.hours(3), interactionRetention: Duration.days(1) },
        },
        jobLedger: { batchSize: 10, batchingWindow: Duration.seconds(0), maxConcurrency: 2 },
        quarantine: { maxPerHour: 5, retention: Duration.days(7) },
        customDomain: DOMAIN,
        publicUrl: 'https://hooks.example.com',
        originHeader: { name: 'x-origin-verify', secretName: 'webhooks/origin' },
        jwtAudiences: ['a', 'b'],
        recordTtl: Duration.hours(72),
        throttleRate: 20,
        throttleBurst: 21,
        verifierReservedConcurrency: 22,
        logRetention: 3,
        archiveRetention: Duration.days(3),
        maxConcurrency: { batch: 2, interaction: 2, video: 7 },
        maxOutputSize: Size.gibibytes(3),
        regionalFeatures: { archive: false },
        removalPolicy: RemovalPolicy.DESTROY,
        noncurrentVersionExpiration: Duration.days(4),
      },
    };

    expect(parseConfig({ 'gemini-webhooks': configuration })).toEqual(expected);
    // As `-c gemini-webhooks='{…}'` gives it.
    expect(parseConfig({ 'gemini-webhooks': JSON.stringify(configuration) })).toEqual(expected);
  });

  it('makes the stack, with tags on it and everything encrypted with the key', () => {
    const keyArn = 'arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012';
    const { stackName, ...props } = parse({ encryptionKey: keyArn, tags: { team: 'platform' }, stackName: 'Mine' });
    const stack = new WebhooksStack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), stackName, props);

    Template.fromStack(stack).allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: keyArn });
    expect(stack.stackName).toBe('Mine');
    expect(stack.tags.tagValues()).toEqual({ application: 'gemini-webhooks', team: 'platform' });
  });

  it.each([
    [{ stackName: '1st' }, 'stackName is "1st"; give letters, digits and dashes, a letter first, at most 128.'],
    [{ tags: { team: 7 } }, 'tags.team is 7; give at most 256 characters.'],
    [{ monitoring: {} }, 'monitoring reaches nobody; give email or topicArn, or optOut with a sentence'],
    [
      { monitoring: { email: 'a@example.com', optOut: 'Nobody is on call.' } },
      'monitoring has a destination, and opts out',
    ],
    [{ monitoring: { email: 'nobody' } }, 'monitoring.email is "nobody"; give one e-mail address.'],
    [{ monitoring: { topicArn: 'alarms' } }, 'monitoring.topicArn is "alarms"; give the ARN of an SNS topic'],
    [{ monitoring: { optOut: ' no ' } }, 'monitoring.optOut is " no "; give a sentence that says who watches instead.'],
    [{ monitoring: { optOut: true } }, 'monitoring.optOut is true; give a sentence that says who watches instead.'],
    [
      { monitoring: { email: 'a@example.com', noDeliveryHours: 200 } },
      'monitoring.noDeliveryHours is 200; give a whole number from 1 to 168.',
    ],
    [
      { monitoring: { email: 'a@example.com', overrides: { 'slow-answers': { treshold: 1 } } } },
      'monitoring.overrides["slow-answers"].treshold is no key; did you mean monitoring.overrides.<name>.threshold?',
    ],
    [
      { monitoring: { email: 'a@example.com', overrides: { 'slow-answers': { evaluationPeriods: 0 } } } },
      'monitoring.overrides["slow-answers"].evaluationPeriods is 0; give a whole number from 1 to 100.',
    ],
    [
      { monitoring: { email: 'a@example.com', overrides: { 'slow-answers': true } } },
      'monitoring.overrides["slow-answers"] is true; give false, or an object with "threshold"',
    ],
    [
      { projects: [{ name: 'a', apikey: 'b' }] },
      'projects[0].apikey is no key; remove it; docs/configuration.md lists all keys.',
    ],
    [{ projects: 'a, b' }, 'projects is "a, b"; give a list.'],
    [
      { projects: [{ name: 'a', apiKeySecretName: 'arn:aws:secretsmanager:eu-west-1:1:secret:key' }] },
      "give the secret's name, not its ARN",
    ],
    [{ projects: [] }, 'projects is []; give 1 to 8 of them.'],
    [
      { projects: Array.from({ length: 9 }, (_, index) => ({ name: `s${index}` })) },
      'projects is [{"name":"s0"},{"name":"s1"},{"name":"s2"},{"name":"s3"},{"name":"s4"},{"name":"s5"},{"name":"s6"},{"name":"s7"},{"name":"s8"}]; give 1 to 8 of them.',
    ],
    [{ projects: [{ name: 'a' }, { name: 'a', apiKeySecretName: 'b' }] }, 'two projects have the name "a"'],
    [
      { projects: [{ name: 'team1' }, { name: 'team-1' }] },
      'the project names "team1" and "team-1" differ by dashes alone, which no logical id shows; rename one.',
    ],
    [{ projects: [{ name: 'a', subscribedEvents: [] }] }, 'projects[0].subscribedEvents is []; give 1 to 7 of them.'],
    [{ signingSecretRotation: { days: 1 } }, 'signingSecretRotation is {"days":1}; give 2 days to 1000 days'],
    [{ signingSecretRotation: { hours: 60 } }, 'signingSecretRotation is {"hours":60}; give 2 days to 1000 days'],
    [{ dynamicTokenRotation: { days: 4 } }, 'dynamicTokenRotation is {"days":4}; give 5 days to 1000 days'],
    [{ recordTtl: 'P7D' }, 'recordTtl is "P7D"; give a duration such as {"hours": 12}: 2 days to 365 days'],
    [{ recordTtl: { days: 7, hours: 1 } }, 'recordTtl is {"days":7,"hours":1}; give a duration such as'],
    [{ recordTtl: { weeks: 1 } }, 'recordTtl is {"weeks":1}; give a duration such as'],
    [{ recordTtl: { days: -7 } }, 'recordTtl is {"days":-7}; give a duration such as'],
    [{ recordTtl: { days: 1 } }, 'give 2 days to 365 days, in whole seconds, because Gemini retries a delivery for 24'],
    [
      { reconciliation: { interval: { minutes: 4 } } },
      'reconciliation.interval is {"minutes":4}; give 5 minutes to 1 hour',
    ],
    [{ reconciliation: { gracePeriod: { seconds: 90 } } }, 'reconciliation.gracePeriod is {"seconds":90}; give '],
    [{ reconciliation: { horizon: { days: 8 } } }, 'reconciliation.horizon is {"days":8}; give '],
    [{ reconciliation: { interactionRetention: { days: 56 } } }, 'give 1 day to 55 days'],
    [{ jobLedger: { batchSize: 1001 } }, 'jobLedger.batchSize is 1001; give a whole number from 1 to 1000.'],
    [
      { jobLedger: { maxConcurrency: 1 } },
      'jobLedger.maxConcurrency is 1; give a whole number from 2 to 1000; SQS knows',
    ],
    [
      { jobLedger: { batchSize: 11, batchingWindow: { seconds: 0 } } },
      'jobLedger.batchingWindow is 0 with a batchSize over 10; give at least a second.',
    ],
    [{ quarantine: { maxPerHour: 0 } }, 'quarantine.maxPerHour is 0; give a whole number from 1 to 10000.'],
    [{ quarantine: true }, 'quarantine is true; give an object with "maxPerHour", "retention".'],
    [{ quarantine: { retention: { days: 32 } } }, 'quarantine.retention is {"days":32}; give 1 hour to 31 days'],
    [{ repairWebhook: 'yes' }, 'repairWebhook is "yes"; give true or false.'],
    [{ customDomain: 'hooks.example.com' }, 'customDomain is "hooks.example.com"; give an object with "domainName"'],
    [
      { customDomain: { ...DOMAIN, hostedZoneName: 'xample.com' } },
      'customDomain.domainName is "hooks.example.com"; give a name within "xample.com".',
    ],
    [{ publicUrl: 'http://a.example' }, 'publicUrl is "http://a.example"; give "https://" and a host'],
    [{ publicUrl: 'https://a.example/path' }, 'publicUrl is "https://a.example/path"'],
    [
      { publicUrl: 'https://a.example', originHeader: { name: 'X-Origin', secretName: 's' } },
      'originHeader.name is "X-Origin"',
    ],
    [
      { publicUrl: 'https://a.example', originHeader: { name: 'webhook-id', secretName: 's' } },
      'originHeader.name is "webhook-id"',
    ],
    [{ jwtAudiences: ['a b'] }, 'jwtAudiences[0] is "a b"; give an audience without spaces and commas.'],
    [{ throttleRate: 0 }, 'throttleRate is 0; give a whole number from 1 to 10000.'],
    [{ throttleBurst: true }, 'throttleBurst is true; give a whole number from 1 to 5000.'],
    [{ verifierReservedConcurrency: 0 }, 'verifierReservedConcurrency is 0; give a whole number from 1 to 1000.'],
    [{ logRetention: 'THREE_DAY' }, 'logRetention is "THREE_DAY"; did you mean "THREE_DAYS"?'],
    [{ archiveRetention: { days: 0 } }, 'archiveRetention is {"days":0}; give 1 day to 3650 days, in whole days.'],
    [
      { maxConcurrency: { batch: 1 } },
      'maxConcurrency.batch is 1; give a whole number from 2 to 1000; SQS knows no smaller',
    ],
    [{ maxConcurrency: { videos: 5 } }, 'maxConcurrency.videos is no key; did you mean maxConcurrency.video?'],
    [{ maxConcurrency: { video: null } }, 'maxConcurrency.video is null; give a whole number from 2 to 1000'],
    [{ maxOutputSize: { gibibytes: 79 } }, 'maxOutputSize is {"gibibytes":79}; give 1 to 78 GiB, which an upload'],
    [{ maxOutputSize: 20 }, 'maxOutputSize is 20; give a size such as {"gibibytes": 20}.'],
    [{ encryptionKey: 'alias/mine' }, 'encryptionKey is "alias/mine"; give the ARN of a key of KMS'],
    [{ removalPolicy: 'KEEP' }, 'removalPolicy is "KEEP"; give one of "RETAIN", "DESTROY".'],
    [{ noncurrentVersionExpiration: [] }, 'noncurrentVersionExpiration is []; give a duration such as'],
    [
      { consumers: { organizationId: 'acme' } },
      'consumers.organizationId is "acme"; give the id of an AWS organization',
    ],
    [{ consumers: { accountIds: ['12'] } }, 'consumers.accountIds[0] is "12"; give twelve digits.'],
    [
      { consumers: { projects: [{ project: 'default', eventBusArn: 'team' }] } },
      'consumers.projects[0].eventBusArn is "team"; give the ARN of a bus',
    ],
    [{ consumers: {} }, 'consumers names nobody; leave it out.'],
  ])('refuses %j with what to do', (configuration, fault) => {
    const faults = faultsIn({ 'gemini-webhooks': { monitoring: MONITORING, ...configuration } });

    expect(faults).toEqual([expect.stringContaining(`- ${fault}`.replace(/^- (?=give)/, ''))]);
  });

  it('is refused with every fault at once', () => {
    const configuration = {
      recordTtl: { days: 1 },
      projects: [
        { name: 'one', apiKeySecretName: 'same' },
        { name: 'two', subscribedEvents: ['batch.suceeded', 'batch.cancelled'] },
        { name: 'Two' },
      ],
      maxConcurency: { video: 2 },
      colour: 'blue',
    };
    const offered =
      'give one of "batch.succeeded", "batch.expired", "batch.failed", "interaction.requires_action", "interaction.completed", "interaction.failed", "video.generated".';

    expect(faultsIn({ 'gemini-webhooks': configuration, 'gemini-webhooks:alarmEmail': 'a@example.com' })).toEqual([
      '- monitoring is missing; give {"email": "…"} or {"topicArn": "…"}, or {"optOut": "…"} with a sentence that says who watches instead.',
      `- projects[1].subscribedEvents[0] is "batch.suceeded"; did you mean "batch.succeeded"? Otherwise ${offered}`,
      expect.stringMatching(/^- projects\[1\]\.subscribedEvents\[1\] is "batch\.cancelled"; /),
      '- projects[2].name is "Two"; give small letters, digits and single dashes, at most 32, a letter first.',
      '- recordTtl is {"days":1}; give 2 days to 365 days, in whole seconds, because Gemini retries a delivery for 24 hours.',
      '- maxConcurency is no key; did you mean maxConcurrency?',
      '- colour is no key; remove it; docs/configuration.md lists all keys.',
      '- gemini-webhooks:alarmEmail is no context key of this app, which has "gemini-webhooks" alone; did you mean monitoring.email?',
    ]);
  });

  it('is refused for what several values make together', () => {
    const projects = [
      { name: 'one', apiKeySecretName: 'same' },
      { name: 'two', apiKeySecretName: 'same' },
    ];
    const consumer = { project: 'acme', eventBusArn: 'arn:aws:events:eu-west-1:123456789012:event-bus/team' };

    expect(faultsIn({ 'gemini-webhooks': { monitoring: MONITORING, projects } })).toEqual([
      '- two projects take their API key from "same"; they would be one project, and every event would come twice.',
    ]);
    expect(
      faultsIn({
        'gemini-webhooks': {
          ...{ monitoring: MONITORING, recordTtl: { days: 2 }, reconciliation: { horizon: { days: 3 } } },
          ...{ consumers: { projects: [consumer] }, originHeader: { name: 'x-origin', secretName: 'origin' } },
        },
      }),
    ).toEqual([
      '- reconciliation.horizon is 3 days and recordTtl 2 days; give a horizon that is not longer.',
      '- originHeader is given without publicUrl; Gemini sends no such header, so that every delivery would be refused.',
      '- consumers.projects has "acme"; give one of default.',
    ]);
  });

  it.each([
    ['gemini-webhooks:alarmEmail', 'did you mean monitoring.email?'],
    ['gemini-webhooks:logRetentionDays', 'did you mean logRetention?'],
    ['gemini-webhooks:reconcileIntervalMinutes', 'did you mean reconciliation.interval?'],
    ['gemini-webhook:stackName', 'did you mean stackName?'],
    ['geminiWebhooks', 'remove it; docs/configuration.md lists all keys.'],
    ['gemini-webhooks:colour', 'remove it; docs/configuration.md lists all keys.'],
    ['alarmEmail', 'did you mean monitoring.email?'],
    ['maxOutputGiB', 'did you mean maxOutputSize?'],
    ['removalPolicy', 'did you mean removalPolicy?'],
  ])('has one key, and %s is another', (key, remedy) => {
    expect(faultsIn({ 'gemini-webhooks': { monitoring: MONITORING }, [key]: 'x' })).toEqual([
      `- ${key} is no context key of this app, which has "gemini-webhooks" alone; ${remedy}`,
    ]);
  });

  it('leaves the keys of others alone', () => {
    const others = { 'acme:owner': 'x', 'cli-telemetry': true, account: '1', '@aws-cdk/core:anything': true };

    expect(faultsIn({ 'gemini-webhooks': { monitoring: MONITORING }, ...others })).toEqual([]);
  });

  it('is refused when its text is no JSON', () => {
    expect(faultsIn({ 'gemini-webhooks': '{monitoring: 1}' })).toEqual([
      expect.stringMatching(/^- the text is no JSON \(.*\); quote it for the shell\.$/),
    ]);
  });
});

it.each([
  ['a'.repeat(32), true],
  ['a'.repeat(33), false],
  [`a${'-a'.repeat(15)}b`, true],
  [`a${'-a'.repeat(31)}`, false],
  ['acme--eu', false],
  ['acme-', false],
  ['1acme', false],
])('a project may be called %s: %s', (name, isValid) => {
  const fault = 'give small letters, digits and single dashes, at most 32, a letter first.';

  expect(faultsIn({ 'gemini-webhooks': { monitoring: MONITORING, projects: [{ name }] } })).toEqual(
    isValid ? [] : [expect.stringContaining(fault)],
  );
});

it('checks the props of the construct by the same list, all at once and as the CDK writes them', () => {
  const make = () =>
    newStack({
      ...{ projects: [{ name: 'A' }], signingSecretRotation: Duration.hours(12), recordTtl: Duration.hours(47) },
      ...{ jobLedger: { batchingWindow: Duration.millis(500) }, maxOutputSize: Size.gibibytes(79) },
    });

  expect(make).toThrow(
    new ConfigurationError('props', [
      'projects[0].name is "A"; give small letters, digits and single dashes, at most 32, a letter first.',
      'signingSecretRotation is Duration.hours(12); give 2 days to 1000 days, in whole days, or 0 days to switch it off.',
      'jobLedger.batchingWindow is Duration.millis(500); give 0 seconds to 1 minute, in whole seconds.',
      'recordTtl is Duration.hours(47); give 2 days to 365 days, in whole seconds, because Gemini retries a delivery for 24 hours.',
      'maxOutputSize is Size.gibibytes(79); give 1 to 78 GiB, which an upload of 10,000 parts holds.',
    ]),
  );
});
