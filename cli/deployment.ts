/** A deployment, as CloudFormation or the local run describes it: clients for its services, its outputs and its resources. */
import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { readEndpoints } from '../local/run/endpoints.ts';
import { CliError } from './cli-error.ts';
import { findConstruct, type Resource, type StackContents } from './construct.ts';

interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly secrets: SecretsManagerClient;
  readonly sqs: SQSClient;
  /** Undefined where nothing is measured: in the local run. */
  readonly cloudwatch: CloudWatchClient | undefined;
  readonly logs: CloudWatchLogsClient | undefined;
}

export interface Deployment {
  readonly stackName: string;
  readonly clients: Clients;
  /** Without what the construct's path puts before their names. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly Resource[];
  /** Of Gemini's API; undefined for Google's. */
  readonly geminiUrl: string | undefined;
}

export interface DeploymentOptions {
  readonly stack: string;
  readonly region: string | undefined;
  /** State folder of a local run. */
  readonly local: string | undefined;
  /** Of several in one stack. */
  readonly construct: string | undefined;
}

/** @throws CliError when there is none, it cannot be seen, or it is one of several */
export async function findDeployment({ stack, region, local, construct }: DeploymentOptions): Promise<Deployment> {
  if (local !== undefined) return findLocalRun(local, construct);
  const options = region === undefined ? {} : { region };
  return {
    stackName: stack,
    ...findConstruct(await readStack(stack, options), construct),
    geminiUrl: undefined,
    clients: {
      dynamodb: new DynamoDBClient(options),
      events: new EventBridgeClient(options),
      lambda: new LambdaClient(options),
      s3: new S3Client(options),
      secrets: new SecretsManagerClient(options),
      sqs: new SQSClient(options),
      cloudwatch: new CloudWatchClient(options),
      logs: new CloudWatchLogsClient(options),
    },
  };
}

async function readStack(stackName: string, options: { readonly region?: string }): Promise<StackContents> {
  const cloudformation = new CloudFormationClient(options);
  try {
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName: stackName }));
    const outputs = (Stacks?.[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [
      OutputKey ?? '',
      OutputValue ?? '',
    ]);
    const resources: StackContents['resources'][number][] = [];
    for await (const page of paginateListStackResources({ client: cloudformation }, { StackName: stackName })) {
      for (const { LogicalResourceId, ResourceType, PhysicalResourceId } of page.StackResourceSummaries ?? []) {
        resources.push({
          logicalId: LogicalResourceId ?? '',
          type: ResourceType ?? '',
          physicalId: PhysicalResourceId ?? '',
        });
      }
    }
    return { stackName, outputs: Object.fromEntries(outputs), resources };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      `The stack ${stackName} cannot be read: ${why}\nGive its name with --stack and its Region with --region, and credentials of its account (aws sts get-caller-identity shows whose you have).`,
      3,
      { cause },
    );
  } finally {
    cloudformation.destroy();
  }
}

function findLocalRun(stateDir: string, construct: string | undefined): Deployment {
  let endpoints: ReturnType<typeof readEndpoints>;
  try {
    endpoints = readEndpoints(stateDir);
  } catch (cause) {
    throw new CliError(cause instanceof Error ? cause.message : String(cause), 3, { cause });
  }
  const credentials = { accessKeyId: 'operator', secretAccessKey: 'local' };
  const at = (endpoint: string) => ({ endpoint, region: 'us-east-1', credentials });
  return {
    stackName: 'local',
    ...findConstruct({ ...endpoints, stackName: 'local' }, construct),
    geminiUrl: endpoints.geminiUrl,
    clients: {
      dynamodb: new DynamoDBClient(at(endpoints.dynamodbUrl)),
      events: new EventBridgeClient(at(endpoints.awsUrl)),
      lambda: new LambdaClient(at(endpoints.awsUrl)),
      s3: new S3Client({ ...at(endpoints.s3Url), forcePathStyle: true }),
      secrets: new SecretsManagerClient(at(endpoints.awsUrl)),
      sqs: new SQSClient({ ...at(endpoints.s3Url), useQueueUrlAsEndpoint: false }),
      cloudwatch: undefined,
      logs: undefined,
    },
  };
}

export function close({ clients }: Deployment): void {
  for (const client of Object.values(clients)) client?.destroy();
}

/** Those of a type whose place in the construct fits. */
export function resourcesOf({ resources }: Deployment, type: string, fits: RegExp): readonly Resource[] {
  return resources.filter((resource) => resource.type === type && fits.test(resource.part));
}

/** The physical id of the one at this place in the construct. @throws CliError when there is none */
export function resourceOf({ stackName, resources }: Deployment, type: string, part: string): string {
  const found = resources.find((resource) => resource.type === type && resource.part === part);
  if (found !== undefined) return found.physicalId;
  throw new CliError(
    `The stack ${stackName} has no ${part} (${type}). Deploy it with this version, and with what the command needs.`,
    3,
  );
}

/** `acme-eu` as it stands in logical ids: `AcmeEu`. */
export function partOf(source: string): string {
  return source
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
