/** The whole pipeline as one construct: it wires the parts, and every permission of one part on another is given here. */
import { fileURLToPath } from 'node:url';
import { Annotations, type CfnOutput, Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { type Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type EventBus, type OnEventOptions, Rule } from 'aws-cdk-lib/aws-events';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  APPLICATION_SOURCE,
  DEFAULT_SOURCE,
  DETAIL_TYPE,
  ENV,
  EVENT_SOURCE,
  FETCHED_JOB_TYPES,
  type FetchedJobType,
  JOB_SUBMITTED,
  LEDGER_INDEX,
  MANIFEST_NAME,
  SUBMIT_ENV,
  WEBHOOK_CONFIG_ENV,
} from '../lambda/contract.ts';
import { CatchAll } from './catch-all.ts';
import { admit } from './consumers.ts';
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
import { acknowledgeWildcard } from './nag-acknowledgement.ts';
import { OutputBucket } from './output-bucket.ts';
import { addOutputs } from './outputs.ts';
import { QuarantineTable, Reverifier, type ReverifierProps } from './quarantine.ts';
import { Reconciler, reconciliationFaults, resolveReconciliation } from './reconciler.ts';
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
    const bus = new JobEventBus(this, 'EventBus', {
      archiveRetention: props.archiveRetention ?? Duration.days(14),
      logRetention,
      retain,
    });
    this.eventBus = bus.eventBus;
    new SchemaRegistry(this, 'Schemas');
    if (props.consumers !== undefined) admit(bus.eventBus, props.consumers);
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
    this.grantClaims(this.verifier);
    this.grantPublishJobs(this.verifier);
    this.grantReadSecrets(
      this.verifier,
      secrets.flatMap(({ signingSecret, dynamicTokenSecret }) => [signingSecret, dynamicTokenSecret]),
    );

    if (quarantine !== undefined) this.addReverifier(quarantine, secrets, { handlersPath, logRetention });

    const ledger = new JobLedger(this, 'JobLedger', { handlersPath, logRetention });
    grant(ledger.recorder.function, ['dynamodb:UpdateItem'], [ledger.table.tableArn]);
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
      this.grantLandOutputs(fetcher);
      this.grantKeepLandings(fetcher, ledger);
      this.grantPublishOutputs(fetcher.function);
      this.grantReadSecrets(
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
      this.grantManageWebhook(webhook);
      webhook.registerAfter(this.door);
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
      this.grantReconcile(reconciler, ledger);
    }

    this.monitor(props.monitoring, {
      metrics: this.metrics,
      ...{ api: this.door.api, verifier: this.verifier, fetchers: this.fetchers, rules },
      sources: sources.map(({ name }) => name),
      rotations: [
        { secret: 'signing' as const, interval: signingSecretRotation },
        { secret: 'token' as const, interval: dynamicTokenRotation },
      ].filter(({ interval }) => interval.toDays() > 0),
      rotators: this.webhooks.flatMap(({ rotator, secrets: { sourceName: source } }) =>
        rotator === undefined ? [] : [{ source, function: rotator.function }],
      ),
      bus: this.eventBus,
      archiveName: bus.archive.archiveName,
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
    const prefixes = (jobType === undefined ? FETCHED_JOB_TYPES : [jobType]).map((type) => `${type}/*`);
    grant(
      grantee,
      ['s3:GetObject'],
      prefixes.map((prefix) => this.outputBucket.arnForObjects(prefix)),
    );
    grant(grantee, ['s3:ListBucket'], [this.outputBucket.bucketArn], { StringLike: { 's3:prefix': prefixes } });
  }

  /** Puts events of its own on the bus, but none in the name of this pipeline. */
  grantPublish(grantee: IGrantable): void {
    grant(grantee, ['events:PutEvents'], [this.eventBus.eventBusArn], {
      'ForAllValues:StringNotLike': { 'events:source': 'gemini.*' },
      Null: { 'events:source': 'false' },
    });
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
    return rule;
  }

  /** Lets a function that creates jobs give them a webhook: it may read the token, and `createWebhookConfig` finds it. */
  addWebhookConfig(creator: LambdaFunction, source: string = DEFAULT_SOURCE): void {
    const { dynamicTokenSecret } = this.secretsOf(source);
    creator.addEnvironment(WEBHOOK_CONFIG_ENV.webhookUrl, this.webhookUrl(source));
    creator.addEnvironment(WEBHOOK_CONFIG_ENV.tokenSecretId, dynamicTokenSecret.secretArn);
    this.grantReadSecrets(creator, [dynamicTokenSecret]);
  }

  /** Lets a function that creates jobs say so: `announceJob` finds the bus. A job is then known before its webhook. */
  addJobSubmission(creator: LambdaFunction): void {
    creator.addEnvironment(SUBMIT_ENV.eventBusName, this.eventBus.eventBusName);
    this.grantSubmitJobs(creator);
  }

  /** Says on the bus which jobs it created, and nothing else. */
  grantSubmitJobs(grantee: IGrantable): void {
    this.grantAnnounce(grantee, APPLICATION_SOURCE, {
      'ForAllValues:StringEquals': { 'events:detail-type': JOB_SUBMITTED },
    });
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
    grant(this.verifier, ['dynamodb:PutItem', 'dynamodb:UpdateItem'], [table.tableArn]);
    grant(handler.function, ['dynamodb:DeleteItem', 'dynamodb:Scan'], [table.tableArn]);
    this.grantClaims(handler.function);
    this.grantPublishJobs(handler.function);
    this.grantReadSecrets(
      handler.function,
      secrets.map(({ signingSecret }) => signingSecret),
    );
  }

  private secretsOf(source: string): SourceSecrets {
    const found = this.webhooks.map(({ secrets }) => secrets).find(({ sourceName }) => sourceName === source);
    if (found !== undefined) return found;
    const names = this.webhooks.map(({ secrets }) => secrets.sourceName).join(', ');
    throw new Error(`There is no source ${JSON.stringify(source)}; give one of ${names}.`);
  }

  /** Looks at open jobs, and says what was missed; of outputs only that they will not come. */
  private grantReconcile({ handler, secrets }: Reconciler, { table }: JobLedger): void {
    const { function: reconciler } = handler;
    this.grantClaims(reconciler);
    this.grantReadSecrets(reconciler, [secrets.apiKeySecret]);
    this.grantAnnounce(reconciler, EVENT_SOURCE, {
      'ForAllValues:StringNotEquals': { 'events:detail-type': DETAIL_TYPE.outputStored },
    });
    grant(
      reconciler,
      ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      [table.tableArn],
    );
    grant(reconciler, ['dynamodb:Query'], [`${table.tableArn}/index/${LEDGER_INDEX}`]);
  }

  private grantManageWebhook(webhook: ManagedWebhook): void {
    const { registrar, rotator, healthCheck, secrets } = webhook;
    const { apiKeySecret, signingSecret, dynamicTokenSecret } = secrets;
    const arns = [signingSecret.secretArn, dynamicTokenSecret.secretArn];
    webhook.grantReadApiKey(readSecrets([apiKeySecret]));
    grant(registrar.function, ['secretsmanager:PutSecretValue'], [signingSecret.secretArn]);
    this.grantReadSecrets(healthCheck.function, [apiKeySecret, signingSecret]);
    grant(healthCheck.function, ['secretsmanager:DescribeSecret'], arns);
    if (rotator === undefined) return;
    this.grantReadSecrets(rotator.function, [apiKeySecret, signingSecret, dynamicTokenSecret]);
    grant(
      rotator.function,
      ['secretsmanager:DescribeSecret', 'secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
      arns,
    );
  }

  /** Claim, complete and release are conditional updates; nothing is ever deleted but by the time to live. */
  private grantClaims(grantee: IGrantable): void {
    grant(grantee, ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [this.table.tableArn]);
  }

  /** Whatever Gemini reports, but no announcement about outputs: those are the fetchers'. */
  private grantPublishJobs(grantee: IGrantable): void {
    this.grantAnnounce(grantee, EVENT_SOURCE, { 'ForAllValues:StringNotLike': { 'events:detail-type': 'output.*' } });
  }

  private grantPublishOutputs(grantee: IGrantable): void {
    const detailTypes = [DETAIL_TYPE.outputStored, DETAIL_TYPE.outputFailed];
    this.grantAnnounce(grantee, EVENT_SOURCE, { 'ForAllValues:StringEquals': { 'events:detail-type': detailTypes } });
  }

  /**
   * Both keys have several values, one for each entry of the call, and so need a set operator; that one is also true of
   * a key without values, which "Null" excludes (Service Authorization Reference, Amazon EventBridge; IAM User Guide,
   * "Multivalued context keys").
   */
  private grantAnnounce(
    grantee: IGrantable,
    source: string,
    condition: Record<string, Record<string, string | string[]>>,
  ): void {
    const own = { 'events:source': source };
    grant(grantee, ['events:PutEvents'], [this.eventBus.eventBusArn], {
      ...condition,
      'ForAllValues:StringEquals': { ...own, ...condition['ForAllValues:StringEquals'] },
      Null: { 'events:source': 'false', 'events:detail-type': 'false' },
    });
  }

  private grantReadSecrets(grantee: IGrantable, secrets: ISecret[]): void {
    grantee.grantPrincipal.addToPrincipalPolicy(readSecrets(secrets));
  }

  /** Its own landings under way, which have the prefix of their objects as their key; and a message to itself for each. */
  private grantKeepLandings({ function: fetcher, jobType, queue }: Fetcher, { table }: JobLedger): void {
    grant(fetcher, ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem'], [table.tableArn], {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': `landing#${jobType}/*` },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    });
    grant(fetcher, ['sqs:SendMessage'], [queue.queueArn]);
  }

  /** Writes under the job type's prefix, reads manifests there. */
  private grantLandOutputs(fetcher: Fetcher): void {
    const prefix = `${fetcher.jobType}/*`;
    const outputs = this.outputBucket.arnForObjects(prefix);
    const manifests = this.outputBucket.arnForObjects(`${prefix}/${MANIFEST_NAME}`);
    grant(fetcher.function, ['s3:AbortMultipartUpload', 's3:PutObject'], [outputs]);
    grant(fetcher.function, ['s3:GetObject'], [manifests]);
    // Without it S3 answers 403 for a manifest that is not there, and not 404. "IfExists", because it is not documented
    // that S3 sets s3:prefix when it decides so; a listing without a prefix shows keys, and never contents.
    grant(fetcher.function, ['s3:ListBucket'], [this.outputBucket.bucketArn], {
      StringLikeIfExists: { 's3:prefix': prefix },
    });

    const reason =
      'Keys hold the date and the id of the job, which only the fetch learns; the fetcher is confined to its own prefix.';
    acknowledgeWildcard(fetcher.role, outputs, reason);
    acknowledgeWildcard(fetcher.role, manifests, reason);
  }
}

function readSecrets(secrets: ISecret[]): PolicyStatement {
  return new PolicyStatement({
    actions: ['secretsmanager:GetSecretValue'],
    // Secrets Manager appends a dash and six characters to a name; anything shorter would not match, anything longer
    // would match other names. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html
    resources: secrets.map((secret) => secret.secretFullArn ?? `${secret.secretArn}-??????`),
  });
}

function grant(
  grantee: IGrantable,
  actions: string[],
  resources: string[],
  conditions?: Record<string, Record<string, string | string[]>>,
): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions, resources, ...(conditions && { conditions }) }),
  );
}
