/** The custom resource behind a project's webhook: registers it at Gemini, keeps it so, and deletes it with the stack. */

import { ENV, GEMINI_URL } from '../contract.ts';
import { lambdaClient, secretsManagerClient } from '../shared/aws.client.ts';
import { EnvironmentReader } from '../shared/environment.ts';
import { ManagementError } from '../shared/errors.ts';
import { SecretReader } from '../shared/secrets.client.ts';
import { createTelemetry } from '../shared/telemetry.ts';
import {
  type CustomResourceResult,
  firstRunsOf,
  parseCustomResourceEvent,
  respond,
  toFailure,
  toRegistrationRequest,
} from './cloudformation.ts';
import { FunctionInvoker } from './function-invoker.client.ts';
import { registerWebhook } from './register-webhook.ts';
import { GenAiWebhookRegistry } from './registry.client.ts';
import { SecretStore } from './secret-store.client.ts';

const env = new EnvironmentReader(process.env);
const baseUrl = env.url(ENV.geminiUrl, GEMINI_URL);
const deployedApiKeySecretId = env.required(ENV.apiKeySecretId);
const project = env.required(ENV.project);
const webhookUrl = env.required(ENV.webhookUrl);
const hosts = { region: env.required('AWS_REGION'), other: env.optional(ENV.responseHost) };
env.check();

const { log } = createTelemetry('register-webhook', { project });
const client = secretsManagerClient();
const secrets = new SecretReader(client);
const store = new SecretStore(client);
const invoker = new FunctionInvoker(lambdaClient());
const ports = {
  registryOf: (apiKeySecretId: string) => new GenAiWebhookRegistry({ secrets, apiKeySecretId, baseUrl }),
  deployedApiKeySecretId,
  storeSecret: (secretId: string, value: string) => store.put(secretId, value),
  log,
};

export async function handler(input: unknown): Promise<void> {
  const event = parseCustomResourceEvent(input, hosts);
  let result: CustomResourceResult;
  let reason: string | undefined;
  const reportLeft = (sentence: string) => {
    reason = sentence;
  };
  try {
    const request = toRegistrationRequest(event);
    // Who may invoke this function must not have Gemini send the project's events elsewhere.
    if (request.type !== 'Delete' && request.wanted.uri !== webhookUrl) {
      throw new ManagementError(
        'ERR_REGISTRATION_REFUSED',
        `The webhook's URL ${request.wanted.uri} is not of this deployment, which has ${webhookUrl}. Deploy the template that the function belongs to.`,
      );
    }
    const physicalId = await registerWebhook({ ...ports, reportLeft }, request);
    result = { status: 'SUCCESS', physicalId, reason };
    await runFirst(firstRunsOf(event));
  } catch (error) {
    const failure = toFailure(event, error);
    log.error('The webhook could not be looked after', { request: event.RequestType, reason: failure.reason });
    result = failure;
  }
  await respond(event, result, fetch);
}

/** The schedules run them anyway, only later: no deployment fails for that. */
async function runFirst(functionNames: readonly string[]): Promise<void> {
  for (const functionName of functionNames) {
    await invoker.invoke(functionName).catch((error: unknown) => {
      log.warn('A function was not run at once; its schedule will', { function: functionName, error: String(error) });
    });
  }
}
