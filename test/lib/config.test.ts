import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, parseConfig } from '../../lib/config.ts';

describe('parseConfig', () => {
  it('leaves everything but the stack name to the construct when nothing is given', () => {
    const config = parseConfig({ '@aws-cdk/core:anything': true, 'aws:cdk:bundling-stacks': [] });

    expect(config.stackName).toBe('GeminiWebhooks');
    expect(Object.values(config.webhooks).filter((value) => value !== undefined)).toEqual([]);
  });

  it.each([
    { name: 'typed values of cdk.json', days: 3, rate: 20, audiences: ['a', 'b'] },
    { name: 'strings of -c', days: '3', rate: '20', audiences: 'a, b' },
  ])('takes $name', ({ days, rate, audiences }) => {
    const config = parseConfig({
      'gemini-webhooks:stackName': 'Webhooks-Prod',
      'gemini-webhooks:apiKeySecretName': 'team/gemini-key',
      'gemini-webhooks:signingSecretName': 'team/signing',
      'gemini-webhooks:dynamicTokenSecretName': 'team/token',
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
        apiKeySecretName: 'team/gemini-key',
        signingSecretName: 'team/signing',
        dynamicTokenSecretName: 'team/token',
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
    ['signingSecretName', '', "give the secret's name, not its ARN"],
    ['dynamicTokenSecretName', 7, "give the secret's name, not its ARN"],
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
    ['maxOutputGiB', 51, 'give a whole number of GiB from 1 to 50; a fetch has 15 minutes'],
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
        'gemini-webhooks:apiKeySecretName': 'same',
        'gemini-webhooks:signingSecretName': 'same',
        'gemini-webhooks:maxConcurencyVideo': 2,
        'gemini-webhook:stackName': 'Mine',
        'gemini-webhooks:colour': 'blue',
      });

    expect(parse).toThrow(
      [
        'The configuration does not hold:',
        '- gemini-webhooks:recordTtlDays is 1; give a whole number of days from 2 to 365, because Gemini retries a delivery for 24 hours.',
        '- "same" names two of the secrets; give each its own secret.',
        '- gemini-webhooks:maxConcurencyVideo is not a key of this app; did you mean gemini-webhooks:maxConcurrencyVideo?',
        '- gemini-webhook:stackName is not a key of this app; did you mean gemini-webhooks:stackName?',
        '- gemini-webhooks:colour is not a key of this app; remove it.',
        'Correct "context" in cdk.json, or the -c options of the command.',
      ].join('\n'),
    );
  });
});
