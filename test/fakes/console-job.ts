/** A job of a console's source with outputs of every kind, and all that is known of its life. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { StoredManifest } from '../../cli/console/source.ts';
import type { JobRow } from '../../cli/job-row.ts';
import { png, tone } from '../../local/gemini/media.ts';
import { type FakeSource, fakeJob } from './console-source.ts';

export const JOB_PREFIX = 'interaction/project=default/date=2026-11-24/job=v1_abc/completed/';
export const JOB_PATH = '/jobs/default/interaction/v1_abc';

interface Output {
  readonly name: string;
  readonly contentType: string;
  readonly content: Uint8Array | string;
}

/** @param more outputs, or others in the place of those with their names */
export function addJobWithOutputs(source: FakeSource, more: readonly Output[] = []): void {
  const row = fakeJob(4, {
    ...{ displayName: 'Market report', jobType: 'interaction', jobId: 'v1_abc', project: 'default', attempts: 2 },
    ...{ userMetadata: { tenant: 'acme', quarter: 'Q4' }, webhookId: 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W' },
  });
  source.rows = source.rows.map((one, age) => (age === 4 ? row : one));
  const names = more.map(({ name }) => name);
  const outputs = [...OUTPUTS.filter(({ name }) => !names.includes(name)), ...more].map(
    ({ name, contentType, content }) => ({ key: JOB_PREFIX + name, contentType, content: Buffer.from(content) }),
  );
  for (const { key, ...object } of outputs) source.objects.set(key, object);
  source.details.set(row.jobId, {
    manifests: [manifestOf(row, outputs)],
    deliveries: [deliveryOf(row)],
    logs: logsOf(row),
    events: [eventOf(row, 'interaction.completed'), eventOf(row, 'output.stored')],
  });
}

const REPORT = `# Webhooks instead of polling

What can a webhook do that polling cannot? Three sources agree; the figure shows how much.

| jobs a day | calls by polling | by webhook |
| ---------- | ---------------- | ---------- |
| 1,000      | 288,000          | 1,000      |
| 100,000    | 28,800,000       | 100,000    |

## Findings

- **Sooner.** The end of a job is known within milliseconds, and not within the interval.
- **Cheaper.** Nothing is asked in vain.
`;

const LINES = Array.from({ length: 30 }, (_, index) => {
  const key = `request-${index + 1}`;
  if (index === 20) return { key, error: { code: 3, message: 'Request contains an invalid argument.' } };
  const text = `Answer ${index + 1}: the sky is blue because air scatters short waves the most.`;
  const usageMetadata = { totalTokenCount: 40 + index };
  return { key, response: { candidates: [{ content: { parts: [{ text }] } }], usageMetadata } };
});

const OUTPUTS: readonly Output[] = [
  { name: 'output.md', contentType: 'text/markdown', content: REPORT },
  { name: 'image-00.png', contentType: 'image/png', content: png(320, 180) },
  {
    name: 'video-00.mp4',
    contentType: 'video/mp4',
    content: readFileSync(new URL('../../local/gemini/clip.mp4', import.meta.url)),
  },
  { name: 'audio-00.pcm', contentType: 'audio/L16;codec=pcm;rate=24000', content: tone() },
  {
    name: 'responses.jsonl',
    contentType: 'application/jsonl',
    content: LINES.map((line) => JSON.stringify(line)).join('\n'),
  },
];

function after(time: string | null, ms: number): string {
  return new Date(Date.parse(time ?? '') + ms).toISOString();
}

function deliveryOf({ project, jobId, webhookId, eventType, deliveredAt }: JobRow) {
  const receivedAt = deliveredAt ?? '';
  return {
    ...{ receivedAt, project, jobId, scheme: 'v1a', webhookId: webhookId ?? '', eventType: eventType ?? '' },
    answers: [
      { at: receivedAt, status: 200, outcome: 'accepted' },
      { at: after(receivedAt, 410), status: 200, outcome: 'duplicate' },
    ],
  };
}

function logsOf({ jobId, deliveredAt, fetchStartedAt, storedAt }: JobRow) {
  const line = (time: string, name: string, level: string, message: string, fields: object = {}) => {
    return { time, function: name, level, message, requestId: null, fields: { jobId, ...fields } };
  };
  return [
    line(after(deliveredAt, 28), 'Verifier', 'INFO', 'Delivery handled', { scheme: 'v1a', outcome: 'accepted' }),
    line(after(fetchStartedAt, 45), 'InteractionFetcher', 'WARN', 'The message goes back to the queue', {
      ...{ code: 'ERR_OUTPUT_NOT_READY', receiveCount: 1, delaySeconds: 1 },
    }),
    line(after(storedAt, 2), 'InteractionFetcher', 'INFO', 'Outputs stored', { status: 'completed' }),
  ];
}

function eventOf({ project, jobType, jobId, webhookId, publishedAt, userMetadata }: JobRow, type: string) {
  const detail = { schemaVersion: '1', project, webhookId, type, jobType, jobId, userMetadata };
  return { version: '0', 'detail-type': type, source: 'gemini.webhooks', time: publishedAt, detail };
}

interface StoredOutput {
  readonly key: string;
  readonly contentType: string;
  readonly content: Buffer;
}

function manifestOf(row: JobRow, outputs: readonly StoredOutput[]): StoredManifest {
  const { jobType, jobId, createdAt, endedAt, deliveredAt, fetchStartedAt, storedAt, webhookId, eventType } = row;
  const bytes = outputs.reduce((sum, { content }) => sum + content.length, 0);
  return {
    key: `${JOB_PREFIX}manifest.json`,
    manifest: {
      userMetadata: { ...row.userMetadata },
      ...{ schemaVersion: '1', outcome: 'stored', project: row.project },
      event: {
        ...{ webhookId: webhookId ?? '', type: eventType ?? '', scheme: 'v1a', origin: 'webhook' },
        ...{ occurredAt: endedAt ?? '', receivedAt: deliveredAt ?? '' },
      },
      job: {
        type: jobType,
        id: jobId,
        status: 'completed',
        model: 'deep-research-preview-04-2026',
        displayName: null,
        createdAt,
        endedAt,
      },
      usage: { total_tokens: 4821 },
      error: null,
      objects: outputs.map(({ key, contentType, content }, index) => ({
        ...{ key, contentType, bytes: content.length, origin: `job#/steps/${index}` },
        sha256: createHash('sha256').update(content).digest('hex'),
      })),
      counts: { objects: outputs.length, bytes },
      notes: [],
      timings: { startedAt: fetchStartedAt ?? '', finishedAt: storedAt ?? '' },
      fetcher: { version: '0.1.0' },
    },
  };
}
