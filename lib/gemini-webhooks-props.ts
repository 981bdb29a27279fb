/** What can be chosen about the pipeline. */
import type { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';

export interface GeminiWebhooksProps {
  /**
   * Name of the secret that holds the Gemini API key, as a plain string.
   *
   * @default 'gemini-webhooks/api-key'
   */
  readonly apiKeySecretName?: string;

  /**
   * Name of the secret that holds the static webhook's signing secret, `whsec_<base64>`.
   *
   * @default 'gemini-webhooks/signing-secret'
   */
  readonly signingSecretName?: string;

  /**
   * Name of the secret that holds the token in the URL of dynamic webhooks: 32 or more characters that are safe in a
   * URL, and that nobody can guess.
   *
   * @default 'gemini-webhooks/dynamic-token'
   */
  readonly dynamicTokenSecretName?: string;

  /**
   * Audiences for which a delivery signed as a JWT is accepted.
   *
   * @default - JWTs are not accepted
   */
  readonly jwtAudiences?: string[];

  /**
   * How long a delivery is remembered, and so recognized when it comes again. At least 48 hours.
   *
   * @default Duration.days(7)
   */
  readonly recordTtl?: Duration;

  /**
   * Requests a second that the HTTP API accepts in the long run. What is above is answered 429, and Gemini tries again
   * for 24 hours.
   *
   * @default 50
   */
  readonly throttleRate?: number;

  /**
   * Requests that the HTTP API accepts at once.
   *
   * @default 100
   */
  readonly throttleBurst?: number;

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
   * Batch jobs that are fetched at a time, at least 2. The defaults of the three job types leave 3 of the 10 concurrent
   * executions that a new account has to the verifier, and keep a burst of jobs below Gemini's rate limits.
   *
   * @default 2
   */
  readonly maxConcurrencyBatch?: number;

  /**
   * Interactions that are fetched at a time, at least 2.
   *
   * @default 3
   */
  readonly maxConcurrencyInteraction?: number;

  /**
   * Video operations that are fetched at a time, at least 2.
   *
   * @default 2
   */
  readonly maxConcurrencyVideo?: number;

  /**
   * Jobs with more output fail for good. The fetch of a job has 15 minutes: 10 GiB need 12 MiB a second.
   *
   * @default Size.gibibytes(10)
   */
  readonly maxOutputSize?: Size;

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

  /**
   * Folder with the handler modules `verifier.ts`, `fetch-batch.ts`, `fetch-interaction.ts` and `fetch-video.ts`.
   *
   * @default - those of this package
   * @internal
   */
  readonly handlersPath?: string;
}
