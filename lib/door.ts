/**
 * Where Gemini posts to: an HTTP API with two routes for each source, throttled and logged, and the verifier function
 * behind it.
 */
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  DomainName,
  HttpApi,
  HttpMethod,
  HttpStage,
  IpAddressType,
  LogGroupLogDestination,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { AaaaRecord, ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import { ENV, pathsOf } from '../lambda/contract.ts';
import type { CustomDomain } from './gemini-webhooks-props.ts';
import { metricNamespace, REQUESTS_THROTTLED } from './monitoring/metrics.ts';
import { acknowledge } from './nag-acknowledgement.ts';
import { NodeFunction } from './node-function.ts';
import { ServiceLogGroup } from './service-log-group.ts';
import type { SourceSecrets } from './source-secrets.ts';

/** Gemini waits "a few seconds" for an answer; a function that needs longer has lost its caller already. */
const VERIFIER_TIMEOUT = Duration.seconds(10);

/** Longer than the function can run: while a lease holds, its owner may still publish. */
const LEASE = Duration.seconds(15);

/**
 * What the access log says of a request. Never the path, which holds the dynamic URL's token, and nothing of query or
 * headers. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
 */
const ACCESS_LOG_FIELDS = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  routeKey: '$context.routeKey',
  status: '$context.status',
  sourceIp: '$context.identity.sourceIp',
  protocol: '$context.protocol',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  integrationLatency: '$context.integrationLatency',
  integrationStatus: '$context.integrationStatus',
  integrationRequestId: '$context.integration.requestId',
  integrationError: '$context.integrationErrorMessage',
  errorResponseType: '$context.error.responseType',
};

export interface DoorProps {
  /** Folder of the handler modules. */
  readonly handlersPath: string;
  readonly table: ITableV2;
  readonly eventBus: IEventBus;
  /** What the deliveries of each Gemini project verify with. */
  readonly sources: readonly SourceSecrets[];
  readonly customDomain: CustomDomain | undefined;
  /** Variables of the quarantine; none while nothing is quarantined. */
  readonly quarantine: { readonly [name: string]: string };
  /** Audiences of JWTs; none switches the scheme off. */
  readonly jwtAudiences: string[];
  readonly recordTtl: Duration;
  /** Requests a second in the long run. */
  readonly throttleRate: number;
  /** Requests at once. */
  readonly throttleBurst: number;
  readonly logRetention: RetentionDays;
}

export class Door extends Construct {
  readonly api: HttpApi;
  readonly verifier: LambdaFunction;
  readonly verifierRole: Role;
  /** Of the verifier, for who does what it does. */
  readonly environment: { readonly [name: string]: string };
  /** `https://<host>` */
  private readonly origin: string;

  constructor(scope: Construct, id: string, props: DoorProps) {
    super(scope, id);

    this.environment = {
      [ENV.tableName]: props.table.tableName,
      [ENV.eventBusName]: props.eventBus.eventBusName,
      [ENV.sources]: Stack.of(this).toJsonString(
        Object.fromEntries(
          props.sources.map(({ sourceName, signingSecret, dynamicTokenSecret }) => [
            sourceName,
            { signingSecretId: signingSecret.secretArn, dynamicTokenSecretId: dynamicTokenSecret.secretArn },
          ]),
        ),
      ),
      [ENV.recordTtlSeconds]: String(props.recordTtl.toSeconds()),
      [ENV.leaseSeconds]: String(LEASE.toSeconds()),
      ...(props.jwtAudiences.length > 0 && { [ENV.jwtAudiences]: props.jwtAudiences.join(',') }),
      ...props.quarantine,
    };
    const handler = new NodeFunction(this, 'Verifier', {
      description: 'Verifies deliveries of Gemini webhooks and puts them on the event bus, each once.',
      entry: join(props.handlersPath, 'verifier.ts'),
      // Needs far less memory; the CPU that comes with it shortens the TLS handshakes of a cold start.
      memorySize: 512,
      timeout: VERIFIER_TIMEOUT,
      logRetention: props.logRetention,
      invokedBy: 'Never invoked asynchronously: the HTTP API waits for its answer, and Gemini tries again.',
      environment: { ...this.environment },
    });
    this.verifier = handler.function;
    this.verifierRole = handler.role;

    this.api = new HttpApi(this, 'Api', {
      apiName: Stack.of(this).stackName,
      description: 'Webhooks from the Gemini API.',
      createDefaultStage: false,
      disableExecuteApiEndpoint: props.customDomain !== undefined,
    });
    const domain = props.customDomain && this.addDomain(props.customDomain);
    this.origin = domain ? `https://${domain.name}` : this.api.apiEndpoint;
    this.addStage(props, domain);

    const integration = new HttpLambdaIntegration('VerifierIntegration', this.verifier);
    for (const path of props.sources.flatMap(({ sourceName }) => Object.values(pathsOf(sourceName)))) {
      for (const route of this.api.addRoutes({ path, methods: [HttpMethod.POST], integration })) {
        acknowledge(route, {
          'AwsSolutions-APIG4':
            'The verifier authorizes: a delivery is signed over its body, which API Gateway authorizers do not see.',
        });
      }
    }
  }

  /** Of the source's static webhook. */
  webhookUrl(source: string): string {
    return this.origin + pathsOf(source).static;
  }

  private addDomain({ domainName, certificateArn, hostedZoneId, hostedZoneName: zoneName }: CustomDomain): DomainName {
    const certificate = Certificate.fromCertificateArn(this, 'Certificate', certificateArn);
    const hostedZone = HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
    const domain = new DomainName(this, 'Domain', {
      ...{ domainName, certificate, securityPolicy: SecurityPolicy.TLS_1_2 },
      // Or the AAAA record below would lead to a name that has no IPv6 address.
      ipAddressType: IpAddressType.DUAL_STACK,
    });
    const target = RecordTarget.fromAlias(
      new ApiGatewayv2DomainProperties(domain.regionalDomainName, domain.regionalHostedZoneId),
    );
    new ARecord(this, 'Ipv4', { zone: hostedZone, recordName: domainName, target });
    new AaaaRecord(this, 'Ipv6', { zone: hostedZone, recordName: domainName, target });
    return domain;
  }

  private addStage(props: DoorProps, domain: DomainName | undefined): void {
    const accessLog = new ServiceLogGroup(this, 'AccessLog', { purpose: 'access', retention: props.logRetention });
    // Not all of very many are logged. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-monitor.html
    new MetricFilter(this, 'Throttled', {
      logGroup: accessLog,
      filterPattern: FilterPattern.stringValue('$.status', '=', '429'),
      metricNamespace: metricNamespace(this),
      metricName: REQUESTS_THROTTLED,
      metricValue: '1',
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      ...(domain && { domainMapping: { domainName: domain } }),
      throttle: { rateLimit: props.throttleRate, burstLimit: props.throttleBurst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS)),
      },
    });
  }
}
