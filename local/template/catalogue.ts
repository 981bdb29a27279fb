/**
 * Every resource type that the stack may have, with the properties that the local run knows what to do with: to obey
 * them, or knowingly nothing. Anything else stops the run.
 */
import * as z from 'zod';
import { WEBHOOK_RESOURCE_TYPE } from '../../lambda/contract.ts';
import type { Identity } from './intrinsics.ts';
import { ACCOUNT, REGION } from './intrinsics.ts';

const text = z.string();
const oneOrMore = z.union([text, z.array(text)]).transform((value) => [value].flat());
/** Evaluated as IAM would; what a statement may hold besides is the evaluator's affair. */
const policy = z.looseObject({ Statement: z.array(z.looseObject({ Action: oneOrMore })) });
const inert = z.unknown().optional();

const routeSettings = z.strictObject({ ThrottlingBurstLimit: z.number(), ThrottlingRateLimit: z.number() });

/** A type with no effect here. */
function without(...properties: readonly string[]) {
  return z.strictObject(Object.fromEntries(properties.map((name) => [name, inert])));
}

export const RESOURCES = {
  'AWS::ApiGatewayV2::Api': z.strictObject({
    Name: text,
    Description: inert,
    // With a name of one's own the API has no other; the local run is synthesized without one.
    DisableExecuteApiEndpoint: z.literal(false),
    ProtocolType: z.literal('HTTP'),
  }),
  'AWS::ApiGatewayV2::Integration': z.strictObject({
    ApiId: text,
    IntegrationType: z.literal('AWS_PROXY'),
    IntegrationUri: text,
    PayloadFormatVersion: z.literal('2.0'),
  }),
  'AWS::ApiGatewayV2::Route': z.strictObject({
    ApiId: text,
    AuthorizationType: z.literal('NONE'),
    RouteKey: text,
    Target: text,
  }),
  'AWS::ApiGatewayV2::Stage': z.strictObject({
    ApiId: text,
    AutoDeploy: inert,
    StageName: text,
    AccessLogSettings: z.strictObject({ DestinationArn: text, Format: text }),
    DefaultRouteSettings: routeSettings,
    RouteSettings: z.record(text, routeSettings),
  }),
  // Nobody is notified from here, and nothing is measured.
  'AWS::CloudWatch::Alarm': z.looseObject({}),
  'AWS::CloudWatch::CompositeAlarm': z.looseObject({}),
  'AWS::CloudWatch::Dashboard': z.looseObject({}),
  'AWS::DynamoDB::GlobalTable': z.strictObject({
    AttributeDefinitions: z.array(z.strictObject({ AttributeName: text, AttributeType: z.enum(['S', 'N', 'B']) })),
    BillingMode: z.literal('PAY_PER_REQUEST'),
    GlobalSecondaryIndexes: z
      .array(
        z.strictObject({
          IndexName: text,
          KeySchema: z.array(z.strictObject({ AttributeName: text, KeyType: z.enum(['HASH', 'RANGE']) })),
          Projection: z.strictObject({ ProjectionType: z.literal('ALL') }),
        }),
      )
      .optional(),
    KeySchema: z.array(z.strictObject({ AttributeName: text, KeyType: z.enum(['HASH', 'RANGE']) })),
    Replicas: inert,
    SSESpecification: inert,
    // Items stay where they are after their time, as they do at DynamoDB for up to days.
    TimeToLiveSpecification: inert,
    WriteOnDemandThroughputSettings: inert,
  }),
  'AWS::EventSchemas::Registry': z.looseObject({}),
  'AWS::EventSchemas::Schema': z.looseObject({}),
  'AWS::Events::Archive': without('Description', 'EventPattern', 'KmsKeyIdentifier', 'RetentionDays', 'SourceArn'),
  'AWS::Events::EventBus': z.strictObject({ Name: text, Description: inert, LogConfig: inert, Policy: inert }),
  'AWS::Events::Rule': z.strictObject({
    Description: inert,
    EventBusName: text.optional(),
    /** One of the two. */
    EventPattern: z.record(text, z.unknown()).optional(),
    ScheduleExpression: text.optional(),
    State: z.literal('ENABLED'),
    Targets: z.array(
      z.strictObject({
        Id: text,
        Arn: text,
        DeadLetterConfig: z.strictObject({ Arn: text }).optional(),
        InputTransformer: z
          .strictObject({ InputPathsMap: z.record(text, z.string().regex(/^\$(?:\.[\w-]+)+$/)), InputTemplate: text })
          .optional(),
        // A target is in the same process and takes an event at once or never.
        RetryPolicy: inert,
      }),
    ),
  }),
  'AWS::IAM::Policy': z.strictObject({ PolicyDocument: policy, PolicyName: text, Roles: z.array(text) }),
  'AWS::IAM::Role': without('AssumeRolePolicyDocument'),
  'AWS::KMS::Key': z.looseObject({}),
  // Functions are invoked here by a schedule that neither repeats nor keeps what failed.
  'AWS::Lambda::EventInvokeConfig': without(
    'FunctionName',
    'MaximumEventAgeInSeconds',
    'MaximumRetryAttempts',
    'Qualifier',
  ),
  'AWS::Lambda::EventSourceMapping': z.strictObject({
    BatchSize: z.number(),
    EventSourceArn: text,
    FunctionName: text,
    FunctionResponseTypes: z.tuple([z.literal('ReportBatchItemFailures')]),
    // What is there is handed over at once.
    MaximumBatchingWindowInSeconds: inert,
    ScalingConfig: z.strictObject({ MaximumConcurrency: z.number() }),
  }),
  'AWS::Lambda::Function': z.strictObject({
    Architectures: inert,
    Code: z.strictObject({ S3Bucket: inert, S3Key: text }),
    Description: inert,
    Environment: z.strictObject({ Variables: z.record(text, text) }),
    Handler: text,
    LoggingConfig: inert,
    MemorySize: z.number(),
    // Functions share nothing here: each has processes of its own.
    ReservedConcurrentExecutions: inert,
    Role: text,
    Runtime: z.literal('nodejs24.x'),
    Timeout: z.number(),
    TracingConfig: inert,
  }),
  'AWS::Lambda::Permission': without('Action', 'FunctionName', 'Principal', 'SourceAccount', 'SourceArn'),
  'AWS::Logs::Delivery': without('DeliveryDestinationArn', 'DeliverySourceName'),
  'AWS::Logs::DeliveryDestination': without('DestinationResourceArn', 'Name', 'OutputFormat'),
  'AWS::Logs::DeliverySource': without('LogType', 'Name', 'ResourceArn'),
  'AWS::Logs::LogGroup': without('LogGroupName', 'ResourcePolicyDocument', 'RetentionInDays'),
  'AWS::Logs::MetricFilter': without('FilterPattern', 'LogGroupName', 'MetricTransformations'),
  'AWS::Logs::ResourcePolicy': without('PolicyDocument', 'PolicyName'),
  'AWS::S3::Bucket': without(
    'BucketEncryption',
    'LifecycleConfiguration',
    'OwnershipControls',
    'PublicAccessBlockConfiguration',
    'VersioningConfiguration',
  ),
  'AWS::S3::BucketPolicy': z.strictObject({ Bucket: text, PolicyDocument: policy }),
  'AWS::SNS::Subscription': z.looseObject({}),
  'AWS::SNS::Topic': z.looseObject({}),
  'AWS::SNS::TopicPolicy': z.looseObject({}),
  'AWS::SQS::Queue': z.strictObject({
    MaximumMessageSize: z.number(),
    MessageRetentionPeriod: z.number(),
    RedrivePolicy: z.strictObject({ deadLetterTargetArn: text, maxReceiveCount: z.number() }).optional(),
    SqsManagedSseEnabled: inert,
    VisibilityTimeout: z.number().optional(),
  }),
  'AWS::SQS::QueuePolicy': z.strictObject({ PolicyDocument: policy, Queues: z.array(text) }),
  'AWS::SecretsManager::RotationSchedule': z.strictObject({
    SecretId: text,
    RotationLambdaARN: text,
    // A run is over before the first rotation is due.
    RotationRules: inert,
    RotateImmediatelyOnUpdate: z.literal(false),
  }),
  'AWS::SecretsManager::Secret': z.strictObject({
    Description: inert,
    GenerateSecretString: z.strictObject({ PasswordLength: z.number(), ExcludePunctuation: z.boolean().optional() }),
  }),
  [WEBHOOK_RESOURCE_TYPE]: z.looseObject({ ServiceToken: text, ServiceTimeout: inert }),
};

export type ResourceType = keyof typeof RESOURCES;
export type PropertiesOf<Type extends ResourceType> = z.infer<(typeof RESOURCES)[Type]>;

export function isResourceType(type: string): type is ResourceType {
  return Object.hasOwn(RESOURCES, type);
}

export interface Endpoints {
  /** Of the HTTP API. */
  readonly apiUrl: string;
  /** Of everything that the functions call. */
  readonly awsUrl: string;
}

/** What `Ref` and `Fn::GetAtt` give for a resource. */
export function identify(type: ResourceType, id: string, name: unknown, endpoints: Endpoints): Identity {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
  switch (type) {
    case 'AWS::ApiGatewayV2::Api':
      return { ref: id, attributes: { ApiEndpoint: endpoints.apiUrl } };
    case 'AWS::DynamoDB::GlobalTable':
      return { ref: id, attributes: { Arn: arn('dynamodb', `table/${id}`) } };
    case 'AWS::Events::EventBus':
      return { ref: String(name), attributes: { Arn: arn('events', `event-bus/${name}`) } };
    case 'AWS::Events::Rule':
      // Of the default bus, which schedules are on, the name alone.
      return name === undefined
        ? { ref: id, attributes: { Arn: arn('events', `rule/${id}`) } }
        : { ref: `${name}|${id}`, attributes: { Arn: arn('events', `rule/${name}/${id}`) } };
    case 'AWS::IAM::Role':
      return { ref: id, attributes: { Arn: `arn:aws:iam::${ACCOUNT}:role/${id}` } };
    case 'AWS::Lambda::Function':
      return { ref: id, attributes: { Arn: arn('lambda', `function:${id}`) } };
    case 'AWS::Logs::LogGroup':
      return { ref: id, attributes: { Arn: arn('logs', `log-group:${id}:*`) } };
    case 'AWS::S3::Bucket':
      return { ref: bucketNameOf(id), attributes: { Arn: `arn:aws:s3:::${bucketNameOf(id)}` } };
    case 'AWS::SecretsManager::Secret':
      return { ref: secretArn(id), attributes: {} };
    case 'AWS::EventSchemas::Registry':
      return { ref: id, attributes: { RegistryName: id } };
    case 'AWS::SQS::Queue':
      return { ref: `${endpoints.awsUrl}/${ACCOUNT}/${id}`, attributes: { Arn: arn('sqs', id), QueueName: id } };
    default:
      return { ref: id, attributes: { Arn: arn('local', id) } };
  }
}

/** Secrets Manager appends a dash and six characters to a name. */
export function secretArn(name: string): string {
  return `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-AbCdEf`;
}

/** Bucket names are lower case and at most 63 characters long. */
function bucketNameOf(logicalId: string): string {
  return logicalId.toLowerCase().slice(-63);
}
