/**
 * The one list of what can be chosen: the props of `GeminiWebhooks`, each with its bounds and its default. The construct
 * checks its props by it, bin/app.ts the JSON of the context, and docs/configuration.md is made of it. What each is for, the
 * interfaces of the props say.
 */
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod';
import {
  DEFAULT_PROJECT,
  FETCHED_JOB_TYPES,
  type FetchedJobType,
  JOB_TYPE,
  PROJECT_NAME,
  SUBSCRIBABLE_EVENTS,
} from '../lambda/contract.ts';
import { addFault } from './field-faults.ts';
import { duration, flag, integer, list, member, memberOf, object, size, text } from './fields.ts';
import type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';
import { Monitoring } from './monitoring/monitoring-props.ts';
import { projectFaults } from './projects.ts';

const { days, hours, minutes, seconds } = Duration;

const secretName = () =>
  text(/^[\w/+=.@-]{1,512}$/, "the secret's name, not its ARN: up to 512 letters, digits and /_+=.@-");

/** One more day than the value before a rotation holds, which is 25 and 96 hours; and what Secrets Manager allows. */
const rotation = (shortest: number) =>
  duration({ min: days(shortest), max: days(1000), whole: 'days', orZero: true }).default(days(30));

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const concurrency = () => integer(2, 1000, '; SQS knows no smaller limit than 2');

const PROJECT = object({
  name: text(PROJECT_NAME, 'small letters, digits and single dashes, at most 32, a letter first'),
  apiKeySecretName: secretName().optional(),
  subscribedEvents: list(memberOf(SUBSCRIBABLE_EVENTS), { min: 1, max: SUBSCRIBABLE_EVENTS.length }).default([
    ...SUBSCRIBABLE_EVENTS,
  ]),
}).transform(({ apiKeySecretName, ...project }) => {
  const own = project.name === DEFAULT_PROJECT ? '' : `${project.name}/`;
  return { ...project, apiKeySecretName: apiKeySecretName ?? `gemini-webhooks/${own}api-key` };
});

/** Two ARNs of each are in the verifier's environment, which has 4 KB; eight fit with the longest names. */
const PROJECTS = list(PROJECT, { min: 1, max: 8 })
  .superRefine((projects, context) => {
    for (const fault of projectFaults(projects)) addFault(context, fault);
  })
  .prefault([{ name: DEFAULT_PROJECT }]);

const ALARM_OVERRIDE = object(
  {
    threshold: z.number({ error: 'give a number' }).meta({ type: 'number' }).optional(),
    evaluationPeriods: integer(1, 100).optional(),
    datapointsToAlarm: integer(1, 100).optional(),
  },
  'false, or an object with "threshold", "evaluationPeriods", "datapointsToAlarm"',
);

/** `Monitoring.alarms({…})` by its options, `Monitoring.optOut('…')` by its reason. */
const MONITORING = z.preprocess(
  (given) => (given instanceof Monitoring ? { ...given.options, optOut: given.optOutReason } : given),
  object(
    {
      email: text(z.regexes.email, 'one e-mail address').optional(),
      topicArn: text(
        /^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}$/,
        "the ARN of an SNS topic in the stack's Region",
      ).optional(),
      noDeliveryHours: integer(1, 168).optional(),
      runbookUrl: text(/^\S+$/, 'the URL under which docs/runbook.md is read').optional(),
      overrides: z.record(z.string(), z.literal(false).or(ALARM_OVERRIDE)).optional(),
      optOut: text(/\S.{8,}\S/, 'a sentence that says who watches instead')
        .meta({
          what: 'No alarms: the sentence stands in the warnings of the synthesis. The dashboard is there all the same.',
        })
        .optional(),
    },
    '{"email": "…"} or {"topicArn": "…"}, or {"optOut": "…"} with a sentence that says who watches instead',
  )
    .superRefine(({ email, topicArn, optOut }, context) => {
      const isWatched = email !== undefined || topicArn !== undefined;
      if (isWatched !== (optOut !== undefined)) return;
      addFault(
        context,
        isWatched
          ? 'monitoring has a destination, and opts out; choose one.'
          : 'monitoring reaches nobody; give email or topicArn, or optOut with a sentence that says who watches instead.',
      );
    })
    .transform(({ optOut, ...options }) =>
      optOut === undefined ? Monitoring.alarms(options) : Monitoring.optOut(optOut),
    ),
);

const CONSUMERS = object({
  organizationId: text(/^o-[a-z0-9]{10,32}$/, 'the id of an AWS organization, e.g. o-a1b2c3d4e5').optional(),
  // Their ARNs are in three statements, and the policy of a bus may have 10,240 characters.
  accountIds: list(text(/^\d{12}$/, 'twelve digits'), { min: 1, max: 60 }).optional(),
  projects: list(
    object({
      project: text(PROJECT_NAME, 'the name of one of the projects'),
      eventBusArn: text(
        /^arn:[\w-]+:events:[\w-]+:\d{12}:event-bus\/[\w./-]{1,256}$/,
        "the ARN of a bus in the consumer's account",
      ),
    }),
    { min: 1, max: 300 },
  ).optional(),
}).superRefine((consumers, context) => {
  if (Object.values(consumers).every((one) => one === undefined)) {
    addFault(context, 'consumers names nobody; leave it out.');
  }
});

const JOB_LEDGER = object({
  batchSize: integer(1, 1000).default(100),
  batchingWindow: duration({ min: seconds(0), max: seconds(60), whole: 'seconds' }).default(seconds(1)),
  maxConcurrency: concurrency().default(2),
}).superRefine(({ batchSize, batchingWindow }, context) => {
  if (batchSize <= 10 || batchingWindow.toMilliseconds() > 0) return;
  addFault(context, 'jobLedger.batchingWindow is 0 with a batchSize over 10; give at least a second.');
});

const HOST = String.raw`[a-z0-9-]+(?:\.[a-z0-9-]+)+`;
const CUSTOM_DOMAIN = object({
  domainName: text(new RegExp(`^(?=.{4,253}$)${HOST}$`), 'a host in small letters'),
  certificateArn: text(
    /^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/,
    "the ARN of ACM's certificate, in the stack's Region",
  ),
  hostedZoneId: text(/^Z[A-Z0-9]{5,31}$/, 'the id of a hosted zone of Route 53'),
  hostedZoneName: text(new RegExp(`^${HOST}$`), 'the name of that hosted zone'),
}).superRefine(({ domainName, hostedZoneName }, context) => {
  if (`.${domainName}`.endsWith(`.${hostedZoneName}`)) return;
  addFault(context, `customDomain.domainName is "${domainName}"; give a name within "${hostedZoneName}".`);
});

/** Those that are signed, and those that a proxy or API Gateway sets itself. */
const TAKEN_HEADERS = 'webhook-.*|host|content-.*|x-forwarded-.*|x-amzn-.*|authorization|cookie';
const ORIGIN_HEADER = object({
  name: text(
    new RegExp(`^(?!(?:${TAKEN_HEADERS})$)[a-z][a-z0-9-]{0,63}$`),
    'small letters, digits and dashes, e.g. x-origin-verify, and no header that has a meaning already',
  ),
  secretName: secretName(),
});

const RECONCILIATION = object({
  interval: duration({ min: minutes(5), max: hours(1), whole: 'minutes' }).default(minutes(15)),
  gracePeriod: duration({ min: minutes(5), max: days(1), whole: 'minutes' }).default(minutes(10)),
  horizon: duration({ min: hours(1), max: days(7), whole: 'minutes' }).default(hours(48)),
  interactionRetention: duration({ min: days(1), max: days(55), whole: 'minutes' }).default(days(1)),
});

const FIELDS = {
  monitoring: MONITORING,
  projects: PROJECTS,
  signingSecretRotation: rotation(2),
  dynamicTokenRotation: rotation(5),
  repairWebhook: flag().default(false),
  consumers: CONSUMERS.optional(),
  reconciliation: RECONCILIATION.prefault({}),
  jobLedger: JOB_LEDGER.prefault({}),
  quarantine: object({
    maxPerHour: integer(1, 10_000).default(100),
    retention: duration({ min: hours(1), max: days(31), whole: 'seconds' }).default(days(7)),
  }).optional(),
  customDomain: CUSTOM_DOMAIN.optional(),
  publicUrl: text(new RegExp(`^https://${HOST}$`), '"https://" and a host in small letters, without a path').optional(),
  originHeader: ORIGIN_HEADER.optional(),
  jwtAudiences: list(text(/^[^\s,]+$/, 'an audience without spaces and commas'), { min: 0, max: 50 }).default([]),
  recordTtl: duration({
    ...{ min: hours(48), max: days(365), whole: 'seconds' },
    why: ', because Gemini retries a delivery for 24 hours',
  }).default(days(7)),
  throttleRate: integer(1, 10_000).default(1000),
  throttleBurst: integer(1, 5_000).default(1000),
  verifierReservedConcurrency: integer(1, 1_000).optional(),
  logRetention: member<RetentionDays>(membersOf(RetentionDays)).default(RetentionDays.ONE_MONTH),
  archiveRetention: duration({ min: days(1), max: days(3650), whole: 'days' }).default(days(14)),
  maxConcurrency: object(
    Object.fromEntries(
      FETCHED_JOB_TYPES.map((jobType) => [
        jobType,
        concurrency()
          .meta({ what: `Of the type ${jobType}.` })
          .default(JOB_TYPE[jobType].maxConcurrency),
      ]),
    ) as Record<FetchedJobType, z.ZodDefault<ReturnType<typeof concurrency>>>,
  ).prefault({}),
  maxOutputSize: size({
    ...{ min: Size.gibibytes(1), max: Size.gibibytes(78) },
    why: ', which an upload of 10,000 parts holds',
  }).default(Size.gibibytes(20)),
  encryptionKey: z.custom<IKey>((key) => typeof key === 'object' && key !== null && 'keyArn' in key).optional(),
  regionalFeatures: object({
    schemaRegistry: flag().optional(),
    archive: flag().optional(),
    busLogs: flag().optional(),
    httpApi: flag().optional(),
  }).optional(),
  removalPolicy: member({ RETAIN: RemovalPolicy.RETAIN, DESTROY: RemovalPolicy.DESTROY }).default(RemovalPolicy.RETAIN),
  noncurrentVersionExpiration: duration({ min: days(1), max: days(3650), whole: 'days' }).default(days(30)),
} satisfies Record<keyof GeminiWebhooksProps, z.ZodType>;

export type PropValues = Readonly<z.output<z.ZodObject<typeof FIELDS>>>;

/** What no value shows by itself. */
function checkTogether({ projects, recordTtl, ...rest }: PropValues, context: z.RefinementCtx): void {
  const { horizon } = rest.reconciliation;
  // A job that is looked at for longer than its record lives would be announced once more.
  if (horizon.toMilliseconds() > recordTtl.toMilliseconds()) {
    addFault(
      context,
      `reconciliation.horizon is ${horizon.toHumanString()} and recordTtl ${recordTtl.toHumanString()}; give a horizon that is not longer.`,
    );
  }
  if (rest.originHeader !== undefined && rest.publicUrl === undefined) {
    addFault(
      context,
      'originHeader is given without publicUrl; Gemini sends no such header, so that every delivery would be refused.',
    );
  }
  const names = projects.map(({ name }) => name);
  for (const { project } of rest.consumers?.projects ?? []) {
    if (!names.includes(project))
      addFault(context, `consumers.projects has "${project}"; give one of ${names.join(', ')}.`);
  }
}

export const PROPS = z.object(FIELDS).superRefine(checkTogether);

/**
 * @param others keys that only an app has, or that JSON says otherwise
 * @returns a schema of JSON
 */
export function jsonSchemaOfProps<Others extends z.ZodRawShape>(others: Others) {
  return object({ ...others, ...FIELDS, ...others }).superRefine((values, context) =>
    checkTogether(values as PropValues, context),
  );
}

/** TypeScript's enums of numbers have the names by the numbers, too. */
function membersOf<Value extends number>(members: Readonly<Record<string, Value | string>>): Record<string, Value> {
  const entries = Object.entries(members).filter((entry): entry is [string, Value] => typeof entry[1] === 'number');
  return Object.fromEntries(entries);
}
