/** `status`: the health of everything at a glance. Fails when anything is not as it should be. */
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { FETCHED_JOB_TYPES, JOB_TYPE } from '../../lambda/contract.ts';
import type { DescribedProject } from '../../lambda/deployment-description.ts';
import { alarmFindings } from '../alarms.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, show } from '../context.ts';
import { checkHealth, describeHealth, HEALTH_REMEDY, isHealthy } from '../health.ts';
import { jobRecordsOf } from '../job-listing.ts';
import type { Check } from '../json-output.ts';
import { chosenProjects } from '../projects.ts';
import { deadLetterQueues, depthOf } from '../queues.ts';
import { type Column, counted, formatAgo } from '../table.ts';

const COLUMNS: readonly Column<Check>[] = [
  { title: 'ok', text: ({ ok }) => (ok ? '✓' : '✗') },
  { title: 'what', text: ({ what }) => what },
  { title: 'state', text: ({ state }) => state, below: true },
  { title: 'next', text: ({ next }) => next ?? '', below: true },
];

/** What everything that can be looked at says; of the chosen projects. */
export async function readStatus(context: CommandContext): Promise<readonly Check[]> {
  const projects = chosenProjects(context);
  const parts = [
    webhooks(context, projects),
    alarms(context),
    deadLetters(context),
    waiting(context, projects),
    secrets(context, projects),
  ];
  return (await Promise.all(parts)).flat();
}

export async function status(context: CommandContext): Promise<void> {
  const checks = await readStatus(context);
  show(context, checks, COLUMNS);
  const bad = checks.filter(({ ok }) => !ok);
  if (bad.length === 0) return;
  const verb = bad.length === 1 ? 'is not as it should be' : 'are not as they should be';
  throw new CliError(`${bad.length} of ${checks.length} ${verb}. "next" says what to do.`);
}

const good = (what: string, state: string): Check => ({ ok: true, what, state, next: null });
const bad = (what: string, state: string, next: string): Check => ({ ok: false, what, state, next });
const checked = (ok: boolean, what: string, state: string, next: string) =>
  ok ? good(what, state) : bad(what, state, next);

async function webhooks({ deployment }: CommandContext, projects: readonly DescribedProject[]): Promise<Check[]> {
  return await Promise.all(
    projects.map(async (project) => {
      const health = await checkHealth(deployment, project);
      return checked(isHealthy(health), `webhook at Gemini, ${project.name}`, describeHealth(health), HEALTH_REMEDY);
    }),
  );
}

/** Those that were deployed, by name: a prefix of names would also find those of another stack. */
async function alarms({ deployment }: CommandContext): Promise<Check[]> {
  const { clients, description } = deployment;
  if (clients.cloudwatch === undefined) return [];
  const names = description.alarms.map((name) => `${description.name}-${name}`);
  if (names.length === 0) return [good('alarms', 'none was deployed')];
  const { on, missing, silenced, blind } = await alarmFindings(clients.cloudwatch, names);
  const listed = (all: readonly string[]) => `${all.length} of ${names.length}: ${all.join(', ')}`;
  const found = [
    ...on.map(({ name, severity, since, runbook }) => bad(`alarm ${name}`, `${severity}, on since ${since}`, runbook)),
    ...(missing.length === 0 ? [] : [bad('alarms that are missing', listed(missing), 'deploy the stack again')]),
    ...(silenced.length === 0
      ? []
      : [
          bad(
            'alarms that notify nobody',
            listed(silenced),
            `aws cloudwatch enable-alarm-actions --alarm-names ${silenced.join(' ')}`,
          ),
        ]),
    ...(blind.length === 0 ? [] : [good('alarms without data', listed(blind))]),
  ];
  return on.length === 0 ? [good('alarms', `none of ${names.length - missing.length} is on`), ...found] : found;
}

async function deadLetters({ deployment }: CommandContext): Promise<Check[]> {
  return await Promise.all(
    deadLetterQueues(deployment).map(async ({ name, url }) => {
      const depth = await depthOf(deployment, url);
      return checked(
        depth === 0,
        `dead letters, ${name}`,
        counted(depth, 'message'),
        `gemini-webhooks redrive ${name} --preview`,
      );
    }),
  );
}

async function waiting(context: CommandContext, projects: readonly DescribedProject[]): Promise<Check[]> {
  const { deployment, now } = context;
  const { fetchers, recorder } = deployment.description;
  const records = jobRecordsOf(deployment);
  const jobs = FETCHED_JOB_TYPES.map(async (jobType): Promise<Check[]> => {
    const { longestHours } = JOB_TYPE[jobType];
    const of = projects.map(({ name: project }) => ({ project, jobType }));
    const [queued, awaited, open] = await Promise.all([
      depthOf(deployment, fetchers[jobType].queueUrl),
      Promise.all(of.map((one) => records.list({ ...one, state: 'awaited' }))),
      Promise.all(of.map((one) => records.list({ ...one, state: 'unstored' }))),
    ]);
    const unstored = open.flat();
    const [oldest] = unstored.flatMap(({ due }) => due ?? []).toSorted((a, b) => a.getTime() - b.getTime());
    const since = oldest === undefined ? '' : `, the oldest ended ${formatAgo(oldest, now)}`;
    const overdueSince = new Date(now.getTime() - longestHours * 3_600_000);
    const overdue = awaited.flat().filter(({ submittedAt = now }) => submittedAt < overdueSince);
    const [first] = overdue.toSorted((a, b) => Number(a.submittedAt) - Number(b.submittedAt));
    return [
      good(
        `jobs waiting, ${jobType}`,
        `${awaited.flat().length} to end, ${unstored.length} to be stored${since}, ${queued} queued`,
      ),
      ...(first === undefined
        ? []
        : [
            bad(
              `jobs that never end, ${jobType}`,
              `${overdue.length} after ${longestHours} h, the oldest submitted ${formatAgo(first.submittedAt ?? now, now)}: ${first.jobId}`,
              `gemini-webhooks show ${first.jobId}`,
            ),
          ]),
    ];
  });
  const depth = depthOf(deployment, recorder.queueUrl);
  return [...(await Promise.all(jobs)).flat(), good('events to record', counted(await depth, 'message'))];
}

/** Secrets Manager rotates within the day that is due, and tries a failed rotation again. */
const OVERDUE_DAYS = 3;

async function secrets({ deployment, now }: CommandContext, projects: readonly DescribedProject[]): Promise<Check[]> {
  const isOne = deployment.description.projects.length === 1;
  const found = projects.flatMap(({ name, signingSecret, dynamicTokenSecret }) => [
    { what: isOne ? 'signing secret' : `signing secret, ${name}`, SecretId: signingSecret },
    { what: isOne ? 'dynamic token' : `dynamic token, ${name}`, SecretId: dynamicTokenSecret },
  ]);
  return await Promise.all(
    found.map(async ({ what, SecretId }) => {
      const described = await deployment.clients.secrets.send(new DescribeSecretCommand({ SecretId }));
      const changed = described.LastRotatedDate ?? described.LastChangedDate ?? described.CreatedDate;
      const days = changed === undefined ? undefined : Math.floor((now.getTime() - changed.getTime()) / 86_400_000);
      const due = described.NextRotationDate;
      return checked(
        due === undefined || due.getTime() > now.getTime() - OVERDUE_DAYS * 86_400_000,
        what,
        days === undefined ? 'age unknown' : `${days} days old`,
        'docs/runbook.md#rotation-overdue',
      );
    }),
  );
}
