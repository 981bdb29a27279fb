import { describe, expect, it } from 'vitest';
import { resourceOf, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();
const stage = resourceOf(template, 'AWS::ApiGatewayV2::Stage', 'GeminiWebhooksDoor').Properties;
const accessLog = stage['AccessLogSettings'] as { Format: string };

describe('Door', () => {
  it('has the static and the dynamic route, both POST, and no other', () => {
    const routes = Object.values(resourcesOf(template, 'AWS::ApiGatewayV2::Route'));

    expect(routes.map((route) => route.Properties['RouteKey'])).toEqual([
      'POST /webhooks/gemini',
      'POST /webhooks/gemini/dynamic/{token}',
    ]);
  });

  it('hands both routes to one integration of the verifier with payload format 2.0', () => {
    template.resourceCountIs('AWS::ApiGatewayV2::Integration', 1);
    template.hasResourceProperties('AWS::ApiGatewayV2::Integration', {
      IntegrationType: 'AWS_PROXY',
      PayloadFormatVersion: '2.0',
      IntegrationUri: { 'Fn::GetAtt': ['GeminiWebhooksDoorVerifierFunction', 'Arn'] },
    });
  });

  it('is in a stage whose name ends the id of the stack, so that no stranger knows its URL', () => {
    const uuid = { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] };
    const { Properties } = resourceOf(template, 'Custom::GeminiWebhook', 'GeminiWebhooksDefaultWebhook');

    expect(stage).toMatchObject({ StageName: uuid, AutoDeploy: true });
    expect(Properties['Uri']).toEqual({
      'Fn::Join': ['', [{ 'Fn::GetAtt': ['GeminiWebhooksDoorApi', 'ApiEndpoint'] }, '/', uuid, '/webhooks/gemini']],
    });
  });

  it('throttles each route by itself, and settles that once the routes are there', () => {
    const settings = { ThrottlingRateLimit: 1000, ThrottlingBurstLimit: 1000 };

    expect(stage).toMatchObject({
      DefaultRouteSettings: settings,
      RouteSettings: { 'POST /webhooks/gemini': settings, 'POST /webhooks/gemini/dynamic/{token}': settings },
    });
    const { DependsOn } = resourceOf(template, 'AWS::ApiGatewayV2::Stage', 'GeminiWebhooksDoor') as unknown as {
      DependsOn: string[];
    };
    expect(DependsOn).toEqual(expect.arrayContaining(Object.keys(resourcesOf(template, 'AWS::ApiGatewayV2::Route'))));
  });

  it('reserves executions for the verifier alone, and none unless asked', () => {
    const reserved = synthesize({ verifierReservedConcurrency: 40 });
    const reservations = (of: typeof template) =>
      Object.entries(resourcesOf(of, 'AWS::Lambda::Function')).flatMap(([id, { Properties }]) =>
        'ReservedConcurrentExecutions' in Properties ? [[id, Properties['ReservedConcurrentExecutions']]] : [],
      );

    expect(reservations(template)).toEqual([]);
    expect(reservations(reserved)).toEqual([['GeminiWebhooksDoorVerifierFunction', 40]]);
  });

  it('logs each request as one line of JSON with the route key, and nothing that the sender wrote', () => {
    const variables = Object.values(JSON.parse(accessLog.Format));

    expect(accessLog.Format).not.toContain('\n');
    expect(variables).toEqual([
      '$context.requestId',
      '$context.requestTime',
      '$context.routeKey',
      '$context.status',
      '$context.identity.sourceIp',
      '$context.protocol',
      '$context.dataProcessed',
      '$context.responseLength',
      '$context.responseLatency',
      '$context.integrationLatency',
      '$context.integrationStatus',
      '$context.integration.requestId',
      '$context.integrationErrorMessage',
      '$context.error.responseType',
    ]);
  });

  it('gives the verifier a lease that is longer than its timeout, and no variable for JWTs', () => {
    const { Properties } = resourceOf(template, 'AWS::Lambda::Function', 'GeminiWebhooksDoorVerifier');

    expect(Properties['Timeout']).toBe(10);
    expect(Properties['Environment']).toEqual({
      Variables: {
        TABLE_NAME: { Ref: 'GeminiWebhooksIdempotencyTableDeliveries' },
        LEDGER_TABLE_NAME: { Ref: 'GeminiWebhooksJobLedgerTable' },
        EVENT_BUS_NAME: { Ref: 'GeminiWebhooksEventBus' },
        PROJECTS: {
          'Fn::Join': [
            '',
            [
              '{"default":{"signingSecretId":"',
              { Ref: 'GeminiWebhooksDefaultSecretsSigningSecret' },
              '","dynamicTokenSecretId":"',
              { Ref: 'GeminiWebhooksDefaultSecretsDynamicToken' },
              '"}}',
            ],
          ],
        },
        RECORD_TTL_SECONDS: '604800',
        LEASE_SECONDS: '15',
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_METRICS_NAMESPACE: { 'Fn::Join': ['', ['GeminiWebhooks/', { Ref: 'AWS::StackName' }]] },
      },
    });
  });

  it('gives the verifier the audiences of JWTs when there are any', () => {
    const withAudiences = synthesize({ jwtAudiences: ['first', 'second'] });

    withAudiences.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { JWT_AUDIENCES: 'first,second' } },
    });
  });
});
