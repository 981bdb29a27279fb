/** The CDK app: context in, one stack out, checked by cdk-nag. The only place that reads context and environment. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { type AppConfig, parseConfig } from '../lib/config.ts';
import { WebhooksStack } from '../lib/index.ts';
import { ConfigurationError } from '../lib/shared/configuration-error.ts';

const app = new App();
const { stackName, ...props } = readConfig();
// The Region of the deployment, as the CDK's command knows it: what it is known not to have is left out.
const region = process.env['CDK_DEFAULT_REGION'];
new WebhooksStack(app, stackName, { ...props, ...(region && { env: { region } }) });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));

function readConfig(): AppConfig {
  try {
    return parseConfig(app.node.getAllContext());
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    console.error(
      `${error.message}\nCorrect it in cdk.json, or in the -c option of the command; docs/configuration.md has every key.`,
    );
    process.exit(1);
  }
}
