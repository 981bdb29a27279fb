/** The whole pipeline as one construct: it wires the parts. What each may do with another is in permissions.ts. */
import { fileURLToPath } from 'node:url';
import { Annotations, type CfnOutput, Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { type Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type EventBus, type OnEventOptions, Rule } from 'aws-cdk-lib/aws-events';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  DEFAULT_SOURCE,
  DETAIL_TYPE,
  ENV,
  EVENT_SOURCE,
  type FetchedJobType,
  SUBMIT_ENV,
  WEBHOOK_CONFIG_ENV,
} from '../lambda/contract.ts';
import { CatchAll } from './catch-all.ts';
import { consumerFaults, grantConsumers } from './consumers.ts';
import { nameDeployment } from './deployment-name.ts';
import { Door } from './door.ts';
import { JobEventBus } from './event-bus.ts';
import { Fetcher } from './fetcher.ts';
import type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';
import { IdempotencyTable } from './idempotency-table.ts';
import { JobLedger } from './job-ledger.ts';
import { ManagedWebhook, rotationFaults } from './managed-webhook.ts';
import { Alarms } from './monitoring/alarms-construct.ts';
import { Dashboard } from './monitoring/dashboard.ts';
import { metricNamespace, PipelineMetrics } from './monitoring/metrics.ts';
import type { Monitored } from './monitoring/monitored.ts';
import type { Monitoring } from './monitoring/monitoring-props.ts';
import { OutputBucket } from './output-bucket.ts';
import { addOutputs } from './outputs.ts';
import { Permissions } from './permissions.ts';
import { QuarantineTable, Reverifier, type ReverifierProps } from './quarantine.ts';
import { Reconciler, reconciliationFaults, resolveReconciliation } from './reconciler.ts';
import { resolveFeatures } from './regions.ts';
import { SchemaRegistry } from './schema-registry.ts';
import { SourceSecrets } from './source-secrets.ts';
import { pascal, resolveSources, sourceFaults } from './sources.ts';

const HANDLERS_PATH = fileURLToPath(new URL('../lambda/handlers', import.meta.url));

/**
 * Receives webhooks of the Gemini API, announces finished jobs on an event bus, and lands their outputs in a bucket.
 *
 * The API keys are not part of it: they are in secrets of your own, which are referenced by name.
 */
export class GeminiWebhooks extends Construct {
  /** Finished jobs (`batch.succeeded`, …) and landed outputs (`output.stored`, `output.failed`). */
  readonly eventBus: EventBus;
  /** Outputs, under `<job type>/source=<name>/date=<date>/job=<id>/<status>/`; complete when `manifest.json` is there. */
  readonly outputBucket: Bucket;
  /** Idempotency records. */
  readonly table: TableV2;
  /** The function behind the HTTP API. */
  readonly verifier: LambdaFunction;
  /** One for each job type. */
  readonly fetchers: Fetcher[];
  /** One for each Gemini project. */
  readonly webhooks: readonly ManagedWebhook[];
  /** Begins the names of alarms, dashboard and webhooks: the stack's name, with this construct's path unless it is called GeminiWebhooks. */
  readonly deploymentName: string;
  /** By which the command line finds this deployment. Their logical ids begin with this construct's; their ids are the names. */
  readonly outputs: readonly CfnOutput[];

  private readonly door: Door;
  private readonly metrics: PipelineMetrics;
  private readonly permissions: Permissions;

  constructor(scope: Construct, id: string, props: GeminiWebhooksProps) {
    super(scope, id);
    this.deploymentName = nameDeployment(this);
    this.metrics = new PipelineMetrics(metricNamespace(this));
    const recordTtl = props.recordTtl ?? Duration.days(7);
    if (recordTtl.toSeconds() < Duration.hours(48).toSeconds()) {
      throw new Error(
        `recordTtl is ${recordTtl.toHumanString()}; give at least 48 hours, because Gemini retries a delivery for 24.`,
      );
    }
    const sources = resolveSources(props.sources);
    const signingSecretRotation = props.signingSecretRotation ?? Duration.days(30);
    const dynamicTokenRotation = props.dynamicTokenRotation ?? Duration.days(30);
    const reconciliation = resolveReconciliation(props.reconciliation);
    const faults = [
      ...sourceFaults(sources),
      ...consumerFaults(
        props.consumers,
        sources.map(({ name }) => name),
      ),
      ...rotationFaults({ signingSecretRotation, dynamicTokenRotation }),
      ...reconciliationFaults(reconciliation, recordTtl),
    ];
    if (faults.length > 0) throw new Error(`The props do not hold:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
    const retain = props.removalPolicy !== RemovalPolicy.DESTROY;
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH;
    const throttleRate = props.throttleRate ?? 50;
    const throttleBurst = props.throttleBurst ?? 100;
    const handlersPath = props.handlersPath ?? HANDLERS_PATH;
    const secrets = sources.map((source) => new SourceSecrets(this, `${pascal(source.name)}Secrets`, source));

    this.table = new IdempotencyTable(this, 'IdempotencyTable', {
      // What the door lets through in one second, claimed and completed, and half of it once more for retried calls:
      // genuine traffic is never throttled here.
      maxWritesPerSecond: 3 * (throttleRate + throttleBurst),
      retain,
    }).table;
    this.outputBucket = new OutputBucket(this, 'OutputBucket', {
      noncurrentVersionExpiration: props.noncurrentVersionExpiration ?? Duration.days(30),
      retain,
    }).bucket;
    const features = resolveFeatures(this, props.regionalFeatures);
    const bus = new JobEventBus(this, 'EventBus', {
      features,
      archiveRetention: props.archiveRetention ?? Duration.days(14),
      logRetention,
      retain,
    });
    this.eventBus = bus.eventBus;
    this.permissions = new Permissions({
      ...{ table: this.table, eventBus: this.eventBus, outputBucket: this.outputBucket },
    });
    if (features.schemaRegistry) new SchemaRegistry(this, 'Schemas');
    if (props.consumers !== undefined) grantConsumers(bus, props.consumers);
    const catchAll = new CatchAll(this, 'CatchAll', { bus, logRetention });

    const quarantine = props.quarantine && new QuarantineTable(this, 'Quarantine', props.quarantine);
    this.door = new Door(this, 'Door', {
      handlersPath,
      table: this.table,
      eventBus: this.eventBus,
      sources: secrets,
      customDomain: props.customDomain,
      quarantine: quarantine?.environment ?? {},
      jwtAudiences: props.jwtAudiences ?? [],
      recordTtl,
      throttleRate,
      throttleBurst,
      logRetention,
    });
    this.verifier = this.door.verifier;
    this.permissions.claims(this.verifier);
    this.permissions.publishJobs(this.verifier);
    this.permissions.readSecrets(
      this.verifier,
      secrets.flatMap(({ signingSecret, dynamicTokenSecret }) => [signingSecret, dynamicTokenSecret]),
    );

    if (quarantine !== undefined) this.addReverifier(quarantine, secrets, { handlersPath, logRetention });

    const ledger = new JobLedger(this, 'JobLedger', { handlersPath, logRetention });
    this.permissions.record(ledger);
    const rules: Rule[] = [catchAll.rule, bus.addLedger('LedgerEvents', ledger.queue)];
    const addFetcher = (fetcherId: string, jobType: FetchedJobType, maxConcurrency: number): Fetcher => {
      const fetcher = new Fetcher(this, `${fetcherId}Fetcher`, {
        jobType,
        handlersPath,
        eventBus: this.eventBus,
        outputBucket: this.outputBucket,
        ledgerTable: ledger.table,
        sources,
        maxConcurrency,
        maxOutputSize: props.maxOutputSize ?? Size.gibibytes(100),
        logRetention,
      });
      rules.push(bus.addJobHandler(`${fetcherId}Jobs`, jobType, fetcher.queue));
      this.permissions.landOutputs(fetcher);
      this.permissions.keepLandings(fetcher, ledger);
      this.permissions.publishOutputs(fetcher.function);
      this.permissions.readSecrets(
        fetcher.function,
        secrets.map(({ apiKeySecret }) => apiKeySecret),
      );
      return fetcher;
    };
    this.fetchers = [
      addFetcher('Batch', 'batch', props.maxConcurrencyBatch ?? 2),
      addFetcher('Interaction', 'interaction', props.maxConcurrencyInteraction ?? 2),
      addFetcher('Video', 'video', props.maxConcurrencyVideo ?? 2),
    ];

    this.webhooks = sources.flatMap((source, index) => {
      const own = secrets[index];
      if (own === undefined) return [];
      const webhook = new ManagedWebhook(this, `${pascal(source.name)}Webhook`, {
        source,
        secrets: own,
        webhookUrl: this.door.webhookUrl(source.name),
        handlersPath,
        logRetention,
        signingSecretRotation,
        dynamicTokenRotation,
        repair: props.repairWebhook ?? false,
      });
      this.permissions.manageWebhook(webhook);
      // Whatever takes an event: of what Gemini delivers before, nothing would be lost, but nobody would look at it either.
      webhook.registerAfter(bus, catchAll, ledger, ...this.fetchers, this.table, this.outputBucket, this.door);
      return [webhook];
    });

    for (const [index, source] of sources.entries()) {
      const own = secrets[index];
      if (own === undefined) continue;
      const reconciler = new Reconciler(this, `${pascal(source.name)}Reconciler`, {
        source,
        secrets: own,
        handlersPath,
        logRetention,
        options: reconciliation,
        environment: {
          [ENV.tableName]: this.table.tableName,
          [ENV.ledgerTableName]: ledger.table.tableName,
          [ENV.eventBusName]: this.eventBus.eventBusName,
          [ENV.bucketName]: this.outputBucket.bucketName,
          [ENV.recordTtlSeconds]: String(recordTtl.toSeconds()),
        },
      });
      this.permissions.reconcile(reconciler, ledger);
      this.webhooks[index]?.addFirstRun(reconciler.handler);
    }

    this.monitor(props.monitoring, {
      metrics: this.metrics,
      ...{ api: this.door.api, verifier: this.verifier, fetchers: this.fetchers, rules },
      sources: sources.map(({ name }) => name),
      firstRuns: new Map(this.webhooks.map(({ secrets: own, registration }) => [own.sourceName, registration])),
      rotations: [
        { secret: 'signing' as const, interval: signingSecretRotation },
        { secret: 'token' as const, interval: dynamicTokenRotation },
      ].filter(({ interval }) => interval.toDays() > 0),
      rotators: this.webhooks.flatMap(({ rotator, secrets: { sourceName: source } }) =>
        rotator === undefined ? [] : [{ source, function: rotator.function }],
      ),
      bus: this.eventBus,
      archiveName: bus.archive?.archiveName,
      reconciliation,
      ledgerDeadLetterQueue: ledger.deadLetterQueue,
      undeliveredQueue: bus.undeliveredQueue,
      noDeliveryHours: props.monitoring.options?.noDeliveryHours,
    });

    this.outputs = addOutputs(this, {
      ...{ eventBus: this.eventBus, outputBucket: this.outputBucket, table: this.table },
      sources: sources.map(({ name, apiKeySecretName }) => ({
        ...{ name, apiKeySecretName, suffix: name === DEFAULT_SOURCE ? '' : pascal(name) },
        webhookUrl: this.webhookUrl(name),
        dynamicTokenSecretArn: this.dynamicTokenSecret(name).secretArn,
      })),
    });
  }

  /**
   * The URL of a source's static webhook, which is registered at Gemini. A dynamic webhook has `/dynamic/` and the token
   * appended.
   */
  webhookUrl(source: string = DEFAULT_SOURCE): string {
    return this.door.webhookUrl(this.secretsOf(source).sourceName);
  }

  /** The secret with the token of the source's dynamic webhooks. */
  dynamicTokenSecret(source: string = DEFAULT_SOURCE): ISecret {
    return this.secretsOf(source).dynamicTokenSecret;
  }

  /** A rule on every event of Gemini's and every announcement; `options` narrow it down and name its target. */
  onEvent(id: string, options: OnEventOptions = {}): Rule {
    return this.onDetailType(id, undefined, options);
  }

  /** A batch succeeded at Gemini. Its outputs are not in the bucket yet: see `onOutputStored`. */
  onBatchSucceeded(id: string, options: OnEventOptions = {}): Rule {
    return this.onDetailType(id, 'batch.succeeded', options);
  }

  /** An interaction completed at Gemini, e.g. Deep Research. Its outputs are not in the bucket yet: see `onOutputStored`. */
  onInteractionCompleted(id: string, options: OnEventOptions = {}): Rule {
    return this.onDetailType(id, 'interaction.completed', options);
  }

  /** A job's outputs, or the account of its failure at Gemini, are complete in the bucket. */
  onOutputStored(id: string, options: OnEventOptions = {}): Rule {
    return this.onDetailType(id, DETAIL_TYPE.outputStored, options);
  }

  /** A job's outputs will not come. */
  onOutputFailed(id: string, options: OnEventOptions = {}): Rule {
    return this.onDetailType(id, DETAIL_TYPE.outputFailed, options);
  }

  /** Reads what landed, manifests included. @param jobType of these jobs only; of all by default */
  grantReadOutputs(grantee: IGrantable, jobType?: FetchedJobType): void {
    this.permissions.readOutputs(grantee, jobType);
  }

  /** Puts events of its own on the bus, but none in the name of this pipeline. */
  grantPublish(grantee: IGrantable): void {
    this.permissions.publishOwn(grantee);
  }

  /** Deliveries in 5 minutes. @param outcome `accepted`, `duplicate`, or the code of a rejection */
  metricDeliveries(outcome = 'accepted', source: string = DEFAULT_SOURCE, options?: MetricOptions): Metric {
    return this.metrics.deliveries(source, outcome).with(options ?? {});
  }

  /** Jobs that landed in 5 minutes. */
  metricOutputsStored(jobType: FetchedJobType, source: string = DEFAULT_SOURCE, options?: MetricOptions): Metric {
    return this.metrics.outputs('OutputsStored', source, jobType).with(options ?? {});
  }

  /** Jobs whose outputs will not come, in 5 minutes. */
  metricOutputsFailed(jobType: FetchedJobType, source: string = DEFAULT_SOURCE, options?: MetricOptions): Metric {
    return this.metrics.outputs('OutputsFailed', source, jobType).with(options ?? {});
  }

  /** Seconds from a job's end to its manifest, 90th percentile. */
  metricLandingSeconds(jobType: FetchedJobType, source: string = DEFAULT_SOURCE, options?: MetricOptions): Metric {
    return this.metrics.outputs('LandingSeconds', source, jobType, Stats.percentile(90)).with(options ?? {});
  }

  /** 1 while the webhook at Gemini is as it was deployed. */
  metricWebhookHealthy(source: string = DEFAULT_SOURCE, options?: MetricOptions): Metric {
    return this.metrics.webhookHealthy(source, Stats.MINIMUM, Duration.minutes(15)).with(options ?? {});
  }

  private onDetailType(id: string, detailType: string | undefined, options: OnEventOptions): Rule {
    const { target, eventPattern, crossStackScope, ...rest } = options;
    const rule = new Rule(crossStackScope ?? this, id, {
      ...rest,
      eventBus: this.eventBus,
      eventPattern: {
        ...eventPattern,
        // Last: what a method stands for cannot be widened by its options.
        source: [EVENT_SOURCE],
        ...(detailType !== undefined && { detailType: [detailType] }),
      },
    });
    if (target !== undefined) rule.addTarget(target);
    // An event that came before its rule would be in the archive only. In another stack it cannot be waited for: that stack
    // needs the bus of this one first.
    if (Stack.of(rule) === Stack.of(this)) for (const webhook of this.webhooks) webhook.registerAfter(rule);
    return rule;
  }

  /** Lets a function that creates jobs give them a webhook: it may read the token, and `createWebhookConfig` finds it. */
  addWebhookConfig(creator: LambdaFunction, source: string = DEFAULT_SOURCE): void {
    const { dynamicTokenSecret } = this.secretsOf(source);
    creator.addEnvironment(WEBHOOK_CONFIG_ENV.webhookUrl, this.webhookUrl(source));
    creator.addEnvironment(WEBHOOK_CONFIG_ENV.tokenSecretId, dynamicTokenSecret.secretArn);
    this.permissions.readSecrets(creator, [dynamicTokenSecret]);
  }

  /** Lets a function that creates jobs say so: `createJobAnnouncer` finds the bus. A job is then known before its webhook. */
  addJobSubmission(creator: LambdaFunction): void {
    creator.addEnvironment(SUBMIT_ENV.eventBusName, this.eventBus.eventBusName);
    this.grantSubmitJobs(creator);
  }

  /** Says on the bus which jobs it created, and nothing else. */
  grantSubmitJobs(grantee: IGrantable): void {
    this.permissions.submitJobs(grantee);
  }

  private monitor({ options, optOutReason }: Monitoring, monitored: Monitored): void {
    if (options === undefined) {
      Annotations.of(this).addWarningV2('gemini-webhooks:monitoring', `There are no alarms: ${optOutReason}`);
    }
    const alarms = options && new Alarms(this, 'Alarms', monitored, options);
    new Dashboard(this, 'Dashboard', monitored, alarms);
  }

  /** Does what the verifier does, with what it finds in the quarantine; the verifier only adds to that. */
  private addReverifier(
    { table }: QuarantineTable,
    secrets: readonly SourceSecrets[],
    props: Pick<ReverifierProps, 'handlersPath' | 'logRetention'>,
  ): void {
    const { handler } = new Reverifier(this, 'Reverifier', { ...props, environment: this.door.environment });
    this.permissions.quarantine({ keeper: this.verifier, reverifier: handler.function }, table, secrets);
  }

  private secretsOf(source: string): SourceSecrets {
    const found = this.webhooks.map(({ secrets }) => secrets).find(({ sourceName }) => sourceName === source);
    if (found !== undefined) return found;
    const names = this.webhooks.map(({ secrets }) => secrets.sourceName).join(', ');
    throw new Error(`There is no source ${JSON.stringify(source)}; give one of ${names}.`);
  }
}
