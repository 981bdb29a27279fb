/**
 * What an operator reads about a deployment, and one output in which it describes itself to the command line and other
 * tools. The construct makes them, so that it can be operated in whatever stack it is.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Archive, EventBus, IRule } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type FetchedJobType, TOKEN_LENGTH, VERSION } from '../lambda/contract.ts';
import {
  DEPLOYMENT_OUTPUT,
  DESCRIPTION_VERSION,
  type DeploymentDescription,
  type DescribedFunction,
  type DescribedProject,
  type DescribedWorker,
} from '../lambda/deployment-description.ts';
import type { ManagedWebhook } from './managed-webhook.ts';

interface Table {
  readonly tableName: string;
}

export interface Worker {
  readonly function: LambdaFunction;
  readonly queue: IQueue;
  readonly deadLetterQueue: IQueue;
  readonly rule: IRule;
}

export interface DescribedBy {
  readonly name: string;
  /** Ends the names of its outputs; empty for the default one. */
  readonly suffix: string;
  readonly webhookUrl: string;
  readonly apiKeySecretName: string;
  readonly webhook: ManagedWebhook;
  readonly reconciler: LambdaFunction;
}

export interface Described {
  readonly deploymentName: string;
  readonly eventBus: EventBus;
  /** Undefined where the Region has none. */
  readonly archive: Archive | undefined;
  readonly undeliveredQueue: IQueue;
  readonly outputBucket: Bucket;
  readonly idempotencyTable: Table;
  readonly ledgerTable: Table;
  readonly verifier: LambdaFunction;
  readonly recorder: Worker;
  /** A fetcher for each job type. */
  readonly workers: readonly (Worker & { readonly jobType: FetchedJobType })[];
  readonly quarantine: { readonly table: Table; readonly reverifier: LambdaFunction } | undefined;
  readonly metricNamespace: string;
  readonly alarms: readonly string[];
  readonly projects: readonly DescribedBy[];
}

/** @returns outputs whose ids are their names, and whose logical ids begin with the scope's */
export function addOutputs(scope: Construct, described: Described): CfnOutput[] {
  const { eventBus, outputBucket, projects } = described;
  const add = (id: string, value: string, description: string): CfnOutput => {
    const output = new CfnOutput(scope, id, { value, description });
    // Without the hash that CloudFormation's other names end with: a person reads it.
    output.overrideLogicalId(String(Stack.of(scope).resolve(output.logicalId)).replace(/[0-9A-F]{8}$/, ''));
    return output;
  };
  return [
    ...projects.flatMap(({ name, suffix, webhookUrl, webhook }) => {
      // The command and not what it prints: outputs are shown to everybody who may look at the stack.
      const readToken = `aws secretsmanager get-secret-value --secret-id ${webhook.secrets.dynamicTokenSecret.secretArn} --query SecretString --output text | cut -c 1-${TOKEN_LENGTH}`;
      return [
        add(
          `WebhookUrl${suffix}`,
          webhookUrl,
          `The static webhook of the project ${name}; it is registered at Gemini.`,
        ),
        add(
          `DynamicWebhookUrlCommand${suffix}`,
          `echo "${webhookUrl}/dynamic/$(${readToken})"`,
          `Prints the URL for dynamic webhooks of the project ${name}. Treat it like a password.`,
        ),
      ];
    }),
    add(
      'OutputBucketName',
      outputBucket.bucketName,
      'Outputs of finished jobs are stored here; a job is complete when its manifest.json is there.',
    ),
    add('EventBusArn', eventBus.eventBusArn, 'For rules in other accounts, and for replays.'),
    add('EventBusName', eventBus.eventBusName, 'Put rules on this bus to act on finished jobs and stored outputs.'),
    // An output and not a parameter of SSM, whose 8 KB do not hold eight projects. CloudFormation documents no limit for a
    // value that is not exported: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    add(DEPLOYMENT_OUTPUT, Stack.of(scope).toJsonString(describe(described)), 'For the command line: gemini-webhooks.'),
  ];
}

function describe(described: Described): DeploymentDescription {
  const { workers, quarantine } = described;
  return {
    geminiWebhooks: DESCRIPTION_VERSION,
    name: described.deploymentName,
    version: VERSION,
    eventBusArn: described.eventBus.eventBusArn,
    archive: described.archive?.archiveName ?? null,
    undeliveredUrl: described.undeliveredQueue.queueUrl,
    outputBucket: described.outputBucket.bucketName,
    idempotencyTable: described.idempotencyTable.tableName,
    ledgerTable: described.ledgerTable.tableName,
    verifier: describeFunction(described.verifier),
    recorder: describeWorker(described.recorder),
    fetchers: Object.fromEntries(
      workers.map((worker) => [worker.jobType, describeWorker(worker)]),
    ) as DeploymentDescription['fetchers'],
    ...(quarantine && {
      quarantineTable: quarantine.table.tableName,
      reverifier: describeFunction(quarantine.reverifier),
    }),
    metricNamespace: described.metricNamespace,
    alarms: described.alarms,
    projects: described.projects.map(describeProject),
  };
}

function describeProject({ name, webhookUrl, apiKeySecretName, webhook, reconciler }: DescribedBy): DescribedProject {
  const { signingSecret, dynamicTokenSecret } = webhook.secrets;
  return {
    ...{ name, webhookUrl, apiKeySecret: apiKeySecretName },
    ...{ signingSecret: signingSecret.secretArn, dynamicTokenSecret: dynamicTokenSecret.secretArn },
    registrar: describeFunction(webhook.registrar.function),
    ...(webhook.rotator && { rotator: describeFunction(webhook.rotator.function) }),
    healthCheck: describeFunction(webhook.healthCheck.function),
    reconciler: describeFunction(reconciler),
  };
}

function describeWorker({ function: worker, queue, deadLetterQueue, rule }: Worker): DescribedWorker {
  return {
    ...describeFunction(worker),
    queueUrl: queue.queueUrl,
    deadLettersUrl: deadLetterQueue.queueUrl,
    ruleArn: rule.ruleArn,
  };
}

function describeFunction({ functionName, logGroup }: LambdaFunction): DescribedFunction {
  return { name: functionName, logGroup: logGroup.logGroupName };
}
