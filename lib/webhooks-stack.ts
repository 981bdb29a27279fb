/** The pipeline as a stack of its own. */
import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { GeminiWebhooks } from './gemini-webhooks.ts';
import type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';

export interface WebhooksStackProps extends StackProps {
  /**
   * What to choose about the pipeline.
   */
  readonly webhooks: GeminiWebhooksProps;

  /**
   * ARN of the key for `webhooks.encryptionKey`, where nothing else of it is known.
   *
   * @default - `webhooks.encryptionKey`
   */
  readonly encryptionKeyArn?: string | undefined;
}

/**
 * The pipeline and nothing else, protected against accidental deletion.
 *
 * @example
 * ```ts
 * import { App } from 'aws-cdk-lib';
 * import { Monitoring, WebhooksStack } from 'gemini-webhooks-aws';
 *
 * new WebhooksStack(new App(), 'GeminiWebhooks', {
 *   webhooks: { monitoring: Monitoring.alarms({ email: 'on-call@example.com' }) },
 * });
 * ```
 */
export class WebhooksStack extends Stack {
  readonly webhooks: GeminiWebhooks;

  constructor(scope: Construct, id: string, props: WebhooksStackProps) {
    super(scope, id, {
      description: 'Webhooks of the Gemini API: verified, on EventBridge, outputs in S3.',
      // Whoever keeps the data does not want the stack deleted by accident either: with it goes the URL that Gemini posts to.
      terminationProtection: props.webhooks.removalPolicy !== RemovalPolicy.DESTROY,
      ...props,
      // CloudFormation puts them on everything that takes tags.
      tags: { application: 'gemini-webhooks', ...props.tags },
    });

    const { encryptionKeyArn: arn } = props;
    const encryptionKey = arn === undefined ? undefined : Key.fromKeyArn(this, 'EncryptionKey', arn);
    this.webhooks = new GeminiWebhooks(this, 'GeminiWebhooks', {
      ...(encryptionKey && { encryptionKey }),
      ...props.webhooks,
    });
    // There is nothing else in this stack whose outputs these could be.
    for (const output of this.webhooks.outputs) output.overrideLogicalId(output.node.id);
  }
}
