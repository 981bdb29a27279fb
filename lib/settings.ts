/** The props with every default filled in, and everything that is wrong said at once. */
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type FetchedJobType, FILE_RETENTION_SECONDS } from '../lambda/contract.ts';
import { consumerFaults } from './consumers.ts';
import { originFaults } from './door.ts';
import type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';
import { jobLedgerFaults, type ResolvedJobLedger, resolveJobLedger } from './job-ledger.ts';
import { rotationFaults } from './managed-webhook.ts';
import { projectFaults, type ResolvedProject, resolveProjects } from './projects.ts';
import { type ResolvedReconciliation, reconciliationFaults, resolveReconciliation } from './reconciler.ts';
import { type RegionalFeatures, resolveFeatures } from './regions.ts';

/** Gemini retries a delivery for half of it. */
const SHORTEST_RECORD_TTL = Duration.hours(48);

/** Each is what its prop says. */
export interface Settings {
  readonly projects: readonly ResolvedProject[];
  readonly features: Required<RegionalFeatures>;
  /** Of every function. */
  readonly functions: { readonly logRetention: RetentionDays };
  readonly retain: boolean;
  readonly recordTtl: Duration;
  readonly throttleRate: number;
  readonly throttleBurst: number;
  readonly archiveRetention: Duration;
  readonly noncurrentVersionExpiration: Duration;
  readonly maxOutputSize: Size;
  readonly maxConcurrency: Readonly<Record<FetchedJobType, number>>;
  readonly signingSecretRotation: Duration;
  readonly dynamicTokenRotation: Duration;
  readonly reconciliation: ResolvedReconciliation;
  readonly jobLedger: ResolvedJobLedger;
  /** How long Gemini keeps a job of each type. */
  readonly jobRetention: Readonly<Record<FetchedJobType, Duration>>;
}

/** @throws Error with every fault, and what to do */
export function resolveSettings(scope: Construct, props: GeminiWebhooksProps): Settings {
  const reconciliation = resolveReconciliation(props.reconciliation);
  const files = Duration.seconds(FILE_RETENTION_SECONDS);
  const settings: Settings = {
    projects: resolveProjects(props.projects),
    features: resolveFeatures(scope, props.regionalFeatures),
    functions: {
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
    },
    retain: props.removalPolicy !== RemovalPolicy.DESTROY,
    recordTtl: props.recordTtl ?? Duration.days(7),
    throttleRate: props.throttleRate ?? 50,
    throttleBurst: props.throttleBurst ?? 100,
    archiveRetention: props.archiveRetention ?? Duration.days(14),
    noncurrentVersionExpiration: props.noncurrentVersionExpiration ?? Duration.days(30),
    maxOutputSize: props.maxOutputSize ?? Size.gibibytes(20),
    maxConcurrency: {
      batch: props.maxConcurrencyBatch ?? 2,
      interaction: props.maxConcurrencyInteraction ?? 2,
      video: props.maxConcurrencyVideo ?? 2,
    },
    signingSecretRotation: props.signingSecretRotation ?? Duration.days(30),
    dynamicTokenRotation: props.dynamicTokenRotation ?? Duration.days(30),
    reconciliation,
    jobLedger: resolveJobLedger(props.jobLedger),
    jobRetention: { batch: files, interaction: reconciliation.interactionRetention, video: files },
  };
  const { recordTtl, projects } = settings;
  const names = projects.map(({ name }) => name);
  const faults = [
    ...(recordTtl.toSeconds() < SHORTEST_RECORD_TTL.toSeconds()
      ? [`recordTtl is ${recordTtl.toHumanString()}; give at least 48 hours, because Gemini retries a delivery for 24.`]
      : []),
    ...projectFaults(projects),
    ...consumerFaults(props.consumers, names),
    ...originFaults(props.publicUrl, props.originHeader),
    ...rotationFaults(settings),
    ...reconciliationFaults(reconciliation, recordTtl),
    ...jobLedgerFaults(settings.jobLedger),
  ];
  if (faults.length > 0) throw new Error(`Invalid props:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
  return settings;
}
