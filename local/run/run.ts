/** One local run: Gemini or its stand-in, the stack, and the secrets between them. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { GoogleGenAI } from '@google/genai';
import * as z from 'zod';
import { DEFAULT_PROJECT, ENV, TOKEN_LENGTH } from '../../lambda/contract.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import { startGeminiSimulator } from '../gemini/simulator.ts';
import type { SwitchesUpdate } from '../gemini/switches.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import { type Endpoints, writeEndpoints } from './endpoints.ts';
import type { OtherGemini } from './options.ts';
import { repeat } from './repeat.ts';

/** A deployment waits 10 minutes, and looks every 15; nobody would watch that. */
export const QUICK_RECONCILIATION = { graceSeconds: 3, everyMs: 2000 };

export interface RunOptions {
  readonly assemblyDir: string;
  readonly stateDir: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Undefined starts the simulator. */
  readonly gemini?: OtherGemini | undefined;
  /** Whether the webhook is registered there as well. */
  readonly register?: boolean;
  /** Of the simulator, from the start. */
  readonly switches?: SwitchesUpdate;
  /** How soon after its end a job is announced without its webhook, and how often jobs are looked for. */
  readonly reconcile?: { readonly graceSeconds: number; readonly everyMs: number };
  /** How many times sooner a fetch is tried again than deployed. @default 1 */
  readonly haste?: number;
  /** How many processes of a function run at a time. @default 10 */
  readonly maxSandboxes?: number;
  /** Properties of the custom resource for the webhook, over those of the template. */
  readonly webhookProperties?: Readonly<Record<string, unknown>>;
  /** Whether the health check sets right what it finds, whatever the template says. */
  readonly repairWebhook?: boolean;
  readonly onFatal?: (error: LocalRunError) => void;
}

export interface Run {
  readonly aws: LocalAws;
  readonly endpoints: Endpoints;
  /** As Secrets Manager does on its schedule; `endpoints` and its file have the new value afterwards. */
  rotate(which: 'signing-secret' | 'dynamic-token'): Promise<void>;
  /** As an operator does after a leak; `endpoints` and its file have the new value afterwards, too. */
  revoke(which: 'signing-secret' | 'dynamic-token'): Promise<void>;
  /** Deletes the webhook at the simulator; leaves no process, no listener and no endpoints file. */
  close(): Promise<void>;
}

const ProjectSecretIds = z.object({ signingSecretId: z.string(), dynamicTokenSecretId: z.string() });

/** The part that is needed of what a deployment says about itself. */
const Description = z.object({ idempotencyTable: z.string() });

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
    const environment = {
      [ENV.geminiUrl]: gemini.url,
      [ENV.jwksUrl]: gemini.jwksUrl,
      [ENV.responseHost]: '127.0.0.1',
      ...(options.reconcile && { [ENV.graceSeconds]: String(options.reconcile.graceSeconds) }),
      ...(options.repairWebhook && { [ENV.repairWebhook]: 'true' }),
    };
    aws = await startLocalAws({ ...options, stateDir, environment });
    const endpoints = await connect(aws, gemini, options);
    let remove = writeEndpoints(stateDir, endpoints);
    const started = aws;
    // Whoever rotates them, by the command line as well: `npm run send` signs with what is in the file.
    started.secrets.onRotated = () => {
      Object.assign(endpoints, secretsOf(started));
      remove = writeEndpoints(stateDir, endpoints);
    };
    const stopReconciling =
      options.reconcile && repeat(() => started.runSchedule('Reconciler'), options.reconcile.everyMs);
    return {
      aws,
      endpoints,
      async rotate(which) {
        const ids = secretIdsOf(started);
        await started.rotate(which === 'signing-secret' ? ids.signingSecretId : ids.dynamicTokenSecretId);
      },
      async revoke(which) {
        await started.invoke('DefaultWebhookRotator', { revoke: which });
      },
      async close() {
        remove();
        await stopReconciling?.();
        for (const left of await started.customResources.delete()) console.error(left);
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

/** Puts the API key where the functions look for it, and has the webhook registered as a deployment does. */
async function connect(
  aws: LocalAws,
  gemini: Gemini,
  { register = false, webhookProperties }: RunOptions,
): Promise<Endpoints> {
  for (const name of aws.variables(ENV.apiKeySecretId)) aws.secrets.put(name, gemini.apiKey);
  const { WebhookUrl = '', OutputBucketName = '', EventBusName = '', Deployment = '' } = aws.outputs;
  const { signingSecretId } = secretIdsOf(aws);
  const isRegistered = register || gemini.controlUrl !== null;
  if (isRegistered) await aws.customResources.create(webhookProperties);
  await aws.completeStack();
  // Google's Gemini cannot reach loopback: nothing is registered there, and who drives the run signs by itself.
  if (!isRegistered) aws.secrets.put(signingSecretId, `whsec_${randomBytes(32).toString('base64')}`);
  return {
    webhookUrl: WebhookUrl,
    ...secretsOf(aws),
    geminiUrl: gemini.url,
    apiKey: gemini.apiKey,
    dynamodbUrl: aws.dynamodbUrl,
    s3Url: aws.s3Url,
    bucket: OutputBucketName,
    table: Description.parse(JSON.parse(Deployment)).idempotencyTable,
    busName: EventBusName,
    eventsFile: aws.eventsFile,
    jwksUrl: gemini.jwksUrl,
    ...{ awsUrl: aws.awsUrl, outputs: aws.outputs, resources: [...aws.resources] },
    simulatorControlUrl: gemini.controlUrl,
  };
}

/** Of the project `default`, from the verifier's own configuration. */
function secretIdsOf(aws: LocalAws): { readonly signingSecretId: string; readonly dynamicTokenSecretId: string } {
  for (const projects of aws.variables(ENV.projects)) {
    const found = ProjectSecretIds.safeParse(JSON.parse(projects)[DEFAULT_PROJECT]);
    if (found.success) return found.data;
  }
  throw new LocalRunError(`No function of the template has the secrets of the project ${DEFAULT_PROJECT}.`);
}

/** As they are now: a rotation changes them. */
function secretsOf(aws: LocalAws): Pick<Endpoints, 'dynamicWebhookUrl' | 'signingSecret'> {
  const { signingSecretId, dynamicTokenSecretId } = secretIdsOf(aws);
  return {
    dynamicWebhookUrl: `${aws.outputs['WebhookUrl']}/dynamic/${aws.secrets.current(dynamicTokenSecretId).slice(0, TOKEN_LENGTH)}`,
    signingSecret: aws.secrets.current(signingSecretId),
  };
}

export function createClient(baseUrl: string, apiKey: string): GoogleGenAI {
  return new GoogleGenAI({ apiKey, apiVersion: 'v1beta', httpOptions: { baseUrl } });
}
