/** Every permission of one part of the pipeline on another: each function may do what it does and no more. */
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  APPLICATION_SOURCE,
  DETAIL_TYPE,
  EVENT_SOURCE,
  FETCHED_JOB_TYPES,
  type FetchedJobType,
  JOB_SUBMITTED,
  LEDGER_INDEX,
  MANIFEST_NAME,
} from '../lambda/contract.ts';
import type { Fetcher } from './fetcher.ts';
import type { JobLedger } from './job-ledger.ts';
import type { ManagedWebhook } from './managed-webhook.ts';
import type { ProjectSecrets } from './project-secrets.ts';
import type { Reconciler } from './reconciler.ts';
import { acknowledgeWildcard } from './shared/nag-acknowledgement.ts';

interface SharedParts {
  /** Idempotency records. */
  readonly table: ITableV2;
  readonly eventBus: IEventBus;
  readonly outputBucket: IBucket;
}

export class Permissions {
  readonly #parts: SharedParts;

  constructor(parts: SharedParts) {
    this.#parts = parts;
  }

  /** Claim, complete and release are conditional updates; nothing is ever deleted but by the time to live. */
  grantClaim(grantee: IGrantable): void {
    grant(grantee, ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [this.#parts.table.tableArn]);
  }

  /** Whatever Gemini reports, but no announcement about outputs: those are the fetchers'. */
  grantPublishJobs(grantee: IGrantable): void {
    this.#announce(grantee, EVENT_SOURCE, { 'ForAllValues:StringNotLike': { 'events:detail-type': 'output.*' } });
  }

  /** One job at a time, by its id: what was submitted of it. */
  grantFindJobs(grantee: IGrantable, ledgerTable: ITableV2): void {
    grant(grantee, ['dynamodb:GetItem'], [ledgerTable.tableArn]);
  }

  grantPublishOutputs(grantee: IGrantable): void {
    const detailTypes = [DETAIL_TYPE.outputStored, DETAIL_TYPE.outputFailed];
    this.#announce(grantee, EVENT_SOURCE, { 'ForAllValues:StringEquals': { 'events:detail-type': detailTypes } });
  }

  /**
   * Both keys have several values, one for each entry of the call, and so need a set operator; that one is also true of
   * a key without values, which "Null" excludes (Service Authorization Reference, Amazon EventBridge; IAM User Guide,
   * "Multivalued context keys").
   */
  #announce(grantee: IGrantable, source: string, condition: Record<string, Record<string, string | string[]>>): void {
    const own = { 'events:source': source };
    grant(grantee, ['events:PutEvents'], [this.#parts.eventBus.eventBusArn], {
      ...condition,
      'ForAllValues:StringEquals': { ...own, ...condition['ForAllValues:StringEquals'] },
      Null: { 'events:source': 'false', 'events:detail-type': 'false' },
    });
  }

  grantReadSecrets(grantee: IGrantable, secrets: ISecret[]): void {
    grantee.grantPrincipal.addToPrincipalPolicy(readSecrets(secrets));
  }

  /** In the items of jobs of its own type, which it also reads by this. */
  grantNoteAttempts({ function: fetcher, jobType }: Fetcher, { table }: JobLedger): void {
    grant(fetcher, ['dynamodb:UpdateItem'], [table.tableArn], {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': `job#*#${jobType}#*` },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    });
  }

  /** Writes under the job type's prefix, and reads there what an earlier attempt wrote. */
  grantStoreOutputs(fetcher: Fetcher): void {
    const prefix = `${fetcher.jobType}/*`;
    const outputs = this.#parts.outputBucket.arnForObjects(prefix);
    grant(fetcher.function, ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'], [outputs]);
    // Without it S3 answers 403 for an object that is not there, and not 404. "IfExists", because it is not documented
    // that S3 sets s3:prefix when it decides so; a listing without a prefix shows keys, and never contents.
    grant(fetcher.function, ['s3:ListBucket'], [this.#parts.outputBucket.bucketArn], {
      StringLikeIfExists: { 's3:prefix': prefix },
    });

    const reason =
      'Keys hold the date and the id of the job, which only the fetch learns; the fetcher is confined to its own prefix.';
    acknowledgeWildcard(fetcher.role, outputs, reason);
  }

  /**
   * Looks at open jobs, and says what was missed; of outputs only that they will not come, and not before it looked for
   * the manifests of its project.
   */
  grantReconcile({ handler, secrets }: Reconciler, { table }: JobLedger, project: string): void {
    const { function: reconciler } = handler;
    const prefixes = FETCHED_JOB_TYPES.map((jobType) => `${jobType}/project=${project}/*`);
    const manifests = prefixes.map((prefix) => this.#parts.outputBucket.arnForObjects(`${prefix}/${MANIFEST_NAME}`));
    grant(reconciler, ['s3:GetObject'], manifests);
    grant(reconciler, ['s3:ListBucket'], [this.#parts.outputBucket.bucketArn], {
      StringLikeIfExists: { 's3:prefix': prefixes },
    });
    for (const arn of manifests) {
      acknowledgeWildcard(
        handler.role,
        arn,
        'Keys hold the date and the id of the job; of its project manifests only.',
      );
    }
    this.grantClaim(reconciler);
    this.grantReadSecrets(reconciler, [secrets.apiKeySecret]);
    this.#announce(reconciler, EVENT_SOURCE, {
      'ForAllValues:StringNotEquals': { 'events:detail-type': DETAIL_TYPE.outputStored },
    });
    grant(
      reconciler,
      ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      [table.tableArn],
    );
    grant(reconciler, ['dynamodb:Query'], [`${table.tableArn}/index/${LEDGER_INDEX}`]);
  }

  grantManageWebhook(webhook: ManagedWebhook): void {
    const { registrar, rotator, healthCheck, secrets } = webhook;
    const { apiKeySecret, signingSecret, dynamicTokenSecret } = secrets;
    const arns = [signingSecret.secretArn, dynamicTokenSecret.secretArn];
    webhook.grantReadApiKey(readSecrets([apiKeySecret]));
    grant(registrar.function, ['secretsmanager:PutSecretValue'], [signingSecret.secretArn]);
    this.grantReadSecrets(healthCheck.function, [apiKeySecret, signingSecret]);
    grant(healthCheck.function, ['secretsmanager:DescribeSecret'], arns);
    this.grantReadSecrets(rotator.function, [apiKeySecret, signingSecret, dynamicTokenSecret]);
    grant(
      rotator.function,
      ['secretsmanager:DescribeSecret', 'secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
      arns,
    );
  }

  /** Records what events on the bus say about jobs. */
  grantRecord({ recorder, table }: JobLedger): void {
    grant(recorder.function, ['dynamodb:UpdateItem'], [table.tableArn]);
  }

  /** The verifier only adds to it; the reverification does what the verifier does, with what it finds there. */
  grantQuarantine(
    { keeper, reverifier }: { readonly keeper: IGrantable; readonly reverifier: IGrantable },
    quarantine: ITableV2,
    secrets: readonly ProjectSecrets[],
  ): void {
    grant(keeper, ['dynamodb:PutItem', 'dynamodb:UpdateItem'], [quarantine.tableArn]);
    grant(reverifier, ['dynamodb:DeleteItem', 'dynamodb:Scan'], [quarantine.tableArn]);
    this.grantClaim(reverifier);
    this.grantPublishJobs(reverifier);
    this.grantReadSecrets(
      reverifier,
      secrets.map(({ signingSecret }) => signingSecret),
    );
  }

  /** Reads what stored, manifests included. */
  grantReadOutputs(grantee: IGrantable, jobType: FetchedJobType | undefined): void {
    const prefixes = (jobType === undefined ? FETCHED_JOB_TYPES : [jobType]).map((type) => `${type}/*`);
    grant(
      grantee,
      ['s3:GetObject'],
      prefixes.map((prefix) => this.#parts.outputBucket.arnForObjects(prefix)),
    );
    grant(grantee, ['s3:ListBucket'], [this.#parts.outputBucket.bucketArn], { StringLike: { 's3:prefix': prefixes } });
  }

  /** Puts events of its own on the bus, but none in the name of this pipeline. */
  grantPublish(grantee: IGrantable): void {
    grant(grantee, ['events:PutEvents'], [this.#parts.eventBus.eventBusArn], {
      'ForAllValues:StringNotLike': { 'events:source': 'gemini.*' },
      Null: { 'events:source': 'false' },
    });
  }

  /** Says on the bus which jobs it created, and nothing else. */
  grantSubmitJobs(grantee: IGrantable): void {
    this.#announce(grantee, APPLICATION_SOURCE, {
      'ForAllValues:StringEquals': { 'events:detail-type': JOB_SUBMITTED },
    });
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
