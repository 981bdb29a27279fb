/**
 * The context keys `gemini-webhooks:<key>` as construct props. Everything that is wrong is said at once. An absent key
 * is left to the construct's default.
 */
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod';
import { DEFAULT_PROJECT } from '../lambda/contract.ts';
import type { Consumers } from './consumers.ts';
import type { CustomDomain, GeminiWebhooksProps, OriginHeader } from './gemini-webhooks-props.ts';
import { LONGEST_ROTATION, SHORTEST_ROTATION } from './managed-webhook.ts';
import { Monitoring } from './monitoring/monitoring-props.ts';
import { nearest } from './nearest.ts';
import { type GeminiProject, projectFaults, resolveProjects } from './projects.ts';
import type { QuarantineOptions } from './quarantine.ts';
import type { ReconciliationOptions } from './reconciler.ts';

const PREFIX = 'gemini-webhooks:';

export interface AppConfig {
  readonly stackName: string;
  readonly webhooks: GeminiWebhooksProps;
}

/** Its message is for people: every fault, with the value got and what to do. */
export class ConfigurationError extends Error {
  constructor(faults: readonly string[]) {
    super(
      `Invalid configuration:\n${faults.map((fault) => `- ${fault}`).join('\n')}\n` +
        'Correct "context" in cdk.json, or the -c options of the command.',
    );
    this.name = 'ConfigurationError';
  }
}

interface Field<T> {
  readonly schema: z.ZodType<T>;
  /** What to do when the value is invalid. */
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

/** A JSON value, or its text, as `-c` gives it. */
function json(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Names of events are checked with the rest of a project, to tell what there is. */
const eventNames = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map((event) => event.trim()) : value),
  z.array(z.string()),
) as unknown as z.ZodType<GeminiProject['subscribedEvents']>;
const subscribedEvents: Field<GeminiProject['subscribedEvents']> = {
  schema: eventNames,
  remedy: 'give a list of events, or one string with commas between them; leave it out for all events',
};
const projects: Field<GeminiProject[]> = {
  schema: z.preprocess(
    json,
    z.array(
      z.strictObject({
        name: z.string(),
        apiKeySecretName: secretName.schema.optional(),
        subscribedEvents: eventNames.optional(),
      }),
    ),
  ) as unknown as z.ZodType<GeminiProject[]>,
  remedy: 'give a list of {"name", "apiKeySecretName", "subscribedEvents"}, the last two optional',
};
const customDomain: Field<CustomDomain | undefined> = {
  schema: z.preprocess(
    (value) => (value === '' ? undefined : json(value)),
    z
      .strictObject({
        domainName: z.string().regex(/^(?=.{4,253}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+$/),
        certificateArn: z.string().regex(/^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/),
        hostedZoneId: z.string().regex(/^Z[A-Z0-9]{5,31}$/),
        hostedZoneName: z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/),
      })
      .refine(({ domainName, hostedZoneName }) => `.${domainName}`.endsWith(`.${hostedZoneName}`))
      .optional(),
  ),
  remedy:
    'give {"domainName", "certificateArn", "hostedZoneId", "hostedZoneName"}, the first within the last; the certificate is one of ACM in the Region of the stack',
};
const publicUrl: Field<string> = {
  schema: z.url(),
  remedy: 'give "https://" and the host that stands before the API',
};
const originHeader: Field<OriginHeader> = {
  schema: z.preprocess(json, z.strictObject({ name: z.string(), secretName: secretName.schema })),
  remedy: 'give {"name", "secretName"}: the header, and the secret whose value stands in it',
};
const organization: Field<string> = {
  schema: z.string().regex(/^o-[a-z0-9]{10,32}$/),
  remedy: 'give the id of an AWS organization, e.g. o-a1b2c3d4e5',
};
const accounts: Field<string[]> = {
  schema: z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((id) => id.trim()) : value),
    z
      .array(z.string().regex(/^\d{12}$/))
      .min(1)
      .max(60),
  ),
  remedy: 'give a list of at most 60 account ids of twelve digits, or one string with commas between them',
};
const alarmEmail: Field<string> = { schema: z.email(), remedy: 'give one e-mail address' };
const alarmTopicArn: Field<string> = {
  schema: z.string().regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}$/),
  remedy: "give the ARN of an SNS topic in the stack's Region",
};
const runbookUrlField: Field<string> = { schema: z.url(), remedy: 'give the URL under which docs/runbook.md is read' };
const noAlarms: Field<string> = {
  schema: z.string().min(10),
  remedy: 'give a sentence that says who watches instead',
};
const flag: Field<boolean> = {
  schema: z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean()),
  remedy: 'give true or false',
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

function rotation(name: keyof typeof SHORTEST_ROTATION): Field<Duration> {
  const shortest = SHORTEST_ROTATION[name];
  return {
    schema: z
      .preprocess(numeric, z.union([z.literal(0), z.int().min(shortest).max(LONGEST_ROTATION)]))
      .transform((value) => Duration.days(value)),
    remedy: `give a whole number of days from ${shortest} to ${LONGEST_ROTATION}, or 0 to switch it off`,
  };
}

const days = (min: number, max: number, why?: string) => mapped(integer(min, max, 'days', why), Duration.days);
const minutes = (min: number, max: number) => mapped(integer(min, max, 'minutes'), Duration.minutes);
const concurrency = integer(2, 1000, 'fetches at a time', '; SQS knows no smaller limit than 2');

/**
 * @param context every context value of the app; those of others are left alone
 * @throws ConfigurationError when anything is invalid
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

  /** One project is configured by two keys of its own, several by a list. */
  const readProjects = (): readonly GeminiProject[] | undefined => {
    const several = read('projects', projects);
    const apiKeySecretName = read('apiKeySecretName', secretName);
    const events = read('subscribedEvents', subscribedEvents);
    if (apiKeySecretName === undefined && events === undefined) return several;
    if (several === undefined) {
      return [
        {
          name: DEFAULT_PROJECT,
          ...(apiKeySecretName && { apiKeySecretName }),
          ...(events && { subscribedEvents: events }),
        },
      ];
    }
    faults.push(
      `${PREFIX}projects is given together with ${PREFIX}apiKeySecretName or ${PREFIX}subscribedEvents; write those into each project.`,
    );
    return several;
  };

  const readQuarantine = (): QuarantineOptions | undefined => {
    const isOn = read('quarantine', flag);
    const maxPerHour = read('quarantineMaxPerHour', integer(1, 10_000, 'deliveries'));
    const retention = read('quarantineDays', days(1, 31));
    return isOn ? { ...(maxPerHour && { maxPerHour }), ...(retention && { retention }) } : undefined;
  };
  const readReconciliation = (): ReconciliationOptions | undefined => {
    const interval = read('reconcileIntervalMinutes', minutes(5, 60));
    const gracePeriod = read('reconcileGraceMinutes', minutes(5, 24 * 60));
    const horizon = read('reconcileHorizonHours', mapped(integer(1, 168, 'hours'), Duration.hours));
    const interactionRetention = read('interactionRetentionDays', days(1, 55, ', for which Gemini keeps interactions'));
    const given = Object.entries({ interval, gracePeriod, horizon, interactionRetention }).filter(([, value]) => value);
    return given.length > 0 ? Object.fromEntries(given) : undefined;
  };
  const readConsumers = (): Consumers | undefined => {
    const organizationId = read('consumerOrganizationId', organization);
    const accountIds = read('consumerAccountIds', accounts);
    if (organizationId === undefined && accountIds === undefined) return undefined;
    return { ...(organizationId && { organizationId }), ...(accountIds && { accountIds }) };
  };
  const readMonitoring = (): Monitoring => {
    const email = read('alarmEmail', alarmEmail);
    const topicArn = read('alarmTopicArn', alarmTopicArn);
    const noDeliveryHours = read('noDeliveryHours', integer(1, 168, 'hours'));
    const runbookUrl = read('runbookUrl', runbookUrlField);
    const reason = read('noAlarms', noAlarms);
    if (email !== undefined || topicArn !== undefined) {
      return Monitoring.alarms({
        ...(email && { email }),
        ...(topicArn && { topicArn }),
        ...(noDeliveryHours && { noDeliveryHours }),
        ...(runbookUrl && { runbookUrl }),
      });
    }
    if (reason !== undefined) return Monitoring.optOut(reason);
    const isGiven = ['alarmEmail', 'alarmTopicArn', 'noAlarms'].some((key) => context[PREFIX + key] !== undefined);
    if (!isGiven) {
      faults.push(
        `nobody would be told of a failure; set ${PREFIX}alarmEmail or ${PREFIX}alarmTopicArn, or ${PREFIX}noAlarms to a sentence that says who watches instead.`,
      );
    }
    return Monitoring.optOut('Invalid configuration.');
  };

  const config: AppConfig = {
    stackName: read('stackName', stackName) ?? 'GeminiWebhooks',
    webhooks: {
      monitoring: readMonitoring(),
      projects: readProjects(),
      signingSecretRotation: read('signingSecretRotationDays', rotation('signingSecretRotation')),
      dynamicTokenRotation: read('dynamicTokenRotationDays', rotation('dynamicTokenRotation')),
      repairWebhook: read('repairWebhook', flag),
      customDomain: read('customDomain', customDomain),
      publicUrl: read('publicUrl', publicUrl),
      originHeader: read('originHeader', originHeader),
      quarantine: readQuarantine(),
      reconciliation: readReconciliation(),
      consumers: readConsumers(),
      jwtAudiences: read('jwtAudiences', audiences),
      recordTtl: read('recordTtlDays', days(2, 365, ', because Gemini retries a delivery for 24 hours')),
      throttleRate: read('throttleRate', integer(1, 10_000, 'requests a second')),
      throttleBurst: read('throttleBurst', integer(1, 5_000, 'requests at once')),
      logRetention: read('logRetentionDays', logRetention),
      archiveRetention: read('archiveRetentionDays', days(1, 3650)),
      maxConcurrencyBatch: read('maxConcurrencyBatch', concurrency),
      maxConcurrencyInteraction: read('maxConcurrencyInteraction', concurrency),
      maxConcurrencyVideo: read('maxConcurrencyVideo', concurrency),
      maxOutputSize: read(
        'maxOutputGiB',
        mapped(integer(1, 78, 'GiB', ', which an upload of 10,000 parts holds'), Size.gibibytes),
      ),
      removalPolicy: read('removalPolicy', removalPolicy),
      noncurrentVersionExpiration: read('noncurrentVersionDays', days(1, 3650)),
    },
  };

  faults.push(...projectFaults(resolveProjects(config.webhooks.projects)));
  for (const key of Object.keys(context)) {
    // A misspelt prefix is meant for this app, too.
    if (!/^gemini[-_ ]?webhooks?/i.test(key) || known.has(key)) continue;
    const names = [...known].map((name) => name.slice(PREFIX.length));
    const meant = nearest(key.slice(key.indexOf(':') + 1), names);
    faults.push(`${key} is not a key of this app; ${meant ? `did you mean ${PREFIX}${meant}?` : 'remove it.'}`);
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
  return config;
}
