/** The pipeline as a stack of its own, with the outputs that an operator needs. */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DEFAULT_SOURCE, TOKEN_LENGTH } from '../lambda/contract.ts';
import { GeminiWebhooks } from './gemini-webhooks.ts';
import type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';
import { pascal } from './sources.ts';

export interface WebhooksStackProps extends StackProps {
  /**
   * What to choose about the pipeline.
   */
  readonly webhooks: GeminiWebhooksProps;
}

export class WebhooksStack extends Stack {
  readonly webhooks: GeminiWebhooks;

  constructor(scope: Construct, id: string, props: WebhooksStackProps) {
    super(scope, id, { description: 'Webhooks of the Gemini API: verified, on EventBridge, outputs in S3.', ...props });

    this.webhooks = new GeminiWebhooks(this, 'GeminiWebhooks', props.webhooks);

    for (const { secrets } of this.webhooks.webhooks) {
      const { sourceName, dynamicTokenSecret } = secrets;
      const suffix = sourceName === DEFAULT_SOURCE ? '' : pascal(sourceName);
      const webhookUrl = this.webhooks.webhookUrl(sourceName);
      new CfnOutput(this, `WebhookUrl${suffix}`, {
        value: webhookUrl,
        description: `The static webhook of the source ${sourceName}; it is registered at Gemini.`,
      });
      // The command and not what it prints: outputs are shown to everybody who may look at the stack.
      const readToken = `aws secretsmanager get-secret-value --secret-id ${dynamicTokenSecret.secretArn} --query SecretString --output text | cut -c 1-${TOKEN_LENGTH}`;
      new CfnOutput(this, `DynamicWebhookUrlCommand${suffix}`, {
        value: `echo "${webhookUrl}/dynamic/$(${readToken})"`,
        description: `Prints the URL for dynamic webhooks of the source ${sourceName}. Treat it like a password.`,
      });
    }
    new CfnOutput(this, 'OutputBucketName', {
      value: this.webhooks.outputBucket.bucketName,
      description: 'Outputs of finished jobs land here; a job is complete when its manifest.json is there.',
    });
    new CfnOutput(this, 'DeliveriesTableName', {
      value: this.webhooks.table.tableName,
      description: 'One record for each delivery, by which duplicates are recognized.',
    });
    new CfnOutput(this, 'EventBusArn', {
      value: this.webhooks.eventBus.eventBusArn,
      description: 'For rules in other accounts, and for replays.',
    });
    new CfnOutput(this, 'EventBusName', {
      value: this.webhooks.eventBus.eventBusName,
      description: 'Put rules on this bus to act on finished jobs and landed outputs.',
    });
  }
}
