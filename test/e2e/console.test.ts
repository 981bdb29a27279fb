/** The console of a local run: jobs, deliveries and health as they are, and everything that can be played. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSource } from '../../cli/console/deployment-source.ts';
import { type RunningConsole, startConsole } from '../../cli/console/http/server.ts';
import { close, type Deployment, findDeployment } from '../../cli/deployment.ts';
import { startConsole as startConsoleProcess } from '../../local/run/console.ts';
import { listen, startTestRun, type TestRun } from './local-run.ts';

const WAIT = { timeout: 30_000 };
const clock = () => new Date();

let run: TestRun;
let heard: ReturnType<typeof listen>;
let deployment: Deployment;
let running: RunningConsole;
let base: URL;
let token: string;

const headers = () => ({ authorization: `Bearer ${base.searchParams.get('key')}` });
const get = (path: string, more: Record<string, string> = {}) =>
  fetch(new URL(path, base), { headers: { ...headers(), ...more } });
const page = async (path: string) => (await get(path)).text();

async function change(body: object): Promise<string> {
  const init = { method: 'POST', body: JSON.stringify(body), headers: { ...headers(), 'x-console-token': token } };
  const { message } = (await (await fetch(new URL('/changes', base), init)).json()) as { message: string };
  return message;
}

/** Of an answer that names the job that was submitted. */
const jobIn = (message: string) => /^(\S+) is submitted/.exec(message)?.[1] ?? '';
const pathOf = (type: string, job: string) => `/jobs/default/${type}/${job.slice(job.lastIndexOf('/') + 1)}`;
const storedOf = (job: string) =>
  heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === job);

beforeAll(async () => {
  run = await startTestRun();
  heard = listen(run.aws);
  deployment = await findDeployment({ stack: '', region: undefined, local: run.stateDir, construct: undefined });
  running = await startConsole(createSource({ deployment, allowsChanges: true, clock }), 0, clock);
  base = new URL(running.url);
  token = /console-token" content="([^"]+)"/.exec(await page('/jobs'))?.[1] ?? '';
});
afterAll(async () => {
  await running.close();
  close(deployment);
  await run.close();
});

it('shows the life of a job that was submitted here, with its outputs and everything that was announced of it', async () => {
  const submitted = { kind: 'submit', jobType: 'interaction', scenario: 'deep-research', webhook: 'dynamic' };
  const job = jobIn(await change({ ...submitted, prompt: 'Why?' }));
  await storedOf(job);
  const path = pathOf('interaction', job);

  await expect.poll(() => page(path), WAIT).toContain('<span class="pill stored">stored</span>');
  const shown = await page(path);
  for (const name of ['output.md', 'interaction.json', 'manifest.json', 'interaction.completed', 'output.stored']) {
    expect(shown).toContain(name);
  }
  expect(shown).toMatch(/HTTP 200, accepted; v1a/);
  const [, object = ''] = /src="(\/objects\/[^"]+\.png)"/.exec(shown) ?? [];
  const picture = await get(object, { range: 'bytes=0-7' });
  expect([picture.status, picture.headers.get('content-type')]).toEqual([206, 'image/png']);
  expect(Buffer.from(await picture.arrayBuffer()).toString('hex')).toBe('89504e470d0a1a0a');
  const [, view = ''] = /src="(\/view\/[^"]+output\.md)"/.exec(shown) ?? [];
  expect(await page(view)).toContain('<h1>Report</h1>');
  await expect.poll(() => page('/jobs?state=stored'), WAIT).toContain(path);
  expect(await page('/jobs?type=batch')).not.toContain(path);
});

it('has the lines that the functions wrote about it', async () => {
  const job = jobIn(await change({ kind: 'submit', jobType: 'video' }));
  await storedOf(job);

  const live = await get(`/live${pathOf('video', job)}`);
  const text = await live.text();
  expect(text).toContain('Delivery handled');
  expect(text).toContain('Outputs stored');
  expect(text).toMatch(/event: done/);
});

it('sends deliveries of every kind, and shows how they were answered', async () => {
  const valid = await change({ kind: 'send', which: 'valid' });
  expect(valid).toMatch(/^batch\.succeeded about batches\/\w+: 200 \{"status":"accepted"\}$/);
  expect(await change({ kind: 'send', which: 'duplicate' })).toMatch(
    /200 \{"status":"accepted"\}, then 200 \{"status":"duplicate"\}$/,
  );
  expect(await change({ kind: 'send', which: 'wrong-signature' })).toMatch(/401 \{"error":"unauthorized"\}$/);
  const dynamic = jobIn(await change({ kind: 'send', which: 'dynamic' }));
  const foreign = jobIn(await change({ kind: 'send', which: 'foreign' }));
  await storedOf(dynamic);
  await heard.until(({ detail }) => detail['jobId'] === foreign);

  await expect.poll(() => page('/deliveries'), WAIT).toContain(pathOf('batch', foreign));
  const shown = await page('/deliveries');
  expect(shown).toContain('200 duplicate');
  expect(shown).toContain('ERR_SIGNATURE_MISMATCH');
});

it('gives up what it is told to, shows it as not in order, and puts it back', async () => {
  const job = jobIn(await change({ kind: 'submit', jobType: 'batch' }));
  await storedOf(job);
  expect(await change({ kind: 'dead-letter', project: 'default', jobType: 'batch', jobId: job })).toContain(
    'dead-letter',
  );

  const bad = /class="bad">(?:(?!<\/li>)[\s\S])*dead letters, batch(?:(?!<\/li>)[\s\S])*data-change="([^"]+)"/;
  await expect.poll(() => page('/health'), WAIT).toMatch(bad);
  const [, button = ''] = bad.exec(await page('/health')) ?? [];
  expect(await change(JSON.parse(button.replaceAll('&quot;', '"')))).toContain('batch');
  await expect.poll(() => page('/health'), WAIT).not.toMatch(bad);
});

it('sets the switches, redelivers, and says what was wrong with an order', async () => {
  expect(await change({ kind: 'switches', switches: { jobMs: 40 } })).toBe('The switches are set.');
  expect(await page('/local')).toMatch(/name="jobMs" value="40"/);
  expect(await change({ kind: 'switches', switches: { jobMs: -1 } })).toContain('jobMs');
  expect(await change({ kind: 'redeliver', webhookId: 'msg_none' })).toMatch(/not found/i);
  const [, webhookId = ''] = /webhookId&quot;:&quot;(msg_[^&]+)/.exec(await page('/deliveries')) ?? [];
  expect(await change({ kind: 'redeliver', webhookId })).toBe('It is sent once more.');
});

it('shows no secret of the run', async () => {
  const { signingSecret, apiKey, dynamicWebhookUrl } = run.endpoints;
  const secrets = [
    signingSecret,
    signingSecret.replace('whsec_', ''),
    apiKey,
    dynamicWebhookUrl.split('/').at(-1) ?? '',
  ];
  const paths = [...(await page('/deliveries')).matchAll(/class="row" href="([^"]+)"/g)].map(([, href = '']) => href);
  for (const path of ['/jobs', '/deliveries', '/health', '/local', ...paths]) {
    const shown = await page(path);
    expect(secrets.filter((secret) => secret === '' || shown.includes(secret))).toEqual([]);
  }
});

it('starts beside a local run, and ends with it', async () => {
  const started = await startConsoleProcess(run.stateDir);
  if (started === undefined) throw new Error('it did not start');
  const { origin } = new URL(started.url);
  expect((await fetch(started.url, { redirect: 'manual' })).status).toBe(303);

  await started.close();

  await expect(fetch(origin)).rejects.toThrow();
});
