/** What can be chosen about the pipeline. */
import type { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { FetchedJobType } from '../lambda/contract.ts';
import type { Consumers } from './consumers.ts';
import type { JobLedgerOptions } from './job-ledger.ts';
import type { Monitoring } from './monitoring/monitoring-props.ts';
import type { GeminiProject } from './projects.ts';
import type { QuarantineOptions } from './quarantine.ts';
import type { ReconciliationOptions } from './reconciler.ts';
import type { RegionalFeatures } from './regions.ts';

/** A header by which the verifier knows what came through what stands before the API. */
export interface OriginHeader {
  /** In lower case, e.g. `x-origin-verify`. */
  readonly name: string;
  /** Of a secret of yours, at least 24 characters; during an exchange the value before it is accepted for 24 hours more. */
  readonly secretName: string;
}

/** A name of one's own for the webhook URLs. */
export interface CustomDomain {
  /** E.g. `hooks.example.com`. */
  readonly domainName: string;
  /** Of ACM, for that name, in the stack's Region. */
  readonly certificateArn: string;
  /** Of Route 53; there the name is made to lead to the API. */
  readonly hostedZoneId: string;
  /** E.g. `example.com`. */
  readonly hostedZoneName: string;
}

export interface GeminiWebhooksProps {
  /**
   * Who is notified when something is wrong, or in words why nobody is. There is no default: somebody has to choose.
   */
  readonly monitoring: Monitoring;

  /**
   * The Gemini projects, each with a route, a registered webhook, a signing secret and a dynamic token of its
   * own.
   *
   * @default - one, with the name `default`
   */
  readonly projects?: readonly GeminiProject[];

  /**
   * How often the signing secret is rotated. Gemini signs with the secret before it for 24 hours more, and no delivery is
   * refused.
   *
   * @default Duration.days(30)
   */
  readonly signingSecretRotation?: Duration;

  /**
   * How often the token in the URL of dynamic webhooks is rotated. The token before it is accepted for 96 hours more.
   *
   * @default Duration.days(30)
   */
  readonly dynamicTokenRotation?: Duration;

  /**
   * Whether the health check sets a webhook right whose URL or events are not those of the deployment. What Gemini itself
   * disabled is enabled in any case, what a person disabled never; findings are measured, logged and alarmed.
   *
   * @default false
   */
  readonly repairWebhook?: boolean;

  /**
   * Other accounts that may have rules of their own on the bus.
   *
   * @default - this account only
   */
  readonly consumers?: Consumers;

  /**
   * How jobs are found whose webhook does not come.
   *
   * @default - the defaults below it
   */
  readonly reconciliation?: ReconciliationOptions;

  /**
   * How fast the job ledger follows the bus.
   *
   * @default - the defaults below it
   */
  readonly jobLedger?: JobLedgerOptions;

  /**
   * Keeps some of the deliveries whose signature is invalid, so that they can be verified again after Gemini changed its
   * scheme, or a secret was wrong. It changes nothing in what the sender is answered.
   *
   * @default - nothing is kept
   */
  readonly quarantine?: QuarantineOptions;

  /**
   * The API under a name of one's own; its own endpoint is then disabled.
   *
   * @default - the endpoint of API Gateway
   */
  readonly customDomain?: CustomDomain;

  /**
   * Where Gemini is to post to, when something stands before the API: `https://` and a host. It passes on method, path, headers
   * and the bytes of the body as they are; examples/waf.ts is a CloudFront distribution with AWS WAF that does.
   *
   * @default - the API itself
   */
  readonly publicUrl?: string;

  /**
   * A header that only what stands before the API sends: without it every delivery is answered 401.
   *
   * @default - deliveries are accepted in whatever way they come
   */
  readonly originHeader?: OriginHeader;

  /**
   * Audiences for which a delivery signed as a JWT is accepted.
   *
   * @default - JWTs are not accepted
   */
  readonly jwtAudiences?: string[];

  /**
   * How long a delivery is remembered, and so recognized when it comes again.
   *
   * @default Duration.days(7)
   */
  readonly recordTtl?: Duration;

  /**
   * Requests a second that the HTTP API accepts in the long run on each of its routes: the static and the dynamic one of
   * each project. What is above is answered 429, and Gemini tries again for 24 hours. The default is the thousand jobs a second
   * for which the rest is made, and a tenth of what an account has for all its APIs; docs/scaling.md has the quotas.
   *
   * @default 1000
   */
  readonly throttleRate?: number;

  /**
   * Requests that the HTTP API accepts at once on each of its routes. The default takes a thousand jobs that end in one moment. It
   * stays below what every Region grants an account, 1,250 in the smallest; more at once than Lambda's 1,000 concurrent
   * executions would be refused there.
   *
   * @default 1000
   */
  readonly throttleBurst?: number;

  /**
   * Concurrent executions that the account keeps for the verifier, and the most that it may have, so that no other function
   * can leave deliveries without one. Lambda leaves at least 100 unreserved: an account with 10, as new ones have, cannot
   * reserve any. docs/scaling.md says how many carry how much.
   *
   * @default - none; the verifier shares what the account has
   */
  readonly verifierReservedConcurrency?: number;

  /**
   * How long the log groups keep their lines.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;

  /**
   * How far back events can be replayed.
   *
   * @default Duration.days(14)
   */
  readonly archiveRetention?: Duration;

  /**
   * Jobs of each type that are fetched at a time, e.g. `{ batch: 5 }`. The defaults leave 2 of the 10 concurrent
   * executions that a new account has to the verifier, with 2 for the job ledger. A burst is not refused, it waits: the queue keeps
   * it, and the alarm `jobs-waiting` says when that takes too long. docs/scaling.md says what more carry.
   *
   * @default - 2 of each type
   */
  readonly maxConcurrency?: Readonly<Partial<Record<FetchedJobType, number>>>;

  /**
   * Jobs with more output fail for good, at once where Gemini announces the size. Outputs have to land
   * within the 15 minutes of a function, which takes 24 MB a second for the default, all that a Gemini project may store.
   *
   * @default Size.gibibytes(20)
   */
  readonly maxOutputSize?: Size;

  /**
   * Encrypts bucket, queues, tables, topic, archive and logs. A key that is made in the same app is given the permissions that the
   * services need; the policy of another one has to allow what docs/operate.md lists.
   *
   * @default - keys of AWS's, and a key of the stack's own for the topic of the alarms
   */
  readonly encryptionKey?: IKey;

  /**
   * What the Region has. Only needed where the stack's Region is not known when it is synthesized, or where what is known of it
   * is no longer right.
   *
   * @default - everything, except what the stack's Region is known not to have
   */
  readonly regionalFeatures?: RegionalFeatures;

  /**
   * What happens to table, bucket, bus and archive when the stack is deleted. With `DESTROY` the bucket must be emptied
   * first.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How long the bucket keeps versions that were overwritten or deleted.
   *
   * @default Duration.days(30)
   */
  readonly noncurrentVersionExpiration?: Duration;
}
