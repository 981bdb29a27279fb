/** The whole pipeline as one construct: it wires the parts. What each may do with another is in permissions.ts. */
import { Annotations, type CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { type Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type EventBus, type OnEventOptions, Rule } from 'aws-cdk-lib/aws-events';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  DEFAULT_PROJECT,
  DETAIL_TYPE,
  ENV,
  EVENT_SOURCE,
  FETCHED_JOB_TYPES,
  type FetchedJobType,
  SUBMIT_ENV,
  WEBHOOK_CONFIG_ENV,
} from '../lambda/contract.ts';
import { CatchAll } from './catch-all.ts';
import { grantConsumers } from './consumers.ts';
import { Door } from './door.ts';
import { encryptWith, grantDecryptOutputs } from './encryption.ts';
import { JobEventBus } from './event-bus.ts';
import { Fetcher } from './fetcher.ts';
import type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';
import { IdempotencyTable } from './idempotency-table.ts';
import { JobLedger } from './job-ledger.ts';
import { ManagedWebhook } from './managed-webhook.ts';
import { Alarms } from './monitoring/alarms-construct.ts';
import { Dashboard } from './monitoring/dashboard.ts';
import { metricNamespace, PipelineMetrics } from './monitoring/metrics.ts';
import type { Monitored } from './monitoring/monitored.ts';
import type { Monitoring } from './monitoring/monitoring-props.ts';
import { OutputBucket } from './output-bucket.ts';
import { addOutputs, type Described, type DescribedBy, type Worker } from './outputs.ts';
import { Permissions } from './permissions.ts';
import { ProjectSecrets } from './project-secrets.ts';
import { pascal } from './projects.ts';
import { QuarantineTable, Reverifier } from './quarantine.ts';
import { Reconciler } from './reconciler.ts';
import { SchemaRegistry } from './schema-registry.ts';
import { type Settings, settle } from './settings.ts';
import { nameDeployment } from './shared/deployment-name.ts';

/** A fetcher, and the rule that sends it jobs. */
interface FetchingWorker extends Worker {
  readonly jobType: FetchedJobType;
  readonly fetcher: Fetcher;
}

/**
 * Receives webhooks of the Gemini API, announces finished jobs on an event bus, and lands their outputs in a bucket.
 *
 * The API keys are not part of it: they are in secrets of your own, which are referenced by name.
 *
 * @example In a stack of your own, with a queue that hears of each batch whose outputs are stored
 * ```ts
 * import { App, Stack } from 'aws-cdk-lib';
 * import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
 * import { Queue } from 'aws-cdk-lib/aws-sqs';
 * import { GeminiWebhooks, Monitoring } from 'gemini-webhooks-aws';
 *
 * const stack = new Stack(new App(), 'Mine');
 * const webhooks = new GeminiWebhooks(stack, 'GeminiWebhooks', {
 *   monitoring: Monitoring.alarms({ email: 'on-call@example.com' }),
 * });
 * webhooks.onOutputStored('BatchStored', {
 *   eventPattern: { detail: { jobType: ['batch'] } },
 *   target: new SqsQueue(new Queue(stack, 'Stored')),
 * });
 * ```
 */
export class GeminiWebhooks extends Construct {
  /** Finished jobs (`batch.succeeded`, …) and stored outputs (`output.stored`, `output.failed`). */
  readonly eventBus: EventBus;
  /** Outputs, under `<job type>/project=<name>/date=<date>/job=<id>/<status>/`; complete when `manifest.json` is there. */
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
  private readonly encryptionKey: IKey | undefined;

  constructor(scope: Construct, id: string, props: GeminiWebhooksProps) {
    super(scope, id);
    this.deploymentName = nameDeployment(this);
    this.metrics = new PipelineMetrics(metricNamespace(this));
    const settings = settle(this, props);
    this.encryptionKey = settings.encryptionKey;
    const secrets = settings.projects.map(
      (project) => new ProjectSecrets(this, `${pascal(project.name)}Secrets`, project),
    );

    // What is kept.
    this.table = new IdempotencyTable(this, 'IdempotencyTable').table;
    this.outputBucket = new OutputBucket(this, 'OutputBucket').bucket;

    // The bus, and who follows it.
    const bus = new JobEventBus(this, 'EventBus');
    this.eventBus = bus.eventBus;
    this.permissions = new Permissions({
      ...{ table: this.table, eventBus: this.eventBus, outputBucket: this.outputBucket },
    });
    if (settings.features.schemaRegistry) new SchemaRegistry(this, 'Schemas');
    if (settings.consumers !== undefined) grantConsumers(bus, settings.consumers);
    const catchAll = new CatchAll(this, 'CatchAll', { bus });

    const ledger = new JobLedger(this, 'JobLedger');
    this.permissions.grantRecord(ledger);
    const ledgerRule = bus.addLedger('LedgerEvents', ledger.queue);

    // Gemini → HTTP API → verifier → bus
    const { door, quarantine } = this.addDoor(settings, secrets, ledger);
    this.door = door;
    this.verifier = door.verifier;

    // Bus → queue → fetcher → bucket
    const workers = FETCHED_JOB_TYPES.map((jobType) => this.addFetcher(jobType, secrets, ledger, bus));
    this.fetchers = workers.map(({ fetcher }) => fetcher);
    const rules = [catchAll.rule, ledgerRule, ...workers.map(({ rule }) => rule)];

    // The webhook at Gemini comes last: what it delivers before would be in the archive, and nobody would look at it.
    this.webhooks = secrets.map((own) => this.addWebhook(own));
    const projects = this.webhooks.map((webhook) => {
      webhook.registerAfter(bus, catchAll, ledger, ...this.fetchers, this.table, this.outputBucket, this.door);
      const { handler } = this.addReconciler(webhook, settings, ledger);
      webhook.addFirstRun(handler);
      return { webhook, reconciler: handler.function };
    });

    const alarms = this.monitor(settings.monitoring, { ...this.partsToWatch(settings, bus, ledger), rules });
    if (this.encryptionKey !== undefined) encryptWith(this, this.encryptionKey);
    this.outputs = addOutputs(this, {
      ...this.describe(projects),
      ...{ archive: bus.archive, undeliveredQueue: bus.undeliveredQueue, alarms, quarantine, workers },
      ...{ ledgerTable: ledger.table, recorder: { ...ledger, function: ledger.recorder.function, rule: ledgerRule } },
    });
  }

  /**
   * The URL of a project's static webhook, which is registered at Gemini. A dynamic webhook has `/dynamic/` and the token
   * appended.
   */
  webhookUrl(project: string = DEFAULT_PROJECT): string {
    return this.door.webhookUrl(this.secretsOf(project).projectName);
  }

  /** The secret with the token of the project's dynamic webhooks. */
  dynamicTokenSecret(project: string = DEFAULT_PROJECT): ISecret {
    return this.secretsOf(project).dynamicTokenSecret;
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

  /** Reads what stored, manifests included. @param jobType of these jobs only; of all by default */
  grantReadOutputs(grantee: IGrantable, jobType?: FetchedJobType): void {
    this.permissions.grantReadOutputs(grantee, jobType);
    if (this.encryptionKey !== undefined) grantDecryptOutputs(this.encryptionKey, grantee);
  }

  /** Puts events of its own on the bus, but none in the name of this pipeline. */
  grantPublish(grantee: IGrantable): void {
    this.permissions.grantPublish(grantee);
  }

  /** Deliveries in 5 minutes. @param outcome `accepted`, `duplicate`, or the code of a rejection */
  metricDeliveries(outcome = 'accepted', project: string = DEFAULT_PROJECT, options?: MetricOptions): Metric {
    return this.metrics.deliveries(project, outcome).with(options ?? {});
  }

  /** Jobs that stored in 5 minutes. */
  metricOutputsStored(jobType: FetchedJobType, project: string = DEFAULT_PROJECT, options?: MetricOptions): Metric {
    return this.metrics.outputs('OutputsStored', project, jobType).with(options ?? {});
  }

  /** Jobs whose outputs will not come, in 5 minutes. */
  metricOutputsFailed(jobType: FetchedJobType, project: string = DEFAULT_PROJECT, options?: MetricOptions): Metric {
    return this.metrics.outputs('OutputsFailed', project, jobType).with(options ?? {});
  }

  /** Seconds from a job's end to its manifest, 90th percentile. */
  metricSecondsToStore(jobType: FetchedJobType, project: string = DEFAULT_PROJECT, options?: MetricOptions): Metric {
    return this.metrics.outputs('SecondsToStore', project, jobType, Stats.percentile(90)).with(options ?? {});
  }

  /** 1 while the webhook at Gemini is as it was deployed. */
  metricWebhookHealthy(project: string = DEFAULT_PROJECT, options?: MetricOptions): Metric {
    return this.metrics.webhookHealthy(project, Stats.MINIMUM, Duration.minutes(15)).with(options ?? {});
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
  addWebhookConfig(creator: LambdaFunction, project: string = DEFAULT_PROJECT): void {
    const { dynamicTokenSecret } = this.secretsOf(project);
    creator.addEnvironment(WEBHOOK_CONFIG_ENV.webhookUrl, this.webhookUrl(project));
    creator.addEnvironment(WEBHOOK_CONFIG_ENV.tokenSecretId, dynamicTokenSecret.secretArn);
    this.permissions.grantReadSecrets(creator, [dynamicTokenSecret]);
  }

  /** Lets a function that creates jobs say so: `createJobAnnouncer` finds the bus. A job is then known before its webhook. */
  addJobSubmission(creator: LambdaFunction): void {
    creator.addEnvironment(SUBMIT_ENV.eventBusName, this.eventBus.eventBusName);
    this.grantSubmitJobs(creator);
  }

  /** Says on the bus which jobs it created, and nothing else. */
  grantSubmitJobs(grantee: IGrantable): void {
    this.permissions.grantSubmitJobs(grantee);
  }

  private addDoor(
    settings: Settings,
    secrets: readonly ProjectSecrets[],
    ledger: JobLedger,
  ): { readonly door: Door; readonly quarantine: Described['quarantine'] } {
    const quarantine = settings.quarantine && new QuarantineTable(this, 'Quarantine', settings.quarantine);
    const door = new Door(this, 'Door', {
      ...{ table: this.table, eventBus: this.eventBus, ledgerTable: ledger.table, projects: secrets },
      quarantine: quarantine?.environment ?? {},
    });
    this.permissions.grantClaim(door.verifier);
    this.permissions.grantPublishJobs(door.verifier);
    this.permissions.grantFindJobs(door.verifier, ledger.table);
    if (settings.originHeader !== undefined) {
      const { secretName } = settings.originHeader;
      this.permissions.grantReadSecrets(door.verifier, [Secret.fromSecretNameV2(this, 'OriginSecret', secretName)]);
    }
    this.permissions.grantReadSecrets(
      door.verifier,
      secrets.flatMap(({ signingSecret, dynamicTokenSecret }) => [signingSecret, dynamicTokenSecret]),
    );
    if (quarantine === undefined) return { door, quarantine };
    // Does what the verifier does, with what it finds in the quarantine; the verifier only adds to that.
    const { handler } = new Reverifier(this, 'Reverifier', { environment: door.environment });
    const parties = { keeper: door.verifier, reverifier: handler.function };
    this.permissions.grantQuarantine(parties, quarantine.table, secrets);
    this.permissions.grantFindJobs(handler.function, ledger.table);
    return { door, quarantine: { table: quarantine.table, reverifier: handler.function } };
  }

  private addFetcher(
    jobType: FetchedJobType,
    secrets: readonly ProjectSecrets[],
    ledger: JobLedger,
    bus: JobEventBus,
  ): FetchingWorker {
    const fetcher = new Fetcher(this, `${pascal(jobType)}Fetcher`, {
      ...{ jobType, eventBus: this.eventBus, outputBucket: this.outputBucket, ledgerTable: ledger.table },
    });
    this.permissions.grantStoreOutputs(fetcher);
    this.permissions.grantNoteAttempts(fetcher, ledger);
    this.permissions.grantPublishOutputs(fetcher.function);
    this.permissions.grantReadSecrets(
      fetcher.function,
      secrets.map(({ apiKeySecret }) => apiKeySecret),
    );
    const { queue, deadLetterQueue } = fetcher;
    const rule = bus.addJobHandler(`${pascal(jobType)}Jobs`, jobType, queue);
    return { jobType, fetcher, function: fetcher.function, queue, deadLetterQueue, rule };
  }

  private addWebhook(secrets: ProjectSecrets): ManagedWebhook {
    const { projectName } = secrets;
    const webhook = new ManagedWebhook(this, `${pascal(projectName)}Webhook`, {
      ...{ secrets, webhookUrl: this.door.webhookUrl(projectName) },
    });
    this.permissions.grantManageWebhook(webhook);
    return webhook;
  }

  private addReconciler({ secrets }: ManagedWebhook, settings: Settings, ledger: JobLedger): Reconciler {
    const reconciler = new Reconciler(this, `${pascal(secrets.projectName)}Reconciler`, {
      secrets,
      environment: {
        [ENV.tableName]: this.table.tableName,
        [ENV.ledgerTableName]: ledger.table.tableName,
        [ENV.eventBusName]: this.eventBus.eventBusName,
        [ENV.bucketName]: this.outputBucket.bucketName,
        [ENV.recordTtlSeconds]: String(settings.recordTtl.toSeconds()),
      },
    });
    this.permissions.grantReconcile(reconciler, ledger, secrets.projectName);
    return reconciler;
  }

  private partsToWatch(settings: Settings, bus: JobEventBus, ledger: JobLedger): Omit<Monitored, 'rules'> {
    return {
      settings,
      ...{ metrics: this.metrics, api: this.door.api, verifier: this.verifier, fetchers: this.fetchers },
      projects: settings.projects.map(({ name }) => name),
      firstRuns: new Map(this.webhooks.map(({ secrets, registration }) => [secrets.projectName, registration])),
      rotators: this.webhooks
        .filter(({ rotates }) => rotates)
        .map(({ rotator, secrets: { projectName: project } }) => ({ project, function: rotator.function })),
      ...{ bus: this.eventBus, archiveName: bus.archive?.archiveName, undeliveredQueue: bus.undeliveredQueue },
      ...{ ledgerQueue: ledger.queue, ledgerDeadLetterQueue: ledger.deadLetterQueue },
    };
  }

  private describe(projects: readonly Pick<DescribedBy, 'webhook' | 'reconciler'>[]) {
    return {
      ...{ deploymentName: this.deploymentName, metricNamespace: metricNamespace(this) },
      ...{ eventBus: this.eventBus, outputBucket: this.outputBucket, idempotencyTable: this.table },
      verifier: this.verifier,
      projects: projects.map(({ webhook, reconciler }) => {
        const { name, apiKeySecretName } = webhook.secrets.project;
        const suffix = name === DEFAULT_PROJECT ? '' : pascal(name);
        return { name, suffix, apiKeySecretName, webhook, reconciler, webhookUrl: this.webhookUrl(name) };
      }),
    };
  }

  /** @returns the names of the alarms */
  private monitor({ options, optOutReason }: Monitoring, monitored: Monitored): readonly string[] {
    if (options === undefined) {
      Annotations.of(this).addWarningV2('gemini-webhooks:monitoring', `There are no alarms: ${optOutReason}`);
    }
    const alarms = options && new Alarms(this, 'Alarms', monitored, options);
    new Dashboard(this, 'Dashboard', monitored, alarms);
    return alarms?.names ?? [];
  }

  private secretsOf(project: string): ProjectSecrets {
    const found = this.webhooks.map(({ secrets }) => secrets).find(({ projectName }) => projectName === project);
    if (found !== undefined) return found;
    const names = this.webhooks.map(({ secrets }) => secrets.projectName).join(', ');
    throw new Error(`There is no project ${JSON.stringify(project)}; give one of ${names}.`);
  }
}
