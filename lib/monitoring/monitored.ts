/** What is watched: the parts of the pipeline that have metrics. */
import type { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { IEventBus, IRule } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IDependable } from 'constructs';
import type { FetchedJobType } from '../../lambda/contract.ts';
import type { PipelineMetrics } from './metrics.ts';
import type { Monitoring } from './monitoring-props.ts';

export interface Monitored {
  readonly metrics: PipelineMetrics;
  readonly api: HttpApi;
  readonly verifier: IFunction;
  /** Names of the Gemini projects. */
  readonly projects: readonly string[];
  /** By project: the registration, which runs health check and reconciler for the first time. */
  readonly firstRuns: ReadonlyMap<string, IDependable>;
  readonly bus: IEventBus;
  readonly rules: readonly IRule[];
  /** Undefined where the Region has no archives. */
  readonly archiveName: string | undefined;
  readonly undeliveredQueue: IQueue;
  readonly fetchers: readonly {
    readonly jobType: FetchedJobType;
    readonly queue: IQueue;
    readonly deadLetterQueue: IQueue;
    readonly function: IFunction;
  }[];
  readonly ledgerQueue: IQueue;
  readonly ledgerDeadLetterQueue: IQueue;
  /** Of the projects whose secrets are rotated. */
  readonly rotators: readonly { readonly project: string; readonly function: IFunction }[];
  readonly settings: {
    readonly encryptionKey?: IKey | undefined;
    readonly jobRetention: Readonly<Record<FetchedJobType, Duration>>;
    readonly monitoring: Monitoring;
    readonly reconciliation: { readonly interval: Duration };
    readonly signingSecretRotation: Duration;
    readonly dynamicTokenRotation: Duration;
  };
}
