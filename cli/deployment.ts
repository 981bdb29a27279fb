/** A deployment, as CloudFormation or the local run describes it: clients for its services, and its resources by logical id. */
import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { readEndpoints } from '../local/run/endpoints.ts';
import { CliError } from './cli-error.ts';

export interface Resource {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
}

interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly secrets: SecretsManagerClient;
  readonly sqs: SQSClient;
  /** Undefined where nothing is measured: in the local run. */
  readonly cloudwatch: CloudWatchClient | undefined;
}

export interface Deployment {
  readonly stackName: string;
  readonly clients: Clients;
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
}

/** @throws CliError when there is none, or it cannot be seen */
export async function findDeployment({ stack, region, local }: DeploymentOptions): Promise<Deployment> {
  return local === undefined ? await findStack(stack, region) : findLocalRun(local);
}

async function findStack(stackName: string, region: string | undefined): Promise<Deployment> {
  const options = region === undefined ? {} : { region };
  const cloudformation = new CloudFormationClient(options);
  try {
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName: stackName }));
    const outputs = (Stacks?.[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [
      OutputKey ?? '',
      OutputValue ?? '',
    ]);
    const resources: Resource[] = [];
    for await (const page of paginateListStackResources({ client: cloudformation }, { StackName: stackName })) {
      for (const { LogicalResourceId, ResourceType, PhysicalResourceId } of page.StackResourceSummaries ?? []) {
        resources.push({
          logicalId: LogicalResourceId ?? '',
          type: ResourceType ?? '',
          physicalId: PhysicalResourceId ?? '',
        });
      }
    }
    return {
      stackName,
      outputs: Object.fromEntries(outputs),
      resources,
      geminiUrl: undefined,
      clients: {
        dynamodb: new DynamoDBClient(options),
        events: new EventBridgeClient(options),
        lambda: new LambdaClient(options),
        s3: new S3Client(options),
        secrets: new SecretsManagerClient(options),
        sqs: new SQSClient(options),
        cloudwatch: new CloudWatchClient(options),
      },
    };
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

function findLocalRun(stateDir: string): Deployment {
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
    outputs: endpoints.outputs,
    resources: endpoints.resources,
    geminiUrl: endpoints.geminiUrl,
    clients: {
      dynamodb: new DynamoDBClient(at(endpoints.dynamodbUrl)),
      events: new EventBridgeClient(at(endpoints.awsUrl)),
      lambda: new LambdaClient(at(endpoints.awsUrl)),
      s3: new S3Client({ ...at(endpoints.s3Url), forcePathStyle: true }),
      secrets: new SecretsManagerClient(at(endpoints.awsUrl)),
      sqs: new SQSClient({ ...at(endpoints.s3Url), useQueueUrlAsEndpoint: false }),
      cloudwatch: undefined,
    },
  };
}

export function close({ clients }: Deployment): void {
  for (const client of Object.values(clients)) client?.destroy();
}

/** Those of a type whose logical id contains a text. */
export function resourcesOf({ resources }: Deployment, type: string, part: string): readonly Resource[] {
  return resources.filter((resource) => resource.type === type && resource.logicalId.includes(part));
}

/** The physical id of the only one. @throws CliError when there is none */
export function resourceOf(deployment: Deployment, type: string, part: string): string {
  const [found] = resourcesOf(deployment, type, part);
  if (found !== undefined) return found.physicalId;
  throw new CliError(
    `The stack ${deployment.stackName} has no ${type} with "${part}" in its logical id. Is it a stack of this project, and deployed with what the command needs?`,
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
