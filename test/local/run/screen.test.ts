import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { renderProgress } from '../../../local/demo/progress.ts';
import { type Endpoints, readEndpoints, writeEndpoints } from '../../../local/run/endpoints.ts';
import { renderBucket } from '../../../local/run/screen.ts';
import { signedHeaders } from '../../../local/run/send.ts';
import { formatBytes } from '../../../local/run/table.ts';

it('draws what is known of each job', () => {
  const rows = [
    { title: 'batch', submittedAt: 0 },
    {
      ...{ title: 'video', submittedAt: 0, job: 'models/veo/operations/abc', event: 'video.generated', scheme: 'v1a' },
      ...{ onBusSeconds: 2.04, landed: '2 objects, 1.5 kB', landedSeconds: 12.34 },
    },
    { title: 'report', submittedAt: 0, job: `v1_${'x'.repeat(60)}`, failed: 'ERR_OUTPUT_GONE' },
  ];

  expect(`\n${renderProgress(rows)}`).toBe(`
          job                 event            verified  on the bus  landed             seconds
────────  ──────────────────  ───────────────  ────────  ──────────  ─────────────────  ───────
… batch
✓ video   operations/abc      video.generated  v1a       2.0 s       2 objects, 1.5 kB     12.3
✗ report  v1_xxxxxxxxxxxxxx…                                         ERR_OUTPUT_GONE`);
});

it('lists the bucket by job, with sizes', () => {
  const objects = [
    { key: 'batch/date=2026-11-24/job=a/succeeded/manifest.json', bytes: 999 },
    { key: 'batch/date=2026-11-24/job=a/succeeded/responses.jsonl', bytes: 1_234_567 },
    { key: 'video/date=unknown/job=b/failed/manifest.json', bytes: 1000 },
  ];

  expect(`\n${renderBucket(objects)}`).toBe(`
batch/date=2026-11-24/job=a/succeeded/
   999 B  manifest.json
  1.2 MB  responses.jsonl

video/date=unknown/job=b/failed/
  1.0 kB  manifest.json`);
  expect(formatBytes(536_870_912)).toBe('537 MB');
});

it('signs what it sends as the reference implementation verifies', () => {
  const secret = `whsec_${Buffer.from('k'.repeat(32)).toString('base64')}`;
  const body = '{"type":"batch.succeeded"}';

  const headers = signedHeaders(secret, 'msg_1', Math.floor(Date.now() / 1000), body);

  expect(new Webhook(secret).verify(body, headers)).toEqual({ type: 'batch.succeeded' });
});

it('writes the endpoints for nobody else to read, and takes them away again', () => {
  const dir = mkdtempSync(join(tmpdir(), 'endpoints-'));
  const endpoints: Endpoints = {
    ...{ webhookUrl: 'a', dynamicWebhookUrl: 'b', signingSecret: 'c', geminiUrl: 'd', apiKey: 'e', dynamodbUrl: 'f' },
    ...{ s3Url: 'g', bucket: 'h', table: 'i', busName: 'j', eventsFile: 'k', jwksUrl: 'l', simulatorControlUrl: null },
  };
  const remove = writeEndpoints(dir, endpoints);

  expect(statSync(join(dir, 'endpoints.json')).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(join(dir, 'endpoints.json'), 'utf8'))).toEqual(endpoints);
  expect(readEndpoints(dir)).toEqual(endpoints);
  remove();
  expect(() => readEndpoints(dir)).toThrow('Start the local run first: npm start -- --serve');
  rmSync(dir, { recursive: true });
});
