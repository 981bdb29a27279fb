/** A deployment, as it describes itself: in an output of its stack, or in the file of a local run. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DeploymentDescription } from '../lambda/deployment-description.ts';
import { CliError } from './cli-error.ts';
import { findDescription } from './description.ts';
import { readLocalRun } from './local-run.ts';

interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly secrets: SecretsManagerClient;
  readonly sqs: SQSClient;
  /** Undefined in the local run, where nothing is measured and logs are files. */
  readonly cloudwatch: CloudWatchClient | undefined;
  readonly logs: CloudWatchLogsClient | undefined;
}

export interface Deployment {
  readonly stackName: string;
  readonly description: DeploymentDescription;
  readonly clients: Clients;
  /** Of Gemini's API; undefined for Google's. */
  readonly geminiUrl: string | undefined;
  /** State folder of a local run; undefined in AWS. */
  readonly stateDir: string | undefined;
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
    description: findDescription(stack, await readOutputs(stack, options), construct),
    ...{ geminiUrl: undefined, stateDir: undefined },
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

async function readOutputs(StackName: string, options: { readonly region?: string }): Promise<Record<string, string>> {
  const cloudformation = new CloudFormationClient(options);
  try {
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName }));
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      `The stack ${StackName} cannot be read: ${why}\nGive its name with --stack and its Region with --region, and credentials of its account (aws sts get-caller-identity shows whose you have). A local run is found by --local <state folder>.`,
      3,
      { cause },
    );
  } finally {
    cloudformation.destroy();
  }
}

function findLocalRun(stateDir: string, construct: string | undefined): Deployment {
  const { outputs, geminiUrl, dynamodbUrl, awsUrl, s3Url } = readLocalRun(stateDir);
  const credentials = { accessKeyId: 'operator', secretAccessKey: 'local' };
  const at = (endpoint: string) => ({ endpoint, region: 'us-east-1', credentials });
  return {
    stackName: 'local',
    description: findDescription('local', outputs, construct),
    ...{ geminiUrl, stateDir },
    clients: {
      dynamodb: new DynamoDBClient(at(dynamodbUrl)),
      events: new EventBridgeClient(at(awsUrl)),
      lambda: new LambdaClient(at(awsUrl)),
      s3: new S3Client({ ...at(s3Url), forcePathStyle: true }),
      secrets: new SecretsManagerClient(at(awsUrl)),
      sqs: new SQSClient({ ...at(s3Url), useQueueUrlAsEndpoint: false }),
      ...{ cloudwatch: undefined, logs: undefined },
    },
  };
}

export function close({ clients }: Deployment): void {
  for (const client of Object.values(clients)) client?.destroy();
}
