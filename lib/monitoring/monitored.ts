/** What is watched: the parts of the pipeline that have metrics. */
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { IEventBus, IRule } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IDependable } from 'constructs';
import type { Fetcher } from '../fetcher.ts';
import type { Settings } from '../settings.ts';
import type { PipelineMetrics } from './metrics.ts';

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
  readonly fetchers: readonly Fetcher[];
  readonly ledgerQueue: IQueue;
  readonly ledgerDeadLetterQueue: IQueue;
  /** Of the projects whose secrets are rotated. */
  readonly rotators: readonly { readonly project: string; readonly function: IFunction }[];
  readonly settings: Settings;
}
