/** The demo's jobs against the simulator: what they are, what becomes of them, and where their events go. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEMO_JOBS } from '../../../local/demo/jobs.ts';
import { type GeminiSimulator, startGeminiSimulator } from '../../../local/gemini/simulator.ts';
import type { Endpoints } from '../../../local/run/endpoints.ts';
import { createClient } from '../../../local/run/run.ts';

const KEY = 'AIza-simulated';

/** Title, kind, scenario, the event that is pushed, and the webhook that hears of it. */
const PLAN = [
  ['batch, inline', 'batch', 'succeeded', 'batch.succeeded', 'static'],
  ['batch, from a file', 'batch', 'succeeded', 'batch.succeeded', 'static'],
  ['batch, embeddings', 'batch', 'succeeded', 'batch.succeeded', 'static'],
  ['batch, partly failed', 'batch', 'partly-failed', 'batch.succeeded', 'dynamic'],
  ['batch, failed', 'batch', 'failed', 'batch.failed', 'static'],
  ['batch, expired', 'batch', 'expired', 'batch.expired', 'static'],
  ['interaction, text', 'interaction', 'text', 'interaction.completed', 'static'],
  ['Deep Research', 'interaction', 'deep-research', 'interaction.completed', 'dynamic'],
  ['Omni video, inline', 'interaction', 'video-inline', 'interaction.completed', 'static'],
  ['Omni video, by URI', 'interaction', 'video-uri', 'interaction.completed', 'dynamic'],
  ['requires action', 'interaction', 'requires-action', 'interaction.requires_action', 'static'],
  ['interaction, failed', 'interaction', 'failed', 'interaction.failed', 'static'],
  ['video, two samples', 'video', 'succeeded', 'video.generated', 'static'],
  ['video, filtered', 'video', 'filtered', 'video.generated', 'static'],
  ['batch, webhook lost', 'batch', 'succeeded', undefined, 'none'],
  ['batch, cancelled', 'batch', 'succeeded', undefined, 'none'],
  ['Omni video, webhook lost', 'interaction', 'video-inline', undefined, 'none'],
];
const PUSHED = PLAN.filter(([, , , event]) => event !== undefined);

interface Event {
  readonly type: string;
  readonly data: { readonly id: string };
}
let simulator: GeminiSimulator;
let consumer: ReturnType<typeof createServer>;
let consumerUrl: string;
/** By the job's name. */
let pushed: Map<string, { type: string; webhook: string }>;
/** What the demo said on the bus. */
let submitted: { jobType: string; jobId: string }[];
let allPushed: Promise<void>;

beforeEach(async () => {
  simulator = await startGeminiSimulator({ apiKey: KEY, switches: { jobMs: 500 } });
  pushed = new Map();
  submitted = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  allPushed = promise;
  consumer = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.url === '/aws/') {
      submitted.push(JSON.parse(JSON.parse(Buffer.concat(chunks).toString()).Entries[0].Detail));
      response.end('{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}');
      return;
    }
    const { type, data } = JSON.parse(Buffer.concat(chunks).toString()) as Event;
    pushed.set(data.id, { type, webhook: (request.url ?? '').slice(1) });
    response.writeHead(200).end();
    if (pushed.size === PUSHED.length) resolve();
  });
  await once(consumer.listen(0, '127.0.0.1'), 'listening');
  consumerUrl = `http://127.0.0.1:${(consumer.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await simulator.close();
  consumer.closeAllConnections();
  consumer.close();
});

it('submits a job of every kind that Gemini pushes, and each is heard of where the demo says', async () => {
  const client = createClient(simulator.url, KEY);
  const types = ['batch.succeeded', 'batch.failed', 'batch.expired', 'video.generated'] as const;
  const more = ['interaction.completed', 'interaction.failed', 'interaction.requires_action'] as const;
  await client.webhooks.create({ name: 'demo', uri: `${consumerUrl}/static`, subscribed_events: [...types, ...more] });
  const endpoints = {
    ...{ dynamicWebhookUrl: `${consumerUrl}/dynamic`, geminiUrl: simulator.url, apiKey: KEY },
    ...{ awsUrl: `${consumerUrl}/aws`, busName: 'bus' },
  } as Endpoints;

  const names: string[] = [];
  for (const job of DEMO_JOBS) names.push(await job.submit(client, endpoints));
  await allPushed;

  const { jobs } = (await (await fetch(`${simulator.controlUrl}/jobs`)).json()) as {
    jobs: { name: string; kind: string; scenario: string; status: string }[];
  };
  const found = DEMO_JOBS.map(({ title, webhook }, index) => {
    const name = names[index] ?? '';
    const job = jobs.find((one) => one.name === name);
    return [title, job?.kind, job?.scenario, pushed.get(name)?.type, pushed.get(name)?.webhook ?? webhook];
  });
  expect(found).toEqual(PLAN);
  expect(submitted).toMatchObject([{ jobType: 'interaction', jobId: names.at(-1) }]);
  expect(jobs.find(({ name }) => name === names.at(-2))).toMatchObject({ status: 'cancelled' });
  expect(DEMO_JOBS.map(({ webhook }) => webhook)).toEqual(PLAN.map(([, , , , webhook]) => webhook));
});

it('fails when Gemini takes no video operation, rather than wait for one', async () => {
  const video = DEMO_JOBS.find(({ title }) => title === 'video, filtered');
  const endpoints = { geminiUrl: simulator.url, apiKey: 'another' } as Endpoints;

  await expect(video?.submit(createClient(simulator.url, KEY), endpoints)).rejects.toThrow('Gemini answered 400');
});
