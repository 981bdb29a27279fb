/** Every event and every manifest of a run with jobs of all kinds, against the published schemas, by an independent validator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOptions } from '../../local/aws/emulators.ts';
import { runDemo } from '../../local/demo/demo.ts';
import { deliveryOf, foreignJob, listen, post, startTestRun, type TestRun } from './local-run.ts';
import { faultsOf, schemaOf } from './published-schemas.ts';

let run: TestRun;
let events: { 'detail-type': string; detail: Record<string, unknown> }[];

beforeAll(async () => {
  run = await startTestRun({}, { reconcile: { graceSeconds: 1, everyMs: 1000 } });
  const heard = listen(run.aws);
  await runDemo(run, () => {});
  await post(deliveryOf(run, { type: 'ping.of.2027' }));
  await foreignJob(run, 'batch');
  await heard.until((event) => event['detail-type'] === 'output.failed');
  events = readFileSync(run.endpoints.eventsFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}, 120_000);
afterAll(() => run.close());

it('holds for every event of every kind', () => {
  const kinds = new Set(events.map((event) => event['detail-type']));
  expect(kinds.size).toBeGreaterThan(8);
  for (const event of events)
    expect([event['detail-type'], faultsOf(schemaOf(event['detail-type']), event)]).toEqual([
      event['detail-type'],
      null,
    ]);
});

it('holds for every manifest', async () => {
  const s3 = new S3Client({ ...clientOptions(run.endpoints.s3Url), forcePathStyle: true });
  const keys = events.flatMap(({ detail }) =>
    typeof detail['manifestKey'] === 'string' ? [detail['manifestKey']] : [],
  );
  expect(keys.length).toBeGreaterThan(10);
  for (const Key of keys) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: run.endpoints.bucket, Key }));
    expect([Key, faultsOf('Manifest', JSON.parse((await Body?.transformToString()) ?? ''))]).toEqual([Key, null]);
  }
  s3.destroy();
});

it('would not hold for an event of another kind', () => {
  const stored = events.find((event) => event['detail-type'] === 'output.stored');

  expect(faultsOf('JobEvent', stored)).not.toBeNull();
  expect(faultsOf('OutputFailed', stored)).not.toBeNull();
  expect(faultsOf('OutputStored', { ...stored, detail: { ...stored?.detail, bytes: 'many' } })).not.toBeNull();
  expect(readFileSync(join(run.stateDir, 'events.jsonl'), 'utf8')).toContain('output.stored');
});
