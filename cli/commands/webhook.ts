/** `ping`, `rotate`, `dynamic-url`: what concerns the webhook of one source, and its secrets. */
import { GetSecretValueCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { GoogleGenAI } from '@google/genai';
import { TOKEN_LENGTH } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm } from '../context.ts';
import { resourceOf } from '../deployment.ts';
import { chosenSource, type Source } from '../sources.ts';

function secretId({ deployment }: CommandContext, { part }: Source, name: 'SigningSecret' | 'DynamicToken'): string {
  return resourceOf(deployment, 'AWS::SecretsManager::Secret', `${part}Secrets${name}`);
}

async function readSecret({ deployment }: CommandContext, SecretId: string): Promise<string> {
  const { SecretString } = await deployment.clients.secrets.send(new GetSecretValueCommand({ SecretId }));
  if (SecretString) return SecretString;
  throw new CliError(`The secret ${SecretId} is empty. Deploy again, or put a value there.`);
}

/** @param apiKeySecret name of the secret with the project's API key; that of the source by default */
export async function ping(context: CommandContext, apiKeySecret: string | undefined): Promise<void> {
  const { name, webhookUrl: uri, apiKeySecretName } = chosenSource(context);
  const secret = apiKeySecret ?? apiKeySecretName;
  if (secret === undefined) {
    throw new CliError(
      `The deployment does not tell which secret has the API key of the source ${name}. Name it with --api-key-secret, or deploy with this version.`,
      2,
    );
  }
  const apiKey = (await readSecret(context, secret)).trim();
  const { geminiUrl } = context.deployment;
  const { webhooks } = new GoogleGenAI({
    apiKey,
    apiVersion: 'v1beta',
    ...(geminiUrl && { httpOptions: { baseUrl: geminiUrl } }),
  });
  const { webhooks: all = [] } = await webhooks.list({ page_size: 100 });
  const own = all.find((webhook) => webhook.uri === uri);
  if (own?.id === undefined)
    throw new CliError(`Gemini has no webhook for ${uri}. "rotate signing-secret" registers it again.`);
  await webhooks.ping(own.id, { body: {} });
  context.terminal.print(
    context.json
      ? JSON.stringify({ webhook: own.id, uri })
      : `Gemini pings ${uri}. "deliveries" shows whether it came.`,
  );
}

export async function rotate(context: CommandContext, secret: 'signing-secret' | 'dynamic-token'): Promise<void> {
  const source = chosenSource(context);
  const SecretId = secretId(context, source, secret === 'signing-secret' ? 'SigningSecret' : 'DynamicToken');
  await confirm(context, `Rotate the ${secret} of the source ${source.name}?`);
  await context.deployment.clients.secrets.send(new RotateSecretCommand({ SecretId, RotateImmediately: true }));
  const text = 'Secrets Manager rotates it now. Deliveries verify all the while.';
  context.terminal.print(context.json ? JSON.stringify({ secret: SecretId }) : text);
}

export async function dynamicUrl(context: CommandContext): Promise<void> {
  const source = chosenSource(context);
  const tokens = await readSecret(context, secretId(context, source, 'DynamicToken'));
  const whole = `${source.webhookUrl}/dynamic/${tokens.slice(0, TOKEN_LENGTH)}`;
  context.terminal.print(context.json ? JSON.stringify({ url: whole }) : whole);
}
