/** Log lines about a job, from files and from CloudWatch Logs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cloudWatchLogs, localLogs } from '../../../cli/jobs/job-logs.ts';

const SINCE = new Date('2026-11-24T14:00:00.000Z');
const line = (second: number, message: string, fields: object = {}) =>
  JSON.stringify({
    ...{ level: 'INFO', message, timestamp: `2026-11-24T14:00:0${second}.000Z`, service: 'x', cold_start: false },
    ...{ function_name: 'f', function_request_id: 'r', ...fields },
  });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'job-logs-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('are read from the files of all functions, in order of time', async () => {
  writeFileSync(
    join(dir, 'V1.log'),
    [
      line(3, 'Delivery handled', { jobId: 'batches/abc' }),
      line(1, 'Of another', { jobId: 'batches/x' }),
      'abc: no JSON',
    ].join('\n'),
  );
  writeFileSync(
    join(dir, 'F1.log'),
    `${line(2, 'Outputs stored', { jobId: 'batches/abc', code: 'E' })}\n{"_aws":{},"jobId":"abc"}\n`,
  );
  writeFileSync(join(dir, 'access.log'), line(4, 'abc'));
  const names: Record<string, string> = { V1: 'Verifier', F1: 'Fetcher' };
  const logs = localLogs(dir, (id) => names[id]);

  expect(await logs.read({ text: 'abc', since: SINCE })).toEqual([
    {
      ...{ at: '2026-11-24T14:00:02.000Z', function: 'Fetcher', level: 'INFO', message: 'Outputs stored' },
      fields: { jobId: 'batches/abc', code: 'E' },
    },
    {
      ...{ at: '2026-11-24T14:00:03.000Z', function: 'Verifier', level: 'INFO', message: 'Delivery handled' },
      fields: { jobId: 'batches/abc' },
    },
  ]);
  expect(await logs.read({ text: 'abc', since: SINCE, functions: /^V/ })).toHaveLength(1);
  expect(await logs.read({ text: 'abc', since: new Date('2026-11-24T14:00:03.000Z') })).toHaveLength(1);
});

it('are read from the groups of CloudWatch, past pages that are empty', async () => {
  const client = mockClient(CloudWatchLogsClient);
  client
    .on(FilterLogEventsCommand, { logGroupName: 'verifier-logs' })
    .resolvesOnce({ events: [], nextToken: 'more' })
    .resolvesOnce({ events: [{ message: line(1, 'Delivery handled') }] })
    .on(FilterLogEventsCommand, { logGroupName: 'fetcher-logs' })
    .resolves({ events: [{ message: line(2, 'Outputs stored') }] });
  const groups = new Map([
    ['Verifier', 'verifier-logs'],
    ['Fetcher', 'fetcher-logs'],
  ]);

  const lines = await cloudWatchLogs(new CloudWatchLogsClient({}), groups).read({ text: 'a"b\\c', since: SINCE });

  expect(lines.map((one) => [one.function, one.message])).toEqual([
    ['Verifier', 'Delivery handled'],
    ['Fetcher', 'Outputs stored'],
  ]);
  const inputs = client.commandCalls(FilterLogEventsCommand).map(({ args }) => args[0].input);
  expect(inputs).toContainEqual({
    ...{ logGroupName: 'verifier-logs', filterPattern: '"abc"', startTime: SINCE.getTime(), nextToken: 'more' },
  });
  expect(inputs).toHaveLength(3);
});
