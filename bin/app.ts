/** The CDK app: context in, one stack out, checked by cdk-nag. The only place that reads context and environment. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { type AppConfig, ConfigurationError, parseConfig } from '../lib/config.ts';
import { WebhooksStack } from '../lib/index.ts';

const app = new App();
const config = readConfig();
// The Region of the deployment, as the CDK's command knows it: what it is known not to have is left out.
const region = process.env['CDK_DEFAULT_REGION'];
new WebhooksStack(app, config.stackName, { webhooks: config.webhooks, ...(region && { env: { region } }) });
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
