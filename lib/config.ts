/**
 * The context keys `gemini-webhooks:<key>` as construct props. Everything that is wrong is said at once. An absent key
 * is left to the construct's default.
 */
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod';
import type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';
import { nearest } from './nearest.ts';

const PREFIX = 'gemini-webhooks:';

export interface AppConfig {
  readonly stackName: string;
  readonly webhooks: GeminiWebhooksProps;
}

/** Its message is for people: every fault, with the value got and what to do. */
export class ConfigurationError extends Error {
  constructor(faults: readonly string[]) {
    super(
      `The configuration does not hold:\n${faults.map((fault) => `- ${fault}`).join('\n')}\n` +
        'Correct "context" in cdk.json, or the -c options of the command.',
    );
    this.name = 'ConfigurationError';
  }
}

interface Field<T> {
  readonly schema: z.ZodType<T>;
  /** What to do when the value does not hold. */
  readonly remedy: string;
}

const LOG_RETENTION_DAYS = Object.values(RetentionDays)
  .filter((days): days is RetentionDays => typeof days === 'number' && days !== RetentionDays.INFINITE)
  .sort((a, b) => a - b);

/** A number, or its digits, as `-c` gives it. */
const numeric = (value: unknown) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);

const secretName: Field<string> = {
  schema: z.string().regex(/^[\w/+=.@-]{1,512}$/),
  remedy: "give the secret's name, not its ARN: up to 512 letters, digits and /_+=.@-",
};
const stackName: Field<string> = {
  schema: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/),
  remedy: 'give letters, digits and dashes, a letter first, at most 128',
};
const audiences: Field<string[]> = {
  schema: z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((audience) => audience.trim()) : value),
    z.array(z.string().regex(/^[^\s,]+$/)),
  ),
  remedy: 'give a list of audiences, or one string with commas between them; leave it out to switch JWTs off',
};
const logRetention: Field<RetentionDays> = {
  schema: z.preprocess(numeric, z.literal(LOG_RETENTION_DAYS)),
  remedy: `CloudWatch keeps logs for one of these numbers of days: ${LOG_RETENTION_DAYS.join(', ')}`,
};
const removalPolicy: Field<RemovalPolicy> = {
  schema: z
    .enum(['retain', 'destroy'])
    .transform((word) => (word === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN)),
  remedy: 'give "retain" or "destroy"',
};

function integer(min: number, max: number, unit: string, why = ''): Field<number> {
  return {
    schema: z.preprocess(numeric, z.int().min(min).max(max)),
    remedy: `give a whole number of ${unit} from ${min} to ${max}${why}`,
  };
}

function mapped<From, To>(field: Field<From>, map: (value: From) => To): Field<To> {
  return { schema: field.schema.transform(map), remedy: field.remedy };
}

const days = (min: number, max: number, why?: string) => mapped(integer(min, max, 'days', why), Duration.days);
const concurrency = integer(2, 1000, 'fetches at a time', '; SQS knows no smaller limit than 2');

/**
 * @param context every context value of the app; those of others are left alone
 * @throws ConfigurationError when anything does not hold
 */
export function parseConfig(context: Readonly<Record<string, unknown>>): AppConfig {
  const faults: string[] = [];
  const known = new Set<string>();
  const read = <T>(key: string, field: Field<T>): T | undefined => {
    known.add(PREFIX + key);
    const value = context[PREFIX + key];
    if (value === undefined) return undefined;
    const result = field.schema.safeParse(value);
    if (!result.success) faults.push(`${PREFIX}${key} is ${JSON.stringify(value)}; ${field.remedy}.`);
    return result.data;
  };

  const config: AppConfig = {
    stackName: read('stackName', stackName) ?? 'GeminiWebhooks',
    webhooks: {
      apiKeySecretName: read('apiKeySecretName', secretName),
      signingSecretName: read('signingSecretName', secretName),
      dynamicTokenSecretName: read('dynamicTokenSecretName', secretName),
      jwtAudiences: read('jwtAudiences', audiences),
      recordTtl: read('recordTtlDays', days(2, 365, ', because Gemini retries a delivery for 24 hours')),
      throttleRate: read('throttleRate', integer(1, 10_000, 'requests a second')),
      throttleBurst: read('throttleBurst', integer(1, 5_000, 'requests at once')),
      logRetention: read('logRetentionDays', logRetention),
      archiveRetention: read('archiveRetentionDays', days(1, 3650)),
      maxConcurrencyBatch: read('maxConcurrencyBatch', concurrency),
      maxConcurrencyInteraction: read('maxConcurrencyInteraction', concurrency),
      maxConcurrencyVideo: read('maxConcurrencyVideo', concurrency),
      maxOutputSize: read('maxOutputGiB', mapped(integer(1, 50, 'GiB', '; a fetch has 15 minutes'), Size.gibibytes)),
      removalPolicy: read('removalPolicy', removalPolicy),
      noncurrentVersionExpiration: read('noncurrentVersionDays', days(1, 3650)),
    },
  };

  faults.push(...sharedSecrets(config.webhooks));
  for (const key of Object.keys(context)) {
    // A misspelt prefix is meant for this app, too.
    if (!/^gemini[-_ ]?webhooks?/i.test(key) || known.has(key)) continue;
    const meant = nearest(key, known);
    faults.push(`${key} is not a key of this app; ${meant ? `did you mean ${meant}?` : 'remove it.'}`);
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
  return config;
}

/** A secret that serves two purposes is a copy-and-paste error: the API key would be served as the URL's token. */
function sharedSecrets(props: GeminiWebhooksProps): string[] {
  const names = [props.apiKeySecretName, props.signingSecretName, props.dynamicTokenSecretName];
  const shared = new Set(names.filter((name, index) => name !== undefined && names.indexOf(name) !== index));
  return [...shared].map((name) => `${JSON.stringify(name)} names two of the secrets; give each its own secret.`);
}
