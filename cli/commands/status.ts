/** `status`: the health of everything at a glance. Fails when anything is not as it should be. */
import {
  type CloudWatchClient,
  type CompositeAlarm,
  DescribeAlarmsCommand,
  type MetricAlarm,
} from '@aws-sdk/client-cloudwatch';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { FETCHED_JOB_TYPES, type FetchedJobType } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, show } from '../context.ts';
import { resourceOf, resourcesOf } from '../deployment.ts';
import { checkHealth, describeHealth, HEALTH_REMEDY, isHealthy } from '../health.ts';
import { type OpenJobs, readOpenJobs } from '../ledger.ts';
import { deadLetterQueues, depthOf, fetcherQueue, ledgerQueue } from '../queues.ts';
import { chosenSources, type Source, sourcesOf } from '../sources.ts';

export interface Check {
  readonly what: string;
  readonly state: string;
  readonly isGood: boolean;
  /** What to do when it is not good. */
  readonly next?: string;
  /** Of an alarm that is on. */
  readonly severity?: 'critical' | 'high' | 'low';
}

export async function checksOf(context: CommandContext): Promise<readonly Check[]> {
  const sources = chosenSources(context);
  const parts = [
    webhooks(context, sources),
    alarms(context),
    deadLetters(context),
    waiting(context, sources),
    secrets(context, sources),
  ];
  return (await Promise.all(parts)).flat();
}

export async function status(context: CommandContext): Promise<void> {
  const checks = await checksOf(context);
  show(
    context,
    ['ok', 'what', 'state', 'next'],
    checks.map(({ what, state, isGood, next = '' }) => [isGood ? '✓' : '✗', what, state, isGood ? '' : next]),
    '',
  );
  const bad = checks.filter(({ isGood }) => !isGood).length;
  if (bad > 0) {
    throw new CliError(`${bad} of ${checks.length} are not as they should be. The last column says what to do.`);
  }
}

async function webhooks({ deployment }: CommandContext, sources: readonly Source[]): Promise<Check[]> {
  return await Promise.all(
    sources.map(async (source) => {
      const health = await checkHealth(deployment, source);
      const what = `webhook at Gemini, ${source.name}`;
      return { what, state: describeHealth(health), isGood: isHealthy(health), next: HEALTH_REMEDY };
    }),
  );
}

/** Those of the stack's own alarms that are on: a prefix of names would also find those of another stack. */
async function alarms({ deployment }: CommandContext): Promise<Check[]> {
  const { cloudwatch } = deployment.clients;
  if (cloudwatch === undefined) return [];
  const own = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
    resourcesOf(deployment, type, /^Alarms/),
  );
  if (own.length === 0) return [{ what: 'alarms', state: 'none was deployed', isGood: true }];
  const names = own.map(({ physicalId }) => physicalId);
  const on = await alarmsThatAreOn(cloudwatch, names);
  if (on.length === 0) return [{ what: 'alarms', state: `none of ${names.length} is on`, isGood: true }];
  return on.map(({ AlarmName = '', AlarmDescription = '', StateUpdatedTimestamp }) => ({
    what: `alarm ${AlarmName}`,
    state: `on since ${StateUpdatedTimestamp?.toISOString() ?? 'a time that is not told'}`,
    isGood: false,
    // Where the runbook is was chosen at the deployment, and its heading has no source or job type appended.
    severity: (['critical', 'high', 'low'] as const).find((one) => AlarmDescription.startsWith(`${one}.`)),
    next: /\S+#[a-z-]+/.exec(AlarmDescription)?.[0] ?? 'docs/runbook.md',
  }));
}

/** CloudWatch takes this many names in one call. */
const NAMES_PER_CALL = 100;

async function alarmsThatAreOn(
  client: CloudWatchClient,
  names: readonly string[],
): Promise<readonly (MetricAlarm | CompositeAlarm)[]> {
  const on: (MetricAlarm | CompositeAlarm)[] = [];
  for (let from = 0; from < names.length; from += NAMES_PER_CALL) {
    const { MetricAlarms = [], CompositeAlarms = [] } = await client.send(
      new DescribeAlarmsCommand({
        AlarmNames: names.slice(from, from + NAMES_PER_CALL),
        AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
        StateValue: 'ALARM',
        MaxRecords: NAMES_PER_CALL,
      }),
    );
    on.push(...CompositeAlarms, ...MetricAlarms);
  }
  return on;
}

async function deadLetters({ deployment }: CommandContext): Promise<Check[]> {
  return await Promise.all(
    deadLetterQueues(deployment).map(async ({ name, url }) => {
      const depth = await depthOf(deployment, url);
      return {
        what: `dead letters, ${name}`,
        state: messages(depth),
        isGood: depth === 0,
        next: `gemini-webhooks redrive ${name}`,
      };
    }),
  );
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

async function waiting(context: CommandContext, sources: readonly Source[]): Promise<Check[]> {
  const { deployment, now } = context;
  const jobs = FETCHED_JOB_TYPES.map(async (jobType): Promise<Check> => {
    const [queued, awaited, unlanded] = await Promise.all([
      depthOf(deployment, fetcherQueue(deployment, jobType)),
      openJobs(context, sources, 'awaited', jobType),
      openJobs(context, sources, 'unlanded', jobType),
    ]);
    const oldest = unlanded.first === undefined ? '' : `, the oldest ended ${ago(unlanded.first, now)}`;
    return {
      what: `jobs that wait, ${jobType}`,
      state: `${awaited.count} to end, ${unlanded.count} to land${oldest}; ${messages(queued)} in the queue`,
      isGood: true,
    };
  });
  const depth = depthOf(deployment, ledgerQueue(deployment));
  return [...(await Promise.all(jobs)), { what: 'events to record', state: messages(await depth), isGood: true }];
}

async function openJobs(
  { deployment }: CommandContext,
  sources: readonly Source[],
  state: 'awaited' | 'unlanded',
  jobType: FetchedJobType,
): Promise<OpenJobs> {
  const all = await Promise.all(sources.map(({ name }) => readOpenJobs(deployment, { state, source: name, jobType })));
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    first: all.flatMap(({ first }) => first ?? []).toSorted((a, b) => a.getTime() - b.getTime())[0],
  };
}

function ago(then: Date, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - then.getTime()) / 60_000));
  return minutes < 120 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

const SECRETS = { SigningSecret: 'signing secret', DynamicToken: 'dynamic token' } as const;

async function secrets({ deployment, now }: CommandContext, sources: readonly Source[]): Promise<Check[]> {
  const isOne = sourcesOf(deployment).length === 1;
  const found = sources.flatMap(({ name, part }) =>
    Object.entries(SECRETS).map(([id, what]) => ({
      what: isOne ? what : `${what}, ${name}`,
      SecretId: resourceOf(deployment, 'AWS::SecretsManager::Secret', `${part}Secrets${id}`),
    })),
  );
  return await Promise.all(
    found.map(async ({ what, SecretId }) => {
      const described = await deployment.clients.secrets.send(new DescribeSecretCommand({ SecretId }));
      const changed = described.LastRotatedDate ?? described.LastChangedDate ?? described.CreatedDate;
      const days = changed === undefined ? undefined : Math.floor((now.getTime() - changed.getTime()) / 86_400_000);
      const due = described.NextRotationDate;
      return {
        what,
        state: days === undefined ? 'age unknown' : `${days} days old`,
        isGood: due === undefined || due.getTime() > now.getTime() - 3 * 86_400_000,
        next: 'docs/runbook.md#rotation-overdue',
      };
    }),
  );
}
