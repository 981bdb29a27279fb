/** The console's source over a deployment in AWS or in a local run. */
import { join } from 'node:path';
import { CliError } from '../cli-error.ts';
import type { Check } from '../commands/status.ts';
import type { Deployment } from '../deployment.ts';
import type { JobRow } from '../jobs/job-row.ts';
import type { Change } from './changes.ts';
import { type DeliveryRecord, deliveryRows } from './delivery-rows.ts';
import { bornAt } from './job-filter.ts';
import { LocalRun } from './local-run.ts';
import {
  deadLetter,
  logsOf,
  projectsOf,
  readChecks,
  readJob,
  readJobs,
  readManifests,
  readObject,
  readRecords,
  runChange,
  verifierFile,
} from './reach.ts';
import { loggedRefusals, measuredRefusals, type Refusal } from './refusals.ts';
import { type ConsoleSource, type HealthRow, nameOf } from './source.ts';

export interface DeploymentSourceOptions {
  readonly deployment: Deployment;
  /** Of a local run; undefined in AWS. */
  readonly stateDir: string | undefined;
  readonly title: string;
  readonly allowsChanges: boolean;
  /** Of the metrics in CloudWatch. */
  readonly metricNamespace: string;
  readonly clock: () => Date;
}

/** How far back deliveries are looked for in the verifier's log. */
const RECENT_MS = 3 * 3_600_000;
const MINUTE_MS = 60_000;

export function createSource(options: DeploymentSourceOptions): ConsoleSource {
  const { deployment, stateDir, clock } = options;
  const run = stateDir === undefined ? undefined : new LocalRun(stateDir);
  const logsDir = stateDir === undefined ? undefined : join(stateDir, 'logs');
  const logs = logsOf(deployment, logsDir);
  const sent = async () => (await run?.sent()) ?? [];

  const refusals = async (): Promise<readonly Refusal[] | undefined> => {
    const { cloudwatch } = deployment.clients;
    if (logsDir !== undefined) return await loggedRefusals(join(logsDir, verifierFile(deployment))).catch(() => []);
    return cloudwatch && (await measuredRefusals(cloudwatch, options.metricNamespace, clock()));
  };

  const deliveriesOf = async (row: JobRow) => {
    const { id } = nameOf(row);
    const since = new Date(Date.parse(bornAt(row)) - MINUTE_MS);
    const [lines, records, all] = await Promise.all([
      logs.read({ text: id, since, functions: /Verifier|Reconciler/ }),
      readRecords(deployment, row, clock()),
      sent(),
    ]);
    const own = all.filter(({ job }) => job?.split('/').at(-1) === id);
    return ofProject(deliveryRows(lines, records, own), row.project);
  };

  return {
    title: options.title,
    projects: projectsOf(deployment),
    allowsChanges: options.allowsChanges,
    // Calls of a local run cost nothing.
    refreshMs: run === undefined ? 5000 : 1000,
    local: run,
    jobs: (query) => readJobs(deployment, query),
    async job(name) {
      const row = await readJob(deployment, name);
      if (row === undefined) return undefined;
      const [deliveries, manifests, events] = await Promise.all([
        deliveriesOf(row),
        readManifests(deployment, row),
        run?.events(name.id),
      ]);
      return { row, deliveries, manifests, events };
    },
    async logs(row) {
      const since = new Date(Date.parse(bornAt(row)) - MINUTE_MS);
      return await logs.read({ text: nameOf(row).id, since });
    },
    object: (key) => readObject(deployment, key),
    // Not more often than a person looks: it takes a call or two for each function and alarm.
    deliveries: cached(run === undefined ? 5000 : 500, async () => {
      const since = new Date(clock().getTime() - RECENT_MS);
      const [lines, all, refused] = await Promise.all([
        logs.read({ text: 'eliver', since, functions: /Verifier/ }),
        sent(),
        refusals(),
      ]);
      const found = await logs.read({ text: 'without a webhook', since, functions: /Reconciler/ });
      const none: readonly DeliveryRecord[] = [];
      return {
        rows: ofProject(deliveryRows([...lines, ...found], none, all), 'default'),
        refused,
        refusedSince: run === undefined ? 'in the last 24 hours' : 'in this run',
        quarantined: undefined,
      };
    }),
    health: cached(run === undefined ? MINUTE_MS : 5000, async () =>
      (await readChecks(deployment, clock())).map(toHealthRow),
    ),
    async change(change) {
      switch (change.kind) {
        case 'submit':
        case 'switches':
        case 'send':
        case 'redeliver':
          if (run === undefined) throw new CliError('This can be done in a local run only.');
          return await run.change(change);
        case 'dead-letter':
          return await giveUp(deployment, run, change);
        default:
          return await runChange(deployment, change, clock());
      }
    },
  };
}

async function giveUp(
  deployment: Deployment,
  run: LocalRun | undefined,
  { jobType, jobId }: Extract<Change, { kind: 'dead-letter' }>,
): Promise<string> {
  const events = (await run?.events(jobId.slice(jobId.lastIndexOf('/') + 1))) ?? [];
  const event = events.find(({ 'detail-type': type }) => String(type).startsWith(`${jobType}.`));
  if (event === undefined)
    throw new CliError(`No event about ${jobId} was on the bus yet: there is nothing to give up.`);
  await deadLetter(deployment, jobType, event);
  return `The event of ${jobId} is in the dead-letter queue of its fetcher. Health has the button that puts it back.`;
}

/** What the simulator tells of a delivery has no project. */
function ofProject(rows: ReturnType<typeof deliveryRows>, project: string) {
  return rows.map((row) => (row.project === '' ? { ...row, project } : row));
}

function cached<Value>(ms: number, read: () => Promise<Value>): () => Promise<Value> {
  let at = Number.NEGATIVE_INFINITY;
  let last: Promise<Value> | undefined;
  return () => {
    if (last !== undefined && performance.now() - at < ms) return last;
    at = performance.now();
    const reading = read();
    last = reading;
    reading.catch(() => {
      if (last === reading) last = undefined;
    });
    return reading;
  };
}

function toHealthRow({ what, state, isGood, next, severity }: Check): HealthRow {
  const [, queue] = /^gemini-webhooks redrive (\w+)/.exec(next ?? '') ?? [];
  const [, project] = /^webhook at Gemini, (.+)$/.exec(what) ?? [];
  return {
    ...{ what, state, isGood, next, severity },
    group: groupOf(what),
    change:
      queue !== undefined
        ? { kind: 'redrive', queue: queue as Extract<Change, { kind: 'redrive' }>['queue'] }
        : project !== undefined
          ? { kind: 'repair', project }
          : undefined,
  };
}

function groupOf(what: string): HealthRow['group'] {
  if (what.startsWith('webhook')) return 'webhooks';
  if (what.startsWith('alarm')) return 'alarms';
  if (what.startsWith('dead letters') || what.startsWith('events')) return 'queues';
  return what.startsWith('jobs') ? 'jobs' : 'secrets';
}
