/** The pipeline as a stack of its own, with the outputs that an operator needs. */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { GeminiWebhooks } from './gemini-webhooks.ts';
import type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';

export interface WebhooksStackProps extends StackProps {
  /**
   * What to choose about the pipeline.
   *
   * @default - every default
   */
  readonly webhooks?: GeminiWebhooksProps;
}

export class WebhooksStack extends Stack {
  readonly webhooks: GeminiWebhooks;

  constructor(scope: Construct, id: string, props: WebhooksStackProps = {}) {
    super(scope, id, { description: 'Webhooks of the Gemini API: verified, on EventBridge, outputs in S3.', ...props });

    this.webhooks = new GeminiWebhooks(this, 'GeminiWebhooks', props.webhooks);

    new CfnOutput(this, 'WebhookUrl', {
      value: this.webhooks.webhookUrl,
      description:
        'Register this URL as a static webhook at Gemini. Dynamic webhooks use it with "/dynamic/" and the dynamic token, which is in Secrets Manager, appended.',
    });
    new CfnOutput(this, 'OutputBucketName', {
      value: this.webhooks.outputBucket.bucketName,
      description: 'Outputs of finished jobs land here; a job is complete when its manifest.json is there.',
    });
    new CfnOutput(this, 'DeliveriesTableName', {
      value: this.webhooks.table.tableName,
      description: 'One record for each delivery, by which duplicates are recognized.',
    });
    new CfnOutput(this, 'EventBusName', {
      value: this.webhooks.eventBus.eventBusName,
      description: 'Put rules on this bus to act on finished jobs and landed outputs.',
    });
  }
}
