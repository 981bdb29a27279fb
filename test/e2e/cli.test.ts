/** The command line against a local run with one job that was given up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOptions } from '../../local/aws/emulators.ts';
import { readEndpoints } from '../../local/run/endpoints.ts';
import { runCommand } from '../fakes/command-line.ts';
import { deliveryOf, listen, post, startTestRun, type TestRun } from './local-run.ts';

let run: TestRun;
let heard: ReturnType<typeof listen>;
let job: string;

const cli = (...args: string[]) =>
  runCommand([...args, '--local', run.stateDir], { clock: () => new Date(), onPause: () => sleep(200) });
const stored = () => heard.events.filter((event) => event['detail-type'] === 'output.stored');

const queueOf = (part: string) =>
  run.endpoints.resources.find(({ logicalId, type }) => type === 'AWS::SQS::Queue' && logicalId.includes(part));

/** An event that was on the bus, to a queue. */
async function send(queue: string, detailType: string, attributes: Readonly<Record<string, string>> = {}) {
  const sqs = new SQSClient(clientOptions(run.endpoints.s3Url));
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queueOf(queue)?.physicalId,
      MessageBody: JSON.stringify(heard.events.find((one) => one['detail-type'] === detailType)),
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
      ),
    }),
  );
  sqs.destroy();
}

beforeAll(async () => {
  run = await startTestRun();
  heard = listen(run.aws);
  const response = await fetch(`${run.endpoints.simulatorControlUrl}/jobs`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'batch', input: 'file' }),
  });
  job = ((await response.json()) as { name: string }).name;
  const { detail } = await heard.until((event) => event['detail-type'] === 'output.stored');
  expect(detail['jobId']).toBe(job);
  // As the queue would move it there after its last receive.
  await send('BatchFetcherDeadLetters', 'batch.succeeded');
});
afterAll(() => run.close());

it('shows what is wrong, and fails', async () => {
  const { exitCode, printed, noted } = await cli('status');

  expect(exitCode).toBe(1);
  expect(printed).toMatch(/✓ +webhook at Gemini, default +enabled, as deployed/);
  expect(printed).toMatch(/✗ +dead letters, batch +1 message +gemini-webhooks redrive batch --preview/);
  expect(noted).toMatch(/^1 of \d+ is not as it should be\. "next" says what to do\.$/);
});

it("shows a job's life in the order of time, with links to its objects", async () => {
  const { exitCode, printed } = await cli('show', job.replace('batches/', ''), '--json');
  const [life]: { folder: string; steps: { time: string; what: string; detail: string }[] }[] = JSON.parse(printed);
  const rows = life?.steps ?? [];

  expect(exitCode).toBe(0);
  expect(new Set(rows.map(({ what }) => what))).toEqual(
    new Set(['created', 'ended', 'received', 'on the bus', 'fetch began', 'object', 'stored']),
  );
  expect(rows.filter(({ what }) => what === 'received')).toHaveLength(1);
  expect(rows.map(({ time }) => time)).toEqual(rows.map(({ time }) => time).toSorted());
  expect(rows.find(({ what }) => what === 'stored')?.detail).toBe('succeeded/manifest.json');
  expect(life?.folder).toMatch(/^s3:\/\/.+\/job=\w+\/$/);
  expect(await cli('show', 'batches/nobody')).toMatchObject({
    exitCode: 1,
    noted: expect.stringContaining('deliveries'),
  });
});

it('puts back what was given up, which is announced again', async () => {
  expect(await cli('redrive', 'batch', '--yes', '--rate', '100')).toMatchObject({ exitCode: 0 });

  await heard.until(() => stored().length === 2);
  expect((await cli('status')).exitCode).toBe(0);
});

it('puts back what did not reach the ledger into its queue, and not into a fetcher', async () => {
  const arn = `arn:aws:sqs:us-east-1:000000000000:${queueOf('JobLedgerQueue')?.logicalId}`;
  await send('EventBusUndelivered', 'output.stored', { TARGET_ARN: arn });
  await send('EventBusUndelivered', 'output.stored', { TARGET_ARN: 'arn:aws:logs:us-east-1:000000000000:log-group:x' });

  const { exitCode, printed, noted } = await cli('redrive', 'undelivered', '--yes', '--rate', '100', '--json');

  expect([exitCode, noted]).toEqual([1, expect.stringContaining('log-group:x')]);
  expect(JSON.parse(printed)).toEqual([
    {
      ...{ queue: 'undelivered', putBack: 1, remaining: 1 },
      foreignTargets: ['arn:aws:logs:us-east-1:000000000000:log-group:x'],
    },
  ]);
});

it('shows with which code a job failed that Gemini does not have any more', async () => {
  const name = 'batches/long-gone';
  const timestamp = new Date(Date.now() - 3 * 24 * 3_600_000).toISOString();
  await post(deliveryOf(run, { type: 'batch.succeeded', timestamp, data: { id: name } }));
  await heard.until((event) => event['detail-type'] === 'output.failed');

  await expect
    .poll(async () => (await cli('show', name, '--json')).printed, { timeout: 10_000 })
    .toMatch(/"what": "failed",\s+"detail": "ERR_OUTPUT_GONE"/);
});

it('tries everything out, and shows what the functions wrote about it', async () => {
  const { exitCode, printed } = await cli('try', '--yes', '--json', '--batch');
  const steps: { jobType: string; jobId: string; step: string; seconds: number | null }[] = JSON.parse(printed);

  expect([exitCode, steps.filter(({ seconds }) => seconds === null)]).toEqual([0, []]);
  expect(new Set(steps.map(({ jobType }) => jobType))).toEqual(new Set(['interaction', 'batch']));
  const { printed: lines } = await cli('logs', steps.at(-1)?.jobId ?? '', '--json');
  const functions: { function: string; message: string }[] = JSON.parse(lines);
  expect(functions.map(({ message }) => message)).toEqual(
    expect.arrayContaining(['Delivery handled', 'Outputs stored']),
  );
});

it('fetches again, and replays', async () => {
  const announced = () => stored().filter(({ detail }) => detail['jobId'] === job).length;
  expect((await cli('refetch', job, '--yes')).exitCode).toBe(0);
  await heard.until(() => announced() === 3);

  const [from, to] = [-3_600_000, 3_600_000].map((offset) => new Date(Date.now() + offset).toISOString());
  expect((await cli('replay', '--from', from ?? '', '--to', to ?? '', '--type', 'batch', '--yes')).exitCode).toBe(0);
  await heard.until(() => announced() === 4);
  const again = await cli('replay', '--from', from ?? '', '--to', to ?? '', '--rules', 'ledger', '--yes');
  expect([again.exitCode, again.noted]).toEqual([0, expect.stringContaining('LedgerEvents')]);
});

it('pings, rotates, and prints a URL that is accepted', async () => {
  expect((await cli('ping')).exitCode).toBe(0);
  await heard.until((event) => event.detail['jobType'] === 'other');
  expect((await cli('deliveries', '--json', '--limit', '1')).printed).toContain('"eventType": "webhook.ping"');

  expect((await cli('rotate', 'dynamic-token', '--yes')).exitCode).toBe(0);
  const { printed: url } = await cli('dynamic-url');
  // For programs that drive the local run.
  expect(readEndpoints(run.stateDir).dynamicWebhookUrl).toBe(url.trim());
  const before = stored().length;
  await fetch(`${run.endpoints.simulatorControlUrl}/jobs`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'interaction', webhookUrl: url }),
  });
  await heard.until(() => stored().length === before + 1);
  expect((await cli('quarantine', 'list')).noted).toContain('Deploy it with the prop quarantine');
});

it('forgets a job, and a second time finds nothing', async () => {
  const { jobId, objectVersions } = JSON.parse((await cli('forget', job, '--yes', '--json')).printed);

  expect([jobId, objectVersions]).toEqual([job, 3]);
  expect((await cli('forget', job, '--yes')).printed).toBe(`Nothing is stored about ${job}.`);
});
