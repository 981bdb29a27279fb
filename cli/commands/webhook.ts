/** `ping`, `rotate`, `dynamic-url`: what concerns the webhook of one source, and its secrets. */
import { GetSecretValueCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { GoogleGenAI } from '@google/genai';
import { DEFAULT_SOURCE, TOKEN_LENGTH } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm } from '../context.ts';
import { partOf, resourceOf } from '../deployment.ts';

function webhookUrl({ deployment, source }: CommandContext): string {
  const url = deployment.outputs[`WebhookUrl${source === DEFAULT_SOURCE ? '' : partOf(source)}`];
  if (url !== undefined) return url;
  throw new CliError(
    `The stack ${deployment.stackName} has no source ${source}. Give one of its own with --source.`,
    2,
  );
}

function secretId({ deployment, source }: CommandContext, name: 'SigningSecret' | 'DynamicToken'): string {
  return resourceOf(deployment, 'AWS::SecretsManager::Secret', `${partOf(source)}Secrets${name}`);
}

async function readSecret({ deployment }: CommandContext, SecretId: string): Promise<string> {
  const { SecretString } = await deployment.clients.secrets.send(new GetSecretValueCommand({ SecretId }));
  if (SecretString) return SecretString;
  throw new CliError(`The secret ${SecretId} is empty. Deploy again, or put a value there.`);
}

/** @param apiKeySecret name of the secret with the project's API key */
export async function ping(context: CommandContext, apiKeySecret: string): Promise<void> {
  const uri = webhookUrl(context);
  const apiKey = (await readSecret(context, apiKeySecret)).trim();
  const { geminiUrl } = context.deployment;
  const { webhooks } = new GoogleGenAI({
    apiKey,
    apiVersion: 'v1beta',
    ...(geminiUrl && { httpOptions: { baseUrl: geminiUrl } }),
  });
  const { webhooks: all = [] } = await webhooks.list({ page_size: 100 });
  const own = all.find((webhook) => webhook.uri === uri);
  if (own?.id === undefined) throw new CliError(`Gemini has no webhook for ${uri}. See "status" for what to do.`);
  await webhooks.ping(own.id, { body: {} });
  context.terminal.print(
    context.json
      ? JSON.stringify({ webhook: own.id, uri })
      : `Gemini pings ${uri}. "deliveries" shows whether it came.`,
  );
}

export async function rotate(context: CommandContext, secret: 'signing-secret' | 'dynamic-token'): Promise<void> {
  const SecretId = secretId(context, secret === 'signing-secret' ? 'SigningSecret' : 'DynamicToken');
  await confirm(context, `Rotate the ${secret} of the source ${context.source}?`);
  await context.deployment.clients.secrets.send(new RotateSecretCommand({ SecretId, RotateImmediately: true }));
  const text = 'Secrets Manager rotates it now. Deliveries verify all the while.';
  context.terminal.print(context.json ? JSON.stringify({ secret: SecretId }) : text);
}

export async function dynamicUrl(context: CommandContext): Promise<void> {
  const url = webhookUrl(context);
  const tokens = await readSecret(context, secretId(context, 'DynamicToken'));
  const whole = `${url}/dynamic/${tokens.slice(0, TOKEN_LENGTH)}`;
  context.terminal.print(context.json ? JSON.stringify({ url: whole }) : whole);
}
