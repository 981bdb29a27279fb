/** What goes wrong while deliveries and jobs are under way, and what must be true in the end. */
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { CallInterceptor } from '../../local/aws/aws-call.ts';
import type { Run } from '../../local/run/run.ts';
import { type Books, type LoadReport, readBooks, send } from './load.ts';

export interface FaultReport {
  readonly name: string;
  readonly load: LoadReport;
  readonly books: Books;
  /** Jobs that were submitted, and manifests that are in the bucket. */
  readonly jobs: number;
  readonly stored: number;
  /** What is wrong. */
  readonly faults: readonly string[];
}

export interface Scenario {
  readonly name: string;
  /** Makes trouble until it is asked to stop. */
  readonly trouble: (run: Run) => () => void;
  /** Whether an event may be on the bus more than once: something died or timed out after publishing. */
  readonly mayDouble: boolean;
  readonly skewSeconds?: number;
  /** Which webhooks report the jobs that are fetched meanwhile; none are without it. */
  readonly jobs?: 'static' | 'dynamic';
  /** Leases run out, or backoffs: more than a test run has time for. */
  readonly isSlow?: boolean;
}

/** Away for a while, back for a while. */
const PERIOD_MS = 400;
/** So long at most; then everything is back, and what was left behind must come right by itself. */
const TROUBLE_MS = 5000;

function away(fits: Parameters<CallInterceptor>[0]['service'], verdict: ReturnType<CallInterceptor>) {
  return (run: Run) => {
    const startedAt = Date.now();
    return run.aws.intercept(({ service }) => {
      const isAway = Math.floor((Date.now() - startedAt) / PERIOD_MS) % 2 === 0;
      return service === fits && isAway ? verdict : 'pass';
    });
  };
}

/** kill -9 of whatever runs, again and again. */
function killing(part: string) {
  return (run: Run) => {
    const timer = setInterval(() => {
      for (const { logicalId } of run.aws.functions()) {
        if (logicalId.includes(part)) run.aws.killSandboxes(logicalId, 'SIGKILL');
      }
    }, PERIOD_MS);
    return () => clearInterval(timer);
  };
}

const none = () => () => {};

export const SCENARIOS: readonly Scenario[] = [
  { name: 'nothing', trouble: none, mayDouble: false },
  { name: 'kill -9 of the verifier', trouble: killing('Verifier'), mayDouble: true, isSlow: true },
  { name: 'DynamoDB away', trouble: away('dynamodb', 'deny'), mayDouble: true, isSlow: true },
  { name: 'DynamoDB’s answers lost', trouble: away('dynamodb', 'lose-answer'), mayDouble: true, isSlow: true },
  { name: 'DynamoDB slow', trouble: away('dynamodb', { delayMs: 200 }), mayDouble: false },
  { name: 'the bus away', trouble: away('events', 'drop'), mayDouble: false },
  { name: 'the bus’s answers lost', trouble: away('events', 'lose-answer'), mayDouble: true },
  { name: 'Secrets Manager away', trouble: away('secretsmanager', 'deny'), mayDouble: false },
  { name: 'the sender’s clock 4 minutes slow', trouble: none, mayDouble: false, skewSeconds: -240 },
  { name: 'the sender’s clock 4 minutes fast', trouble: none, mayDouble: false, skewSeconds: 240 },
  { name: 'S3 away', trouble: away('s3', 'deny'), mayDouble: false, jobs: 'static' },
  { name: 'the key set away', trouble: switches({ jwksErrors: 2 }), mayDouble: false, jobs: 'dynamic' },
  {
    name: 'Gemini overloaded, a download cut',
    trouble: switches({ serverErrors: 3, truncateDownloads: 1 }),
    ...{ mayDouble: false, jobs: 'static', isSlow: true },
  },
];

function switches(update: object) {
  return (run: Run) => {
    void control(run, '/switches', 'PATCH', update);
    return () => {};
  };
}

export interface RunOptions {
  readonly events: number;
  readonly deliveries: number;
  readonly concurrency: number;
  readonly jobs: number;
}

export async function runScenario(run: Run, scenario: Scenario, options: RunOptions): Promise<FaultReport> {
  const stop = scenario.trouble(run);
  const timer = setTimeout(stop, TROUBLE_MS);
  const jobs = scenario.jobs ? options.jobs : 0;
  const names = await Promise.all(Array.from({ length: jobs }, () => submit(run, scenario.jobs)));
  const allStored = Promise.all(names.map((name) => untilStored(run, name)));
  const load = await send(run, {
    ...options,
    name: scenario.name,
    seed: 1,
    ...(scenario.skewSeconds && { skewSeconds: scenario.skewSeconds }),
  });
  clearTimeout(timer);
  stop();
  await allStored;
  const books = await readBooks(run, scenario.name);
  const stored = await countManifests(run, names.map(String));
  return {
    name: scenario.name,
    load,
    books,
    jobs,
    stored,
    faults: judge(scenario, options, { load, books, jobs, stored }),
  };
}

type Outcome = Pick<FaultReport, 'load' | 'books' | 'jobs' | 'stored'>;

function judge(scenario: Scenario, { events }: RunOptions, { load, books, jobs, stored }: Outcome): string[] {
  const claims: [boolean, string][] = [
    [load.acknowledged === load.sent, `${load.sent - load.acknowledged} deliveries were never acknowledged`],
    [books.distinct === events, `${events - books.distinct} events are not on the bus`],
    [books.records === events, `the ledger has ${books.records} records for ${events} events`],
    [scenario.mayDouble || books.published === events, `${books.published - events} events were published twice`],
    [scenario.mayDouble || books.completed === events, `${events - books.completed} records are not COMPLETED`],
    [stored === jobs, `${jobs - stored} jobs have no manifest`],
    [
      !Object.keys(load.answers).some((status) => ['401', '400', '413'].includes(status)),
      'a genuine delivery was refused',
    ],
  ];
  return claims.filter(([holds]) => !holds).map(([, fault]) => fault);
}

async function control(run: Run, path: string, method: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${run.endpoints.simulatorControlUrl}${path}`, { method, body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}

async function submit(run: Run, webhook: Scenario['jobs']): Promise<unknown> {
  const webhookUrl = webhook === 'dynamic' ? run.endpoints.dynamicWebhookUrl : undefined;
  return (await control(run, '/jobs', 'POST', { kind: 'batch', input: 'file', webhookUrl }))['name'];
}

function untilStored(run: Run, job: unknown): Promise<void> {
  return new Promise((resolve) => {
    const stop = run.aws.onEvent(({ 'detail-type': type, detail }) => {
      if (type !== 'output.stored' || detail['jobId'] !== job) return;
      stop();
      resolve();
    });
  });
}

/** Of these jobs. */
async function countManifests(run: Run, names: readonly string[]): Promise<number> {
  if (names.length === 0) return 0;
  const client = new S3Client({
    endpoint: run.endpoints.s3Url,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: run.endpoints.bucket }));
  client.destroy();
  const manifests = Contents.filter(({ Key }) => Key?.endsWith('/manifest.json'));
  return names.filter((name) => manifests.some(({ Key }) => Key?.includes(`/job=${name.split('/').at(-1)}/`))).length;
}
