/** Where Gemini posts to: an HTTP API with two routes, throttled and logged, and the verifier function behind it. */
import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { ENV, ROUTE } from '../lambda/contract.ts';
import { acknowledge } from './nag-acknowledgement.ts';
import { NodeFunction } from './node-function.ts';

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
  readonly signingSecret: ISecret;
  readonly dynamicTokenSecret: ISecret;
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
  /** The URL to register as a static webhook at Gemini. */
  readonly webhookUrl: string;

  constructor(scope: Construct, id: string, props: DoorProps) {
    super(scope, id);

    const handler = new NodeFunction(this, 'Verifier', {
      description: 'Verifies deliveries of Gemini webhooks and puts them on the event bus, each once.',
      entry: join(props.handlersPath, 'verifier.ts'),
      // Needs far less memory; the CPU that comes with it shortens the TLS handshakes of a cold start.
      memorySize: 512,
      timeout: VERIFIER_TIMEOUT,
      logRetention: props.logRetention,
      environment: {
        [ENV.tableName]: props.table.tableName,
        [ENV.eventBusName]: props.eventBus.eventBusName,
        [ENV.signingSecretId]: props.signingSecret.secretName,
        [ENV.dynamicTokenSecretId]: props.dynamicTokenSecret.secretName,
        [ENV.recordTtlSeconds]: String(props.recordTtl.toSeconds()),
        [ENV.leaseSeconds]: String(LEASE.toSeconds()),
        ...(props.jwtAudiences.length > 0 && { [ENV.jwtAudiences]: props.jwtAudiences.join(',') }),
      },
    });
    this.verifier = handler.function;
    this.verifierRole = handler.role;

    this.api = new HttpApi(this, 'Api', {
      apiName: Stack.of(this).stackName,
      description: 'Webhooks from the Gemini API.',
      createDefaultStage: false,
    });
    this.addStage(props);

    const integration = new HttpLambdaIntegration('VerifierIntegration', this.verifier);
    for (const routeKey of Object.values(ROUTE)) {
      const path = routeKey.replace('POST ', '');
      for (const route of this.api.addRoutes({ path, methods: [HttpMethod.POST], integration })) {
        acknowledge(route, {
          'AwsSolutions-APIG4':
            'The verifier authorizes: a delivery is signed over its body, which API Gateway authorizers do not see.',
        });
      }
    }
    this.webhookUrl = `${this.api.apiEndpoint}${ROUTE.static.replace('POST ', '')}`;
  }

  private addStage(props: DoorProps): void {
    const accessLog = new LogGroup(this, 'AccessLog', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: props.throttleRate, burstLimit: props.throttleBurst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS)),
      },
    });
  }
}
