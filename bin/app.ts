/** The CDK app: context in, one stack out, checked by cdk-nag. The only place that reads context. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { type AppConfig, ConfigurationError, parseConfig } from '../lib/config.ts';
import { WebhooksStack } from '../lib/index.ts';

const app = new App();
const config = readConfig();
new WebhooksStack(app, config.stackName, { webhooks: config.webhooks });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));

function readConfig(): AppConfig {
  try {
    return parseConfig(app.node.getAllContext());
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
