/** One local run: Gemini or its stand-in, the stack, and the secrets between them. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { GoogleGenAI } from '@google/genai';
import { ENV } from '../../lambda/contract.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import { LocalRunError } from '../aws/local-run-error.ts';
import { startGeminiSimulator } from '../gemini/simulator.ts';
import type { SwitchesUpdate } from '../gemini/switches.ts';
import { type Endpoints, writeEndpoints } from './endpoints.ts';
import type { OtherGemini } from './options.ts';

/** All that can be subscribed to. */
const SUBSCRIBED_EVENTS = [
  'batch.succeeded',
  'batch.failed',
  'batch.expired',
  'interaction.completed',
  'interaction.failed',
  'interaction.requires_action',
  'video.generated',
] as const;

export interface RunOptions {
  readonly assemblyDir: string;
  readonly stateDir: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Undefined starts the simulator. */
  readonly gemini?: OtherGemini | undefined;
  /** Of the simulator, from the start. */
  readonly switches?: SwitchesUpdate;
  readonly onFatal?: (error: LocalRunError) => void;
}

export interface Run {
  readonly aws: LocalAws;
  readonly endpoints: Endpoints;
  /** Leaves no process, no listener and no endpoints file. */
  close(): Promise<void>;
}

interface Gemini extends OtherGemini {
  readonly controlUrl: string | null;
  close(): Promise<void>;
}

/** @throws LocalRunError when it cannot start; nothing is left running then */
export async function startRun(options: RunOptions): Promise<Run> {
  const stateDir = resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true });
  const gemini = await reachGemini(options);
  let aws: LocalAws | undefined;
  try {
    const environment = { [ENV.geminiUrl]: gemini.url, [ENV.jwksUrl]: gemini.jwksUrl };
    aws = await startLocalAws({ ...options, stateDir, environment });
    const endpoints = await connect(aws, gemini);
    const remove = writeEndpoints(stateDir, endpoints);
    const started = aws;
    return {
      aws,
      endpoints,
      async close() {
        remove();
        await Promise.all([started.close(), gemini.close()]);
      },
    };
  } catch (error) {
    await Promise.all([aws?.close(), gemini.close()]);
    throw error;
  }
}

async function reachGemini({ gemini, switches }: RunOptions): Promise<Gemini> {
  if (gemini) return { ...gemini, controlUrl: null, close: async () => {} };
  const apiKey = `AIza${randomBytes(26).toString('base64url')}`;
  const simulator = await startGeminiSimulator({ apiKey, ...(switches && { switches }) });
  return { ...simulator, apiKey };
}

/** Puts the secrets where the functions look for them, and registers the webhook as a team would. */
async function connect(aws: LocalAws, gemini: Gemini): Promise<Endpoints> {
  const { WebhookUrl = '', OutputBucketName = '', DeliveriesTableName = '', EventBusName = '' } = aws.outputs;
  const token = randomBytes(32).toString('base64url');
  putSecret(aws, ENV.apiKeySecretId, gemini.apiKey);
  putSecret(aws, ENV.dynamicTokenSecretId, token);
  const signingSecret = gemini.controlUrl
    ? await register(gemini, WebhookUrl)
    : `whsec_${randomBytes(32).toString('base64')}`;
  putSecret(aws, ENV.signingSecretId, signingSecret);
  return {
    webhookUrl: WebhookUrl,
    dynamicWebhookUrl: `${WebhookUrl}/dynamic/${token}`,
    signingSecret,
    geminiUrl: gemini.url,
    apiKey: gemini.apiKey,
    dynamodbUrl: aws.dynamodbUrl,
    s3Url: aws.s3Url,
    bucket: OutputBucketName,
    table: DeliveriesTableName,
    busName: EventBusName,
    eventsFile: aws.eventsFile,
    jwksUrl: gemini.jwksUrl,
    simulatorControlUrl: gemini.controlUrl,
  };
}

function putSecret(aws: LocalAws, variable: string, value: string): void {
  const name = aws.variable(variable);
  if (name === undefined) throw new LocalRunError(`No function of the template has the variable ${variable}.`);
  aws.putSecret(name, value);
}

async function register({ url, apiKey }: Gemini, uri: string): Promise<string> {
  const client = createClient(url, apiKey);
  const webhook = await client.webhooks.create(
    { name: 'local-run', uri, subscribed_events: [...SUBSCRIBED_EVENTS] },
    // The SDK repeats creates by default, and a repeated one makes a second webhook.
    { maxRetries: 0 },
  );
  if (!webhook.new_signing_secret)
    throw new LocalRunError('Gemini registered the webhook, but gave no signing secret.');
  return webhook.new_signing_secret;
}

export function createClient(baseUrl: string, apiKey: string): GoogleGenAI {
  return new GoogleGenAI({ apiKey, apiVersion: 'v1beta', httpOptions: { baseUrl } });
}
