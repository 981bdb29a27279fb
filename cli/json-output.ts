/** What `--json` prints, by command: stable, so that programs can rely on it. Fields may be added. */
import * as z from 'zod';
import { FETCHED_JOB_TYPES } from '../lambda/contract.ts';
import { JOB_STATES } from './job-row.ts';

const time = z.iso.datetime();
const metadata = z.record(z.string(), z.unknown());

const Job = z.strictObject({
  project: z.string(),
  jobType: z.enum(FETCHED_JOB_TYPES),
  jobId: z.string(),
  state: z.enum(JOB_STATES),
  displayName: z.nullable(z.string()),
  userMetadata: metadata,
  submittedAt: z.nullable(time),
  createdAt: z.nullable(time),
  endedAt: z.nullable(time),
  deliveredAt: z.nullable(time),
  publishedAt: z.nullable(time),
  fetchStartedAt: z.nullable(time),
  storedAt: z.nullable(time),
  failedAt: z.nullable(time),
  eventType: z.nullable(z.string()),
  webhookId: z.nullable(z.string()),
  origin: z.nullable(z.string()),
  attempts: z.int(),
  lastCode: z.nullable(z.string()),
  nextAttemptAt: z.nullable(time),
  failureCode: z.nullable(z.string()),
  manifestKey: z.nullable(z.string()),
  waitingBecause: z.nullable(z.string()),
});

const Life = z.strictObject({
  project: z.string(),
  jobId: z.string(),
  job: z.nullable(Job),
  steps: z.array(z.strictObject({ time: z.string(), what: z.string(), detail: z.string() })),
  folder: z.nullable(z.string()),
  links: z.nullable(z.strictObject({ logs: z.url(), objects: z.nullable(z.url()), record: z.url() })),
});

export type Preview = Readonly<z.infer<typeof Preview>>;
const Preview = z.strictObject({
  queue: z.string(),
  queueDepth: z.int(),
  eventType: z.nullable(z.string()),
  jobId: z.nullable(z.string()),
  reason: z.string(),
  /** Name of the queue; null when the message would stay. */
  goesTo: z.nullable(z.string()),
});
export type Redriven = Readonly<z.infer<typeof Redriven>>;
const Redriven = z.strictObject({
  queue: z.string(),
  putBack: z.int(),
  /** The targets of messages that stay. */
  foreignTargets: z.array(z.string()),
  remaining: z.int(),
});

const Kept = z.strictObject({
  ...{ id: z.string(), project: z.string(), route: z.enum(['static', 'dynamic']), receivedAt: time },
  ...{ bytes: z.int(), why: z.string() },
});
const Form = z.strictObject({ name: z.string(), form: z.string() });
const Reverified = z.strictObject({ id: z.string(), project: z.string(), receivedAt: time, outcome: z.string() });

export type TrialRow = Readonly<z.infer<typeof TrialRow>>;
const TrialRow = z.strictObject({
  ...{ jobType: z.string(), jobId: z.string(), step: z.string() },
  ...{ seconds: z.nullable(z.number()), detail: z.string() },
});
const Report = z.looseObject({
  version: z.string(),
  model: z.string(),
  pinged: z.boolean(),
  trials: z.array(metadata),
});

export type Check = Readonly<z.infer<typeof Check>>;
const Check = z.strictObject({
  ok: z.boolean(),
  what: z.string(),
  state: z.string(),
  /** What to do; null when it is good. */
  next: z.nullable(z.string()),
});

export type Delivery = Readonly<z.infer<typeof Delivery>>;
const Delivery = z.strictObject({
  ...{ receivedAt: time, eventType: z.string(), jobId: z.nullable(z.string()) },
  ...{ outcome: z.enum(['completed', 'inprogress']), attempts: z.int(), scheme: z.string() },
  ...{ project: z.string(), webhookId: z.string() },
});

/** With `--follow`, what comes later is one such object a line. */
export const JSON_OUTPUT: Readonly<Record<string, z.ZodType>> = {
  status: z.array(Check),
  try: z.union([z.array(TrialRow), Report]),
  jobs: z.array(Job),
  deliveries: z.array(Delivery),
  show: z.array(Life),
  logs: z.array(
    z.strictObject({
      ...{ time, function: z.string(), level: z.string(), message: z.string() },
      ...{ requestId: z.nullable(z.string()), fields: metadata },
    }),
  ),
  redrive: z.union([z.array(Preview), z.array(Redriven)]),
  replay: z.array(
    z.strictObject({
      ...{ name: z.string(), arn: z.nullable(z.string()), state: z.nullable(z.string()) },
      rules: z.array(z.string()),
    }),
  ),
  refetch: z.strictObject({ project: z.string(), jobId: z.string(), jobType: z.string() }),
  trigger: z.strictObject({
    ...{ id: z.nullable(z.string()), source: z.string(), detailType: z.string(), detail: metadata },
  }),
  forget: z.strictObject({
    ...{ jobId: z.string(), objectVersions: z.int(), deliveryRecords: z.int(), ledgerEntries: z.int() },
    notReached: z.array(z.string()),
  }),
  ping: z.strictObject({ webhook: z.string(), uri: z.url() }),
  repair: z.array(
    z.strictObject({
      ...{ project: z.string(), found: z.string(), now: z.string(), isHealthy: z.boolean(), logGroup: z.string() },
    }),
  ),
  rotate: z.strictObject({
    ...{ project: z.string(), secret: z.string(), revoked: z.boolean(), secretId: z.optional(z.string()) },
  }),
  'dynamic-url': z.strictObject({ url: z.url() }),
  quarantine: z.union([z.array(Kept), z.array(Form), z.array(Reverified)]),
};
