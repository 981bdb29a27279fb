/**
 * What an operator and the command line need to know of a deployment. The construct makes them itself, so that it can be
 * operated in whatever stack it is.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { TOKEN_LENGTH } from '../lambda/contract.ts';

interface DescribedSource {
  readonly name: string;
  /** Ends the names of its outputs; empty for the default one. */
  readonly suffix: string;
  readonly webhookUrl: string;
  readonly apiKeySecretName: string;
  readonly dynamicTokenSecretArn: string;
}

export interface Described {
  readonly eventBus: EventBus;
  readonly outputBucket: Bucket;
  readonly table: TableV2;
  readonly sources: readonly DescribedSource[];
}

/** @returns outputs whose ids are the names that the command line looks for, and whose logical ids begin with the scope's */
export function addOutputs(scope: Construct, { eventBus, outputBucket, table, sources }: Described): CfnOutput[] {
  const add = (id: string, value: string, description: string): CfnOutput => {
    const output = new CfnOutput(scope, id, { value, description });
    // Without the hash that CloudFormation's other names end with: a person reads it.
    output.overrideLogicalId(String(Stack.of(scope).resolve(output.logicalId)).replace(/[0-9A-F]{8}$/, ''));
    return output;
  };
  return [
    ...sources.flatMap(({ name, suffix, webhookUrl, apiKeySecretName, dynamicTokenSecretArn }) => {
      // The command and not what it prints: outputs are shown to everybody who may look at the stack.
      const readToken = `aws secretsmanager get-secret-value --secret-id ${dynamicTokenSecretArn} --query SecretString --output text | cut -c 1-${TOKEN_LENGTH}`;
      return [
        add(`WebhookUrl${suffix}`, webhookUrl, `The static webhook of the source ${name}; it is registered at Gemini.`),
        add(
          `DynamicWebhookUrlCommand${suffix}`,
          `echo "${webhookUrl}/dynamic/$(${readToken})"`,
          `Prints the URL for dynamic webhooks of the source ${name}. Treat it like a password.`,
        ),
        add(
          `ApiKeySecretName${suffix}`,
          apiKeySecretName,
          `The secret with the API key of the source ${name}, which is yours.`,
        ),
      ];
    }),
    add(
      'OutputBucketName',
      outputBucket.bucketName,
      'Outputs of finished jobs land here; a job is complete when its manifest.json is there.',
    ),
    add('DeliveriesTableName', table.tableName, 'One record for each delivery, by which duplicates are recognized.'),
    add('EventBusArn', eventBus.eventBusArn, 'For rules in other accounts, and for replays.'),
    add('EventBusName', eventBus.eventBusName, 'Put rules on this bus to act on finished jobs and landed outputs.'),
  ];
}
