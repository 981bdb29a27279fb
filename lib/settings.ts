/** The props of a pipeline with every default filled in, where each part of the pipeline finds them. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';
import { FETCHED_JOB_TYPES, type FetchedJobType, FILE_RETENTION_SECONDS, JOB_TYPE } from '../lambda/contract.ts';
import { faultsOf } from './field-faults.ts';
import type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';
import { PROPS, type PropValues } from './props-schema.ts';
import { type RegionalFeatures, resolveFeatures } from './regions.ts';
import { ConfigurationError } from './shared/configuration-error.ts';

/** Every prop with its default, and what follows from the props. */
export interface Settings extends PropValues {
  readonly features: Required<RegionalFeatures>;
  /** Whether what is stored outlives the stack. */
  readonly retain: boolean;
  /** How long Gemini keeps a job of each type. */
  readonly jobRetention: Readonly<Record<FetchedJobType, Duration>>;
}

/** Of the construct tree: whatever is below finds the settings there, and no constructor has to pass them on. */
const CONTEXT_KEY = 'gemini-webhooks:settings';

/**
 * Settles the props for all that is made below the scope.
 *
 * @param scope has nothing below it yet
 * @throws ConfigurationError with every fault, and what to do
 */
export function settle(scope: Construct, props: GeminiWebhooksProps): Settings {
  const { data: values, error } = PROPS.safeParse(props, { reportInput: true });
  if (error !== undefined) throw new ConfigurationError('props', faultsOf(error, PROPS, props));
  const settings: Settings = {
    ...values,
    features: resolveFeatures(scope, values.regionalFeatures),
    retain: values.removalPolicy !== RemovalPolicy.DESTROY,
    jobRetention: retentionOfJobs(values.reconciliation.interactionRetention),
  };
  scope.node.setContext(CONTEXT_KEY, settings);
  return settings;
}

/** Of the pipeline that the scope is a part of. */
export function settingsOf(scope: IConstruct): Settings {
  return scope.node.getContext(CONTEXT_KEY);
}

function retentionOfJobs(interactionRetention: Duration): Settings['jobRetention'] {
  const entries = FETCHED_JOB_TYPES.map((jobType) => {
    const { retention } = JOB_TYPE[jobType];
    return [jobType, retention === 'files' ? Duration.seconds(FILE_RETENTION_SECONDS) : interactionRetention];
  });
  return Object.fromEntries(entries);
}
