/**
 * Where Gemini posts to: an HTTP API with two routes for each project, throttled and logged, and the verifier function
 * behind it.
 */
import { Aws, CfnOutput, Duration, Fn, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  ApiMapping,
  type CfnStage,
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
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { AaaaRecord, ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import { ENV, pathsOf } from '../lambda/contract.ts';
import type { CustomDomain } from './gemini-webhooks-props.ts';
import { metricNamespace, REQUESTS_OVERSIZED, REQUESTS_THROTTLED } from './monitoring/metrics.ts';
import { NodeFunction } from './node-function.ts';
import type { ProjectSecrets } from './project-secrets.ts';
import { ServiceLogGroup } from './service-log-group.ts';
import { settingsOf } from './settings.ts';
import { acknowledge } from './shared/nag-acknowledgement.ts';

/** Gemini waits "a few seconds" for an answer; a function that needs longer has lost its caller already. */
const VERIFIER_TIMEOUT = Duration.seconds(10);

/** Longer than the function can run: while a lease holds, its owner may still publish. */
const LEASE = Duration.seconds(15);

/**
 * The stage's name, and so a part of every URL: the UUID that ends the stack's id. It is no secret, the signature decides; but
 * who does not know it gets a 404 without the function, and uses up nobody's throttle.
 */
const STAGE_NAME = Fn.select(2, Fn.split('/', Aws.STACK_ID));

/**
 * What the access log has of a request. Never the path, which holds the dynamic URL's token, and nothing of query or
 * headers. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
 */
const ACCESS_LOG_FIELDS = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  routeKey: '$context.routeKey',
  status: '$context.status',
  sourceIp: '$context.identity.sourceIp',
  protocol: '$context.protocol',
  dataProcessed: '$context.dataProcessed',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  integrationLatency: '$context.integrationLatency',
  integrationStatus: '$context.integrationStatus',
  integrationRequestId: '$context.integration.requestId',
  integrationError: '$context.integrationErrorMessage',
  errorResponseType: '$context.error.responseType',
};

export interface DoorProps {
  readonly table: ITableV2;
  /** What is known of jobs. */
  readonly ledgerTable: ITableV2;
  readonly eventBus: IEventBus;
  /** What the deliveries of each Gemini project verify with. */
  readonly projects: readonly ProjectSecrets[];
  /** Variables of the quarantine; none while nothing is quarantined. */
  readonly quarantine: { readonly [name: string]: string };
}

export class Door extends Construct {
  readonly api: HttpApi;
  readonly verifier: LambdaFunction;
  readonly verifierRole: Role;
  /** Of the verifier, for who does what it does. */
  readonly environment: { readonly [name: string]: string };
  /** `https://<host>/<stage>` */
  private readonly root: string;

  constructor(scope: Construct, id: string, props: DoorProps) {
    super(scope, id);
    const { recordTtl, originHeader, publicUrl, customDomain, jwtAudiences, ...settings } = settingsOf(this);

    this.environment = {
      [ENV.tableName]: props.table.tableName,
      [ENV.ledgerTableName]: props.ledgerTable.tableName,
      [ENV.eventBusName]: props.eventBus.eventBusName,
      [ENV.projects]: Stack.of(this).toJsonString(
        Object.fromEntries(
          props.projects.map(({ projectName, signingSecret, dynamicTokenSecret }) => [
            projectName,
            { signingSecretId: signingSecret.secretArn, dynamicTokenSecretId: dynamicTokenSecret.secretArn },
          ]),
        ),
      ),
      [ENV.recordTtlSeconds]: String(recordTtl.toSeconds()),
      [ENV.leaseSeconds]: String(LEASE.toSeconds()),
      ...(originHeader && {
        [ENV.originHeader]: originHeader.name,
        [ENV.originSecretId]: originHeader.secretName,
      }),
      ...(jwtAudiences.length > 0 && { [ENV.jwtAudiences]: jwtAudiences.join(',') }),
      ...props.quarantine,
    };
    const handler = new NodeFunction(this, 'Verifier', {
      description: 'Verifies deliveries of Gemini webhooks and puts them on the event bus, each once.',
      name: 'verifier',
      // Needs far less memory; the CPU that comes with it shortens the TLS handshakes of a cold start.
      memorySize: 512,
      timeout: VERIFIER_TIMEOUT,
      reservedConcurrency: settings.verifierReservedConcurrency,
      invokedBy: 'Never invoked asynchronously: the HTTP API waits for its answer, and Gemini tries again.',
      environment: { ...this.environment },
    });
    this.verifier = handler.function;
    this.verifierRole = handler.role;

    this.api = new HttpApi(this, 'Api', {
      apiName: Stack.of(this).stackName,
      description: 'Webhooks from the Gemini API.',
      createDefaultStage: false,
      disableExecuteApiEndpoint: customDomain !== undefined,
    });
    const domain = customDomain && this.addDomain(customDomain);
    const apiUrl = domain ? `https://${domain.name}` : this.api.apiEndpoint;
    this.root = `${publicUrl ?? apiUrl}/${STAGE_NAME}`;
    if (publicUrl !== undefined) {
      new CfnOutput(this, 'ApiUrl', {
        value: apiUrl,
        description: `The API, for what stands before it at ${publicUrl}.`,
      });
    }

    const integration = new HttpLambdaIntegration('VerifierIntegration', this.verifier);
    const paths = props.projects.flatMap(({ projectName }) => Object.values(pathsOf(projectName)));
    const routes = paths.flatMap((path) => this.api.addRoutes({ path, methods: [HttpMethod.POST], integration }));
    for (const route of routes) {
      acknowledge(route, {
        'AwsSolutions-APIG4':
          'The verifier authorizes: a delivery is signed over its body, which API Gateway authorizers do not see.',
      });
    }
    const stage = this.addStage();
    // What has no settings of its own shares those of the stage: junk on one route would use up the others'.
    const throttle = { ThrottlingRateLimit: settings.throttleRate, ThrottlingBurstLimit: settings.throttleBurst };
    const cfnStage = stage.node.defaultChild as CfnStage;
    cfnStage.routeSettings = Object.fromEntries(paths.map((path) => [`POST ${path}`, throttle]));
    // A setting for a route that is not there is refused.
    cfnStage.node.addDependency(...routes);
    if (domain !== undefined) {
      new ApiMapping(this, 'Mapping', { api: this.api, domainName: domain, stage, apiMappingKey: STAGE_NAME });
    }
  }

  /** Of the project's static webhook. */
  webhookUrl(project: string): string {
    return this.root + pathsOf(project).static;
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

  private addStage(): HttpStage {
    const { throttleRate: rateLimit, throttleBurst: burstLimit } = settingsOf(this);
    const accessLog = new ServiceLogGroup(this, 'AccessLog', { purpose: 'access' });
    // Not all of very many are logged. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-monitor.html
    const count = (id: string, metricName: string, pattern: string) =>
      new MetricFilter(this, id, {
        ...{ logGroup: accessLog, filterPattern: FilterPattern.literal(pattern) },
        ...{ metricNamespace: metricNamespace(this), metricName, metricValue: '1' },
      });
    count('Throttled', REQUESTS_THROTTLED, '{ $.status = "429" }');
    // An HTTP API takes 10 MB, and Lambda 6 MB, which are 4.5 MB in base64.
    count('Oversized', REQUESTS_OVERSIZED, '{ $.status = "5*" && $.dataProcessed = %^[4-9][0-9]{6}$|^1[0-9]{7}$% }');
    return new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: STAGE_NAME,
      autoDeploy: true,
      throttle: { rateLimit, burstLimit },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS)),
      },
    });
  }
}
