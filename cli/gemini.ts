/** Gemini's API, with the deployment's own key. */
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GoogleGenAI } from '@google/genai';
import { CliError } from './cli-error.ts';
import type { Deployment } from './deployment.ts';

export async function readSecret({ clients }: Deployment, SecretId: string): Promise<string> {
  const { SecretString } = await clients.secrets.send(new GetSecretValueCommand({ SecretId }));
  if (SecretString) return SecretString;
  throw new CliError(
    `The secret ${SecretId} is empty. Put the value there:\n  aws secretsmanager put-secret-value --secret-id ${SecretId} --secret-string file:///dev/stdin`,
  );
}

/** @param apiKeySecret name of the secret with the project's API key */
export async function geminiOf(deployment: Deployment, apiKeySecret: string): Promise<GoogleGenAI> {
  const apiKey = (await readSecret(deployment, apiKeySecret)).trim();
  const { geminiUrl } = deployment;
  return new GoogleGenAI({ apiKey, apiVersion: 'v1beta', ...(geminiUrl && { httpOptions: { baseUrl: geminiUrl } }) });
}
