/** `npm run bench -- console`: how long the console takes to answer with its table when the ledger has 10,000 jobs. */
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { startConsole } from '../../cli/console/http/server.ts';
import { readJobPage } from '../../cli/console/job-pages.ts';
import { remembered } from '../../cli/console/remembered.ts';
import type { JobQuery } from '../../cli/console/source.ts';
import { LEDGER } from '../../lambda/contract.ts';
import { queueName, shardOf } from '../../lambda/ledger/facts.ts';
import { DynamoDbJobRecords } from '../../lambda/ledger/job-records.client.ts';
import { FAKE_NOW, fakeJob, fakeSource } from '../fakes/console-source.ts';
import { startTables } from '../fakes/ledger-table.ts';
import { quantile } from './median.ts';

const JOBS = 10_000;
const REQUESTS = 30;
const PATHS = ['/jobs', '/jobs?state=failed', '/jobs?type=video&project=research', '/jobs?q=Nightly+summaries+42'];

function itemOf(age: number) {
  const row = fakeJob(age);
  const job = { project: row.project, jobType: row.jobType, jobId: row.jobId };
  const state = row.state === 'waiting' ? (row.publishedAt === null ? 'awaited' : 'unstored') : row.state;
  const due = Date.parse(row.storedAt ?? row.failedAt ?? row.endedAt ?? row.submittedAt ?? '');
  const texts = {
    ...{ ...job, submittedAt: row.submittedAt, createdAt: row.createdAt, endedAt: row.endedAt },
    ...{ deliveredAt: row.deliveredAt, publishedAt: row.publishedAt, fetchStartedAt: row.fetchStartedAt },
    ...{ storedAt: row.storedAt, failedAt: row.failedAt, displayName: row.displayName, eventType: row.eventType },
    userMetadata: JSON.stringify(row.userMetadata),
    queue: queueName({ ...job, state }, shardOf(job)),
  };
  const attributes = Object.entries(texts).flatMap(([name, value]) =>
    value === null ? [] : [[LEDGER[name as keyof typeof texts], { S: value }]],
  );
  return { ...Object.fromEntries(attributes), id: { S: `job#${age}` }, due: { N: String(due) } };
}

const tables = await startTables();
for (let from = 0; from < JOBS; from += 25) {
  const puts = Array.from({ length: 25 }, (_, index) => ({ PutRequest: { Item: itemOf(from + index) } }));
  await tables.client.send(new BatchWriteItemCommand({ RequestItems: { JobLedger: puts } }));
}
const records = new DynamoDbJobRecords(tables.client, 'JobLedger');
const inMemory = fakeSource(JOBS);
const clock = () => new Date();
const ofLedger = {
  ...inMemory,
  jobs: remembered({ clock, freshMs: 2500, staleMs: 30_000 }, (query: JobQuery) =>
    readJobPage(records, inMemory.projects, query),
  ),
};
for (const [name, source] of [
  ['the console alone', inMemory],
  ['with DynamoDB (dynalite) behind it', ofLedger],
] as const) {
  const running = await startConsole(source, 0, () => FAKE_NOW);
  const { origin, searchParams } = new URL(running.url);
  const headers = { authorization: `Bearer ${searchParams.get('key')}` };
  for (const path of PATHS) {
    const times: number[] = [];
    for (let request = 0; request < REQUESTS; request += 1) {
      const startedAt = performance.now();
      await (await fetch(origin + path, { headers })).text();
      times.push(performance.now() - startedAt);
    }
    const ms = (share: number) => quantile(times, share).toFixed(0).padStart(4);
    const first = (times[0] ?? 0).toFixed(0).padStart(4);
    console.log(`${name.padEnd(36)}${path.padEnd(40)}first ${first} ms, median ${ms(0.5)} ms, 95 % ${ms(0.95)} ms`);
  }
  await running.close();
}
tables.close();
