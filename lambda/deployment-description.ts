/** What a deployment says about itself: where its tools find everything. Names and ARNs only, no secret. */
import type { FetchedJobType } from './contract.ts';

/** Id of the output that has it, as JSON. */
export const DEPLOYMENT_OUTPUT = 'Deployment';
/** Of the form below; it changes when a tool of another version would misread it. */
export const DESCRIPTION_VERSION = 1;

export interface DescribedFunction {
  readonly name: string;
  readonly logGroup: string;
}

/** What takes events of the bus: a rule, a queue with its dead-letter queue, and a function. */
export interface DescribedWorker extends DescribedFunction {
  readonly queueUrl: string;
  readonly deadLettersUrl: string;
  readonly ruleArn: string;
}

/** One Gemini project. */
export interface DescribedProject {
  readonly name: string;
  /** A dynamic webhook has `/dynamic/` and the token appended. */
  readonly webhookUrl: string;
  readonly apiKeySecret: string;
  readonly signingSecret: string;
  readonly dynamicTokenSecret: string;
  readonly registrar: DescribedFunction;
  /** Absent when nothing is rotated. */
  readonly rotator?: DescribedFunction;
  readonly healthCheck: DescribedFunction;
  readonly reconciler: DescribedFunction;
}

export interface DeploymentDescription {
  /** By which the output is distinguished from one that a team calls the same. */
  readonly geminiWebhooks: typeof DESCRIPTION_VERSION;
  /** Begins the names of alarms, dashboard and webhooks. */
  readonly name: string;
  /** Of the package that was deployed. */
  readonly version: string;
  readonly eventBusArn: string;
  /** Null where the Region has none. */
  readonly archive: string | null;
  /** Takes what EventBridge could not deliver. */
  readonly undeliveredUrl: string;
  readonly outputBucket: string;
  readonly idempotencyTable: string;
  readonly ledgerTable: string;
  readonly verifier: DescribedFunction;
  readonly recorder: DescribedWorker;
  readonly fetchers: Readonly<Record<FetchedJobType, DescribedWorker>>;
  /** Absent when nothing is quarantined. */
  readonly quarantineTable?: string;
  readonly reverifier?: DescribedFunction;
  readonly metricNamespace: string;
  /** Without the deployment's name and the dash that their names begin with. */
  readonly alarms: readonly string[];
  readonly projects: readonly DescribedProject[];
}

/** Undefined for what is no description of this form. */
export function parseDescription(text: string): DeploymentDescription | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<DeploymentDescription> | null;
    return parsed?.geminiWebhooks === DESCRIPTION_VERSION ? (parsed as DeploymentDescription) : undefined;
  } catch {
    return undefined;
  }
}
