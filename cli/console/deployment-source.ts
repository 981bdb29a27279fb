/** The console's source over a deployment in AWS or in a local run. */
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import type { Deployment } from '../deployment.ts';
import { jobRecordsOf } from '../job-listing.ts';
import type { JobRow } from '../job-row.ts';
import type { Check } from '../json-output.ts';
import type { Change } from './changes.ts';
import { deliveryRows, HANDLED, RECONCILED } from './delivery-rows.ts';
import { bornAt } from './job-filter.ts';
import { readJobPage } from './job-pages.ts';
import { LocalRun } from './local-run.ts';
import {
  countQuarantined,
  deadLetter,
  readChecks,
  readJob,
  readLines,
  readManifests,
  readObject,
  readRecords,
  runChange,
} from './reach.ts';
import { loggedRefusals, measuredRefusals, type Refusal } from './refusals.ts';
import { remembered } from './remembered.ts';
import { type ConsoleSource, type HealthRow, nameOf } from './source.ts';

export interface DeploymentSourceOptions {
  readonly deployment: Deployment;
  readonly allowsChanges: boolean;
  readonly clock: () => Date;
}

/** How far back deliveries are looked for in the verifier's log. */
const RECENT_MS = 3 * 3_600_000;
const MINUTE_MS = 60_000;
/** As long as that a table may be shown at once that is brought up to date a moment later. */
const STALE_MS = 30_000;

export function createSource({ deployment, allowsChanges, clock }: DeploymentSourceOptions): ConsoleSource {
  const { clients, description, stateDir, stackName } = deployment;
  const run = stateDir === undefined ? undefined : new LocalRun(stateDir);
  const projects = description.projects.map(({ name }) => name);
  const index = jobRecordsOf(deployment);
  // Calls of a local run cost nothing.
  const refreshMs = run === undefined ? 5000 : 1000;
  const sent = async () => (await run?.sent()) ?? [];
  const startOf = (row: JobRow) => new Date(Date.parse(bornAt(row)) - MINUTE_MS);

  const refusals = async (): Promise<readonly Refusal[]> => {
    if (clients.cloudwatch) return await measuredRefusals(clients.cloudwatch, description.metricNamespace, clock());
    return loggedRefusals(await readLines(deployment, ['"Deliveries"'], new Date(0), /^verifier/));
  };
  const deliveriesOf = async (row: JobRow) => {
    const { id } = nameOf(row);
    const [lines, records, all] = await Promise.all([
      readLines(deployment, [id], startOf(row), /^(?:verifier|reconciler)/),
      readRecords(deployment, row, clock()),
      sent(),
    ]);
    const own = all.filter(({ job }) => job?.split('/').at(-1) === id);
    return ofProject(deliveryRows(lines, records, own), row.project);
  };

  return {
    title: run === undefined ? stackName : 'local run',
    ...{ projects, allowsChanges, local: run },
    refreshMs,
    jobs: remembered({ clock, freshMs: refreshMs / 2, staleMs: STALE_MS }, (query) =>
      readJobPage(index, projects, query),
    ),
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
    logs: (row) => readLines(deployment, [nameOf(row).id], startOf(row)),
    object: (key) => readObject(deployment, key),
    deliveries: remembered({ clock, freshMs: refreshMs / 2, staleMs: refreshMs / 2 }, async () => {
      const since = new Date(clock().getTime() - RECENT_MS);
      const [lines, all, refused, quarantined] = await Promise.all([
        readLines(deployment, [...HANDLED, RECONCILED], since, /^(?:verifier|reconciler)/),
        sent(),
        refusals(),
        countQuarantined(deployment, clock()),
      ]);
      return {
        ...{ rows: ofProject(deliveryRows(lines, [], all), projects[0] ?? ''), refused, quarantined },
        refusedSince: run === undefined ? 'in the last 24 hours' : 'in this run',
      };
    }),
    // Not more often than a person looks: it takes a call or two for each queue, secret and alarm, and one of Gemini.
    health: remembered({ clock, freshMs: 5 * refreshMs, staleMs: 5 * refreshMs }, async () =>
      (await readChecks(deployment, clock)).map(toHealthRow),
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
          return await runChange(deployment, change, clock);
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

/** What the simulator knows about a delivery has no project. */
function ofProject(rows: ReturnType<typeof deliveryRows>, project: string) {
  return rows.map((row) => (row.project === '' ? { ...row, project } : row));
}

const QUEUES = [...FETCHED_JOB_TYPES, 'ledger', 'undelivered'] as const;

function toHealthRow({ what, state, ok, next }: Check): HealthRow {
  const queue = QUEUES.find((name) => what === `dead letters, ${name}`);
  const project = /^webhook at Gemini, (.+)$/.exec(what)?.[1];
  const repair = project === undefined ? undefined : ({ kind: 'repair', project } as const);
  return {
    ...{ what, state, isGood: ok, next: next ?? undefined, group: groupOf(what) },
    severity: (['critical', 'high', 'low'] as const).find((one) => state.startsWith(`${one}, `)),
    change: queue === undefined ? repair : { kind: 'redrive', queue },
  };
}

function groupOf(what: string): HealthRow['group'] {
  if (what.startsWith('webhook')) return 'webhooks';
  if (what.startsWith('alarm')) return 'alarms';
  if (what.startsWith('dead letters') || what.startsWith('events')) return 'queues';
  return what.startsWith('jobs') ? 'jobs' : 'secrets';
}
