/** Jobs without webhooks, through the deployed bundles: each lands, and each is announced once; and what is measured of all that. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { METRIC_SERIES } from '../../lambda/contract.ts';
import { createJobAnnouncer } from '../../lambda/submit-job.ts';
import { operatorOptions } from '../../local/aws/emulators.ts';
import { deliveryOf, listen, post, startTestRun, type TestRun } from './local-run.ts';

let run: TestRun;
let heard: ReturnType<typeof listen>;
let bus: EventBridgeClient;

beforeAll(async () => {
  run = await startTestRun({}, { reconcile: { graceSeconds: 0, everyMs: 3_600_000 } });
  heard = listen(run.aws);
  bus = new EventBridgeClient(operatorOptions(run.aws.awsUrl));
});
afterAll(async () => {
  bus.destroy();
  await run.close();
});
beforeEach(() => control('/switches', 'PATCH', { missing: 0, outOfOrder: 0 }));

async function control(path: string, method: string, body?: object): Promise<Record<string, unknown>> {
  const init = { method, ...(body && { body: JSON.stringify(body) }) };
  const response = await fetch(`${run.endpoints.simulatorControlUrl}${path}`, init);
  return (await response.json()) as Record<string, unknown>;
}

/** One of each kind and end; those that Gemini does not list are announced, as applications do. */
async function submitMixed(): Promise<string[]> {
  const orders = [
    { kind: 'batch', input: 'file' },
    { kind: 'batch', scenario: 'failed' },
    { kind: 'batch', scenario: 'expired' },
    { kind: 'batch', scenario: 'cancelled' },
    { kind: 'interaction', scenario: 'deep-research' },
    { kind: 'interaction', scenario: 'failed' },
    { kind: 'video', count: 2 },
  ] as const;
  const announce = createJobAnnouncer({ client: bus, eventBusName: run.endpoints.busName });
  const names: string[] = [];
  for (const order of orders) {
    const name = String((await control('/jobs', 'POST', order))['name']);
    if (order.kind !== 'batch') await announce({ jobType: order.kind, jobId: name });
    names.push(name);
  }
  return names;
}

const ofJobs = (names: readonly string[]) =>
  heard.events.filter(({ detail }) => names.includes(String(detail['jobId'])));
const outcomesOf = (names: readonly string[]) =>
  ofJobs(names)
    .filter(({ 'detail-type': type }) => type.startsWith('output.'))
    .map(({ 'detail-type': type, detail }) => `${type} ${detail['jobId']}`)
    .toSorted();
/** Gemini's events, by job. */
function announcements(names: readonly string[]): (string | undefined)[][] {
  return names.map((name) =>
    ofJobs([name])
      .filter(({ source, 'detail-type': type }) => source === 'gemini.webhooks' && !type.startsWith('output.'))
      .map(({ 'detail-type': type }) => type),
  );
}

/** Runs the reconciler until everything is announced, because the ledger hears of submitted jobs a moment later, and waits for the outputs. */
async function reconcileUntilStored(names: readonly string[]): Promise<void> {
  const stored = Promise.all(
    names.map((name) =>
      heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === name),
    ),
  );
  do await run.aws.runSchedule('Reconciler');
  while (announcements(names).some((types) => types.length === 0));
  await stored;
}

const EVENTS = [
  ['batch.succeeded'],
  ['batch.failed'],
  ['batch.expired'],
  ['batch.cancelled'],
  ['interaction.completed'],
  ['interaction.failed'],
  ['video.generated'],
];

it('lands every job when every webhook is dropped, each with exactly one event', async () => {
  await control('/switches', 'PATCH', { missing: 1000 });

  const names = await submitMixed();
  await reconcileUntilStored(names);

  expect(announcements(names)).toEqual(EVENTS);
  expect(outcomesOf(names)).toEqual(names.map((name) => `output.stored ${name}`).toSorted());
  const origins = ofJobs(names).flatMap(({ detail }) => (detail['origin'] === undefined ? [] : [detail['origin']]));
  expect(new Set(origins)).toEqual(new Set(['reconciler']));
});

it('makes no second event of webhooks that come after the reconciler', async () => {
  // So many that all are held.
  await control('/switches', 'PATCH', { outOfOrder: 1000 });

  const names = await submitMixed();
  await reconcileUntilStored(names);
  await control('/switches', 'PATCH', { outOfOrder: 0 });
  await allDelivered(names);

  expect(announcements(names)).toEqual(EVENTS);
  expect(outcomesOf(names)).toEqual(names.map((name) => `output.stored ${name}`).toSorted());
});

it('does nothing about jobs whose webhooks came', async () => {
  const before = heard.events.length;
  const names = (await submitMixed()).filter((_, index) => index !== 3);
  for (const name of names) {
    await heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === name);
  }
  await run.aws.runSchedule('Reconciler');
  await run.aws.runSchedule('Reconciler');

  expect(announcements(names)).toEqual(EVENTS.filter((_, index) => index !== 3));
  const origins = heard.events.slice(before).filter(({ detail }) => detail['origin'] === 'reconciler');
  // The cancelled one is all that it found.
  expect(origins.map(({ 'detail-type': type }) => type)).toEqual(['batch.cancelled']);
});

it('writes metrics by the functions and under the dimensions that the contract says', async () => {
  const stored = ['batch', 'interaction', 'video'].map(async (kind) => {
    const { name } = await control('/jobs', 'POST', { kind });
    await heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === name);
  });
  await Promise.all(stored);
  // Longer ago than Gemini keeps a batch: a job of today that it does not show is waited for.
  const timestamp = new Date(Date.now() - 3 * 24 * 3_600_000).toISOString();
  const gone = { type: 'batch.succeeded', data: { id: 'batches/none' }, timestamp };
  await post(deliveryOf(run, gone));
  await heard.until(({ 'detail-type': type }) => type === 'output.failed');
  await post(deliveryOf(run, gone, { headers: { 'webhook-signature': 'v1,AAAA' } }));
  await run.aws.runSchedule('HealthCheck');
  await run.aws.runSchedule('Reconciler');

  const written = seriesIn(join(run.stateDir, 'logs'));
  const documented = Object.entries(METRIC_SERIES).flatMap(([name, { services, dimensions }]) =>
    services.map((service) => `${name} ${service} ${dimensions.toSorted()}`),
  );

  expect(documented).toEqual(expect.arrayContaining([...written]));
  expect([...written]).toEqual(
    expect.arrayContaining([
      'BytesStored fetch jobType,project',
      'BytesStored fetch jobType,project',
      'BytesStored fetch jobType,project',
      'Deliveries verifier outcome,project',
      'JobsChecked reconciler project',
      'SecondsToStore fetch jobType,project',
      'SecondsToStore fetch jobType,project',
      'SecondsToStore fetch jobType,project',
      'OldestUnstored reconciler jobType,project',
      'OutputsFailed fetch jobType,project',
      'OutputsStored fetch jobType,project',
      'OutputsStored fetch jobType,project',
      'OutputsStored fetch jobType,project',
      'SecretAge check-webhook project,secret',
      'WebhookHealthy check-webhook project',
    ]),
  );
});

/** Resolves when Gemini has got a 200 for each event that it pushes. */
async function allDelivered(names: readonly string[]): Promise<void> {
  for (;;) {
    const { deliveries } = (await control('/deliveries', 'GET')) as {
      deliveries: { job: string; status: string; attempts: { status: number }[] }[];
    };
    const own = deliveries.filter(({ job }) => names.includes(job));
    expect(
      own.flatMap(({ attempts }) => attempts.map(({ status }) => status)).filter((status) => status !== 200),
    ).toEqual([]);
    if (own.length === 6 && own.every(({ status }) => status === 'delivered')) return;
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Name, service and names of the other dimensions of every metric that a function wrote as a line of EMF. */
function seriesIn(logsDir: string): ReadonlySet<string> {
  const lines = readdirSync(logsDir)
    .flatMap((file) => readFileSync(join(logsDir, file), 'utf8').split('\n'))
    .filter((line) => line.includes('"Namespace":"GeminiWebhooks/local"'));
  const series = lines.flatMap((line) => {
    const emf = JSON.parse(line) as { service: string; _aws: { CloudWatchMetrics: Directive[] } };
    return emf._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
      Metrics.flatMap(({ Name }) =>
        Dimensions.map((names) => `${Name} ${emf.service} ${names.filter((name) => name !== 'service').toSorted()}`),
      ),
    );
  });
  return new Set(series);
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
interface Directive {
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string }[];
}
