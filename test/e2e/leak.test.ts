/** What the runbook says about leaks, step by step, with the functions that are deployed and verifiers that are warm. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '../../local/run/run.ts';
import { deliveryOf, listen, post, startTestRun, type TestRun } from './local-run.ts';

const WITHIN_MS = 60_000;

let run: TestRun;
beforeAll(async () => {
  run = await startTestRun();
});
afterAll(() => run.close());

const ping = { type: 'ping.of.2027' };
const webhooks = () => createClient(run.endpoints.geminiUrl, run.endpoints.apiKey).webhooks;

async function control(path: string, method = 'GET', body?: object): Promise<Record<string, unknown>> {
  const url = run.endpoints.simulatorControlUrl + path;
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  return (await response.json()) as Record<string, unknown>;
}

/** What the first attempt of a job's dynamic delivery is answered, signed as Google signs. */
async function answerAt(webhookUrl: string): Promise<number> {
  const statuses = async () => {
    const { deliveries } = (await control('/deliveries')) as { deliveries: { attempts: { status: number }[] }[] };
    return deliveries.map(({ attempts }) => attempts[0]?.status ?? 0);
  };
  const before = (await statuses()).length;
  await control('/jobs', 'POST', { kind: 'interaction', webhookUrl });
  await expect.poll(async () => (await statuses())[before] ?? 0, { timeout: 20_000 }).toBeGreaterThan(0);
  return (await statuses())[before] ?? 0;
}

it('the signing secret and the dynamic URL leaked: within a minute neither opens anything, and the new ones do', async () => {
  const leaked = { ...run.endpoints };
  const forged = () => post(deliveryOf({ ...run, endpoints: leaked }, ping));
  expect((await forged()).status).toBe(200);
  expect(await answerAt(leaked.dynamicWebhookUrl)).toBe(200);

  const startedAt = Date.now();
  await Promise.all([run.revoke('signing-secret'), run.revoke('dynamic-token')]);
  await expect.poll(async () => (await forged()).status, { timeout: WITHIN_MS, interval: 500 }).toBe(401);
  await expect.poll(() => answerAt(leaked.dynamicWebhookUrl), { timeout: WITHIN_MS, interval: 500 }).toBe(401);

  expect(Date.now() - startedAt).toBeLessThan(WITHIN_MS);
  expect(run.endpoints.dynamicWebhookUrl).not.toBe(leaked.dynamicWebhookUrl);
  expect((await post(deliveryOf(run, ping))).status).toBe(200);
  expect(await answerAt(run.endpoints.dynamicWebhookUrl)).toBe(200);
  // At Gemini, too, the old one signs nothing any longer.
  expect((await webhooks().list()).webhooks?.[0]?.signing_secrets).toHaveLength(1);
}, 90_000);

it('the API key leaked: with a new one the webhook is repaired, its secret revoked, and jobs land', async () => {
  const { id = '' } = (await webhooks().list()).webhooks?.[0] ?? {};
  // What the thief may do: have a secret of his own, and send the events elsewhere.
  const { secret: stolen = '' } = await webhooks().rotateSigningSecret(id, {});
  await webhooks().update(id, { uri: 'https://thief.example' });

  const apiKey = 'AIzaSy-the-new-key-of-the-project';
  await control('/api-key', 'PUT', { apiKey });
  run.aws.secrets.put('gemini-webhooks/api-key', apiKey);
  Object.assign(run.endpoints, { apiKey });
  expect(await run.aws.invoke('HealthCheckFunction', { repair: true })).toMatchObject({
    findings: ['other-url', 'other-secret'],
  });
  await run.revoke('signing-secret');

  expect(await run.aws.invoke('HealthCheckFunction', {})).toEqual({ project: 'default', findings: [] });
  const forged = deliveryOf({ ...run, endpoints: { ...run.endpoints, signingSecret: stolen } }, ping);
  expect((await post(forged)).status).toBe(401);
  const heard = listen(run.aws);
  const { name } = await control('/jobs', 'POST', { kind: 'interaction' });
  await heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === name);
}, 60_000);
