/** The command line against a local run with one job that was given up. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run as runCli } from '../../cli/program.ts';
import { clientOptions } from '../../local/aws/emulators.ts';
import { listen, startTestRun, type TestRun } from './local-run.ts';

let run: TestRun;
let heard: ReturnType<typeof listen>;
let job: string;

async function cli(...args: string[]) {
  const printed: string[] = [];
  const told: string[] = [];
  const exitCode = await runCli([...args, '--local', run.stateDir], {
    clock: () => new Date(),
    terminal: {
      isInteractive: false,
      print: (text) => void printed.push(text),
      tell: (text) => void told.push(text),
      ask: async () => '',
    },
  });
  return { exitCode, printed: printed.join('\n'), told: told.join('\n') };
}
const stored = () => heard.events.filter((event) => event['detail-type'] === 'output.stored');

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
  const queue = run.endpoints.resources.find(({ logicalId }) => logicalId.includes('BatchFetcherDeadLetters'));
  const event = heard.events.find((one) => one['detail-type'] === 'batch.succeeded');
  const sqs = new SQSClient(clientOptions(run.endpoints.s3Url));
  await sqs.send(new SendMessageCommand({ QueueUrl: queue?.physicalId, MessageBody: JSON.stringify(event) }));
  sqs.destroy();
});
afterAll(() => run.close());

it('shows what is wrong, and fails', async () => {
  const { exitCode, printed, told } = await cli('status');

  expect(exitCode).toBe(1);
  expect(printed).toMatch(/✓ +webhook at Gemini, default +enabled, as deployed/);
  expect(printed).toMatch(/✗ +dead letters, batch +1 message +gemini-webhooks redrive batch/);
  expect(told).toMatch(/^1 of \d+ are not as they should be\.$/);
});

it("shows a job's life in the order of time, with links to its objects", async () => {
  const { exitCode, printed } = await cli('show', job.replace('batches/', ''), '--json');
  const rows: { time: string; what: string; detail: string }[] = JSON.parse(printed);

  expect(exitCode).toBe(0);
  expect(new Set(rows.map(({ what }) => what))).toEqual(
    new Set(['created', 'ended', 'received', 'on the bus', 'fetch began', 'object', 'landed']),
  );
  expect(rows.map(({ time }) => time)).toEqual(rows.map(({ time }) => time).toSorted());
  expect(rows.find(({ what }) => what === 'landed')?.detail).toMatch(/^s3:\/\/.+\/manifest\.json$/);
  expect(await cli('show', 'batches/nobody')).toMatchObject({
    exitCode: 1,
    told: expect.stringContaining('deliveries'),
  });
});

it('puts back what was given up, which is announced again', async () => {
  expect(await cli('redrive', 'batch', '--yes', '--rate', '100')).toMatchObject({ exitCode: 0 });

  await heard.until(() => stored().length === 2);
  expect((await cli('status')).exitCode).toBe(0);
});

it('fetches again, and replays', async () => {
  expect((await cli('refetch', job, '--yes')).exitCode).toBe(0);
  await heard.until(() => stored().length === 3);

  const [from, to] = [-3_600_000, 3_600_000].map((offset) => new Date(Date.now() + offset).toISOString());
  expect((await cli('replay', '--from', from ?? '', '--to', to ?? '', '--type', 'batch', '--yes')).exitCode).toBe(0);
  await heard.until(() => stored().length === 4);
});

it('pings, rotates, and prints a URL that is accepted', async () => {
  expect((await cli('ping')).exitCode).toBe(0);
  await heard.until((event) => event.detail['jobType'] === 'other');
  expect((await cli('deliveries', '--json', '--limit', '1')).printed).toContain('"type": "webhook.ping"');

  expect((await cli('rotate', 'dynamic-token', '--yes')).exitCode).toBe(0);
  const { printed: url } = await cli('dynamic-url');
  const before = stored().length;
  await fetch(`${run.endpoints.simulatorControlUrl}/jobs`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'interaction', webhookUrl: url }),
  });
  await heard.until(() => stored().length === before + 1);
  expect((await cli('quarantine', 'list')).told).toContain('gemini-webhooks:quarantine');
});
