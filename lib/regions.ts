/**
 * What some Regions are known not to have. CloudFormation refuses a whole template for one type that its Region does not know,
 * even under a condition that is false; so it is left out of the template.
 *
 * Sources: the resource types that CloudFormation registers in each Region, as cfn-lint collects them
 * (https://github.com/aws-cloudformation/cfn-lint, src/cfnlint/data/schemas/providers), and
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/feature-availability.html; the lists are of different dates, the newest of November 2026.
 */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Each is left out where the stack's Region is known not to have it. */
export interface RegionalFeatures {
  /**
   * The event schemas, in a registry of EventBridge's.
   *
   * @default - true, except in Regions that are known to have no registry
   */
  readonly schemaRegistry?: boolean;

  /**
   * The archive of events, and with it replays.
   *
   * @default - true, except in Regions that are known to have no archives
   */
  readonly archive?: boolean;

  /**
   * The error log of the event bus.
   *
   * @default - true, except in Regions whose buses are known to have no logs
   */
  readonly busLogs?: boolean;

  /**
   * True says that the Region has HTTP APIs by now, where it is known to have none.
   *
   * @default - the synthesis fails in Regions that are known to have no HTTP APIs
   */
  readonly httpApi?: boolean;
}

const WITHOUT: Readonly<Record<keyof RegionalFeatures, readonly string[]>> = {
  schemaRegistry: [
    ...['ap-east-2', 'ap-south-2', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7'],
    ...['ca-west-1', 'il-central-1', 'mx-central-1'],
  ],
  archive: [
    ...['ap-east-2', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7'],
    ...['ca-west-1', 'il-central-1', 'mx-central-1'],
  ],
  busLogs: ['ap-southeast-5', 'ap-southeast-7', 'us-gov-east-1', 'us-gov-west-1'],
  httpApi: ['ap-east-2', 'ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7'],
};

const CONSEQUENCE: Readonly<Record<Exclude<keyof RegionalFeatures, 'httpApi'>, string>> = {
  schemaRegistry: 'has no schema registry; the event schemas are only in the package, under schemas/',
  archive: 'has no event archives; nothing can be replayed, and the job ledger cannot be written again',
  busLogs: 'has no logs of event buses; look at the queue of undelivered events instead',
};

/** What a Region is known not to have. */
export function missingIn(region: string): (keyof RegionalFeatures)[] {
  return (Object.keys(WITHOUT) as (keyof RegionalFeatures)[]).filter((feature) => WITHOUT[feature].includes(region));
}

/** @throws when the Region has no HTTP APIs */
export function resolveFeatures(scope: Construct, given: RegionalFeatures = {}): Required<RegionalFeatures> {
  const { region } = Stack.of(scope);
  const missing = Token.isUnresolved(region) ? [] : missingIn(region);
  const has = (feature: keyof RegionalFeatures) => given[feature] ?? !missing.includes(feature);
  const features = {
    schemaRegistry: has('schemaRegistry'),
    archive: has('archive'),
    busLogs: has('busLogs'),
    httpApi: has('httpApi'),
  };
  if (!features.httpApi) {
    throw new Error(
      `The Region ${region} has no HTTP APIs, to which Gemini could post; deploy to another one, or set regionalFeatures.httpApi to true if it has them by now.`,
    );
  }
  for (const [feature, consequence] of Object.entries(CONSEQUENCE)) {
    if (features[feature as keyof typeof CONSEQUENCE] || given[feature as keyof typeof CONSEQUENCE] === false) continue;
    Annotations.of(scope).addWarningV2(
      `gemini-webhooks:${feature}`,
      `The Region ${region} ${consequence}. Set regionalFeatures.${feature} to true if that has changed.`,
    );
  }
  return features;
}
