/** The demo's jobs, one of every kind, submitted as an application would: through the SDK where it can. */
import type { GoogleGenAI } from '@google/genai';
import { announceJob } from '../run/announce.ts';
import type { Endpoints } from '../run/endpoints.ts';

export interface DemoJob {
  readonly title: string;
  /** `static` hears of it by the registered webhook, `dynamic` by one of its own; of `none` the reconciler learns. */
  readonly webhook: 'static' | 'dynamic' | 'none';
  /** @returns the job's name, as it stands in `detail.jobId` */
  readonly submit: (client: GoogleGenAI, endpoints: Endpoints) => Promise<string>;
}

const BATCH_MODEL = 'gemini-2.5-flash';
const PROMPTS = ['Why is the sky blue?', 'Name a prime over 100.', 'Translate "webhook" into German.'];

/** Makes the simulator end the job so. */
const scenario = (name: string) => ({ 'x-simulator-scenario': name });
/** Gemini takes the job, and never pushes its end. */
const LOST = { 'x-simulator-webhook': 'missing' };

export const DEMO_JOBS: readonly DemoJob[] = [
  { title: 'batch, inline', webhook: 'static', submit: (client) => inlineBatch(client, 'succeeded') },
  { title: 'batch, from a file', webhook: 'static', submit: fileBatch },
  { title: 'batch, embeddings', webhook: 'static', submit: embeddings },
  {
    title: 'batch, partly failed',
    webhook: 'dynamic',
    submit: (client, { dynamicWebhookUrl }) => inlineBatch(client, 'partly-failed', dynamicWebhookUrl),
  },
  { title: 'batch, failed', webhook: 'static', submit: (client) => inlineBatch(client, 'failed') },
  { title: 'batch, expired', webhook: 'static', submit: (client) => inlineBatch(client, 'expired') },
  { title: 'interaction, text', webhook: 'static', submit: (client) => interaction(client, 'text') },
  {
    title: 'Deep Research',
    webhook: 'dynamic',
    submit: (client, { dynamicWebhookUrl }) => interaction(client, 'deep-research', dynamicWebhookUrl),
  },
  { title: 'Omni video, inline', webhook: 'static', submit: (client) => interaction(client, 'video-inline') },
  {
    title: 'Omni video, by URI',
    webhook: 'dynamic',
    submit: (client, { dynamicWebhookUrl }) => interaction(client, 'video-uri', dynamicWebhookUrl),
  },
  { title: 'requires action', webhook: 'static', submit: (client) => interaction(client, 'requires-action') },
  { title: 'interaction, failed', webhook: 'static', submit: (client) => interaction(client, 'failed') },
  { title: 'video, two samples', webhook: 'static', submit: (_client, endpoints) => video(endpoints, 'succeeded') },
  { title: 'video, filtered', webhook: 'static', submit: (_client, endpoints) => video(endpoints, 'filtered') },
  { title: 'batch, webhook lost', webhook: 'none', submit: lostBatch },
  { title: 'batch, cancelled', webhook: 'none', submit: cancelledBatch },
  { title: 'Omni video, webhook lost', webhook: 'none', submit: lostInteraction },
];

async function inlineBatch(client: GoogleGenAI, name: string, webhookUrl?: string): Promise<string> {
  const src = PROMPTS.map((text) => ({ contents: [{ role: 'user', parts: [{ text }] }] }));
  const webhookConfig = webhookUrl === undefined ? {} : { webhookConfig: { uris: [webhookUrl] } };
  const batch = await client.batches.create({
    model: BATCH_MODEL,
    src,
    config: { displayName: `demo: ${name}`, httpOptions: { headers: scenario(name) }, ...webhookConfig },
  });
  return batch.name ?? '';
}

async function lostBatch(client: GoogleGenAI): Promise<string> {
  const src = PROMPTS.map((text) => ({ contents: [{ role: 'user', parts: [{ text }] }] }));
  const config = { displayName: 'demo: lost', httpOptions: { headers: LOST } };
  return (await client.batches.create({ model: BATCH_MODEL, src, config })).name ?? '';
}

async function cancelledBatch(client: GoogleGenAI): Promise<string> {
  const name = await inlineBatch(client, 'succeeded');
  await client.batches.cancel({ name });
  return name;
}

/** Gemini lists no interactions: the application says on the bus that there is one. */
async function lostInteraction(client: GoogleGenAI, endpoints: Endpoints): Promise<string> {
  const jobId = await interaction(client, 'video-inline', undefined, LOST);
  await announceJob(endpoints, 'interaction', jobId, { from: 'the demo' });
  return jobId;
}

async function fileBatch(client: GoogleGenAI): Promise<string> {
  const lines = PROMPTS.map((text, index) =>
    JSON.stringify({ key: `request-${index + 1}`, request: { contents: [{ parts: [{ text }] }] } }),
  );
  const file = new Blob([`${lines.join('\n')}\n`], { type: 'application/jsonl' });
  const { name = '' } = await client.files.upload({ file, config: { mimeType: 'application/jsonl' } });
  const batch = await client.batches.create({ model: BATCH_MODEL, src: name, config: { displayName: 'demo: file' } });
  return batch.name ?? '';
}

async function embeddings(client: GoogleGenAI): Promise<string> {
  const { warn } = console;
  // The SDK warns that this call is experimental, in the middle of the table.
  console.warn = () => {};
  try {
    const batch = await client.batches.createEmbeddings({
      model: 'gemini-embedding-001',
      src: { inlinedRequests: { contents: PROMPTS } },
      config: { displayName: 'demo: embeddings' },
    });
    return batch.name ?? '';
  } finally {
    console.warn = warn;
  }
}

async function interaction(client: GoogleGenAI, name: string, webhookUrl?: string, headers = {}): Promise<string> {
  const target =
    name === 'deep-research'
      ? { agent: 'deep-research-preview-04-2026' }
      : { model: name.startsWith('video') ? 'gemini-omni-1.1-flash' : BATCH_MODEL };
  const { id } = await client.interactions.create(
    {
      ...target,
      input: 'What can a webhook do that polling cannot?',
      background: true,
      ...(webhookUrl !== undefined && { webhook_config: { uris: [webhookUrl] } }),
    },
    { maxRetries: 0, headers: { ...scenario(name), ...headers } },
  );
  return id;
}

/** The SDK takes no video operations any more (`generateVideos` throws for the Gemini API). */
async function video({ geminiUrl, apiKey }: Endpoints, name: string): Promise<string> {
  const response = await fetch(`${geminiUrl}/v1beta/models/veo-3.1-generate-preview:predictLongRunning`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': apiKey, ...scenario(name) },
    body: JSON.stringify({ instances: [{ prompt: 'A webhook arrives.' }], parameters: { sampleCount: 2 } }),
  });
  if (!response.ok) throw new Error(`Gemini answered ${response.status}`);
  const { name: operation } = (await response.json()) as { name?: string };
  return operation ?? '';
}
