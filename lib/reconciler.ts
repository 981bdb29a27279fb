/** Looks for jobs of one project that ended without a webhook, on a schedule. */
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { ENV, FETCHED_JOB_TYPES } from '../lambda/contract.ts';
import { NodeFunction } from './node-function.ts';
import type { ProjectSecrets } from './project-secrets.ts';
import { settingsOf } from './settings.ts';
import { acknowledge } from './shared/nag-acknowledgement.ts';

/** Longer than a claim, its publication and their repetitions may take. */
const LEASE = Duration.minutes(1);
const LONGEST_RUN = Duration.minutes(10);

export interface ReconciliationOptions {
  /**
   * How often jobs are looked for.
   *
   * @default Duration.minutes(15)
   */
  readonly interval?: Duration;

  /**
   * How long after its end a job is left to its webhook.
   *
   * @default Duration.minutes(10)
   */
  readonly gracePeriod?: Duration;

  /**
   * How far back batches are looked for. What ended before is left alone.
   *
   * @default Duration.hours(48)
   */
  readonly horizon?: Duration;

  /**
   * How long Gemini keeps your interactions: 1 day on the free tier, 55 days on the paid one. What has not been stored by then is
   * given up, and an alarm goes off after half of it.
   *
   * @default Duration.days(1)
   */
  readonly interactionRetention?: Duration;
}

export interface ReconcilerProps {
  readonly secrets: ProjectSecrets;
  /** Tables, bus and bucket, by their variables. */
  readonly environment: { readonly [name: string]: string };
}

export class Reconciler extends Construct {
  readonly handler: NodeFunction;
  readonly secrets: ProjectSecrets;

  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    super(scope, id);
    const { project } = props.secrets;
    const { reconciliation: options, jobRetention } = settingsOf(this);
    this.secrets = props.secrets;
    const isLong = options.interval.toMinutes() > LONGEST_RUN.toMinutes();
    this.handler = new NodeFunction(this, 'Handler', {
      description: `Announces jobs of the project ${project.name} that ended without a webhook.`,
      name: 'reconciler',
      memorySize: 512,
      // Over before the next one begins; two at a time would do no harm, and ask Gemini twice.
      timeout: isLong ? LONGEST_RUN : options.interval.minus(Duration.minutes(1)),
      invokedBy: 'Invoked by a schedule: the next run goes on where this one was.',
      environment: {
        ...props.environment,
        [ENV.project]: project.name,
        [ENV.apiKeySecretId]: project.apiKeySecretName,
        [ENV.subscribedEvents]: project.subscribedEvents.join(),
        [ENV.leaseSeconds]: String(LEASE.toSeconds()),
        [ENV.graceSeconds]: String(options.gracePeriod.toSeconds()),
        [ENV.horizonSeconds]: String(options.horizon.toSeconds()),
        [ENV.jobRetentionSeconds]: JSON.stringify(
          Object.fromEntries(FETCHED_JOB_TYPES.map((jobType) => [jobType, jobRetention[jobType].toSeconds()])),
        ),
      },
    });
    // A run that failed is not made up for by two more of its kind beside the next. No reserved concurrency for that: an account
    // with 10 executions, as new ones have, cannot reserve any.
    this.handler.function.configureAsyncInvoke({ maxEventAge: options.interval, retryAttempts: 0 });
    acknowledge(this.handler.function, {
      'Serverless-LambdaAsyncFailureDestination': 'A run that failed is made up for by the next one, minutes later.',
    });
    const rule = new Rule(this, 'Schedule', {
      description: `Looks for jobs of the project ${project.name} that ended without a webhook.`,
      schedule: Schedule.rate(options.interval),
      targets: [new LambdaTarget(this.handler.function, { maxEventAge: options.interval, retryAttempts: 0 })],
    });
    acknowledge(rule, {
      'Serverless-EventBusDLQ': 'A run that could not be invoked is made up for by the next one, minutes later.',
    });
  }
}
