/** The stack with every option: two Gemini projects, a health check that repairs, and a quarantine. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '../../local/run/run.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { signedHeaders } from '../fakes/signed.ts';
import { deliveryOf, listen, post, startTestRun, type TestRun } from './local-run.ts';

const CONFIGURATION = {
  projects: [
    { name: 'default' },
    { name: 'acme-eu', apiKeySecretName: 'acme/key', subscribedEvents: ['interaction.completed'] },
  ],
  repairWebhook: true,
  quarantine: { maxPerHour: 5 },
};

let run: TestRun;
let heard: ReturnType<typeof listen>;

beforeAll(async () => {
  const assemblyDir = join(mkdtempSync(join(tmpdir(), 'every-option-')), 'cdk.out');
  await synthesize(assemblyDir, CONFIGURATION);
  run = await startTestRun({}, { assemblyDir });
  heard = listen(run.aws);
});
afterAll(() => run.close());

const webhooks = () => createClient(run.endpoints.geminiUrl, run.endpoints.apiKey).webhooks;
const list = async () => (await webhooks().list()).webhooks ?? [];

const invoke = async (action: string) => {
  const { deliveries } = (await run.aws.invoke('Reverifier', { action })) as {
    deliveries: { id: string; outcome?: string }[];
  };
  return deliveries;
};

/** They are kept for 30 s in each sandbox. */
function forgetSecrets(part: string): void {
  const { logicalId = '' } = run.aws.functions().find((one) => one.logicalId.includes(part)) ?? {};
  run.aws.killSandboxes(logicalId, 'SIGKILL');
}

it('registers a webhook for each, with its own route, events and secret', async () => {
  const found = (await list()).map(({ name, uri, subscribed_events }) => [name, uri, subscribed_events?.length]);

  expect(found.toSorted()).toEqual([
    ['local-acme-eu-us-east-1-000000000000', `${run.endpoints.webhookUrl}/projects/acme-eu`, 1],
    ['local-default-us-east-1-000000000000', run.endpoints.webhookUrl, 7],
  ]);
  const secretOf = (part: string) => run.aws.secrets.current(run.aws.secretId(part));
  expect(secretOf('AcmeEuSecretsSigningSecret')).not.toBe(secretOf('DefaultSecretsSigningSecret'));
});

it('lands a job that both hear of in the place of each, and says whose event it is', async () => {
  await fetch(`${run.endpoints.simulatorControlUrl}/jobs`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'interaction' }),
  });
  for (const project of ['default', 'acme-eu']) {
    const { detail } = await heard.until(
      (event) => event['detail-type'] === 'output.stored' && event.detail['project'] === project,
    );
    expect(detail['manifestKey']).toMatch(new RegExp(`^interaction/project=${project}/date=`));
  }
  const verifier = run.aws.functions().find(({ logicalId }) => logicalId.includes('Verifier'));
  const log = readFileSync(verifier?.logFile ?? '', 'utf8');
  expect(log).toContain('"project":"acme-eu","outcome":"accepted","Deliveries":1');
});

it('keeps five in an hour of what did not verify, answers each 401, and publishes those that hold later', async () => {
  const genuine = deliveryOf(run, { type: 'ping.of.2027' });
  const forged = (index: number) =>
    deliveryOf(run, { type: `forged.${index}` }, { body: Buffer.from(`{"forged":${index}}`) });
  const secretId = run.aws.secretId('DefaultSecretsSigningSecret');
  const secret = run.aws.secrets.current(secretId);
  run.aws.secrets.put(secretId, 'whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=');
  run.aws.secrets.put(secretId, 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=');
  forgetSecrets('Verifier');

  expect(await post(genuine)).toMatchObject({ status: 401, body: '{"error":"unauthorized"}' });
  for (let index = 0; index < 8; index += 1) {
    expect(await post(forged(index))).toMatchObject({ status: 401, body: '{"error":"unauthorized"}' });
  }
  expect(await invoke('list')).toHaveLength(5);
  expect((await invoke('reverify')).map(({ outcome }) => outcome)).toEqual(Array(5).fill('ERR_SIGNATURE_MISMATCH'));

  run.aws.secrets.put(secretId, secret);
  forgetSecrets('Reverifier');
  const before = heard.events.length;
  const outcomes = (await invoke('reverify')).map(({ outcome }) => outcome).toSorted();

  expect(outcomes).toEqual([...Array(4).fill('ERR_SIGNATURE_MISMATCH'), 'accepted']);
  expect(heard.events.slice(before).map((event) => event['detail-type'])).toEqual(['ping.of.2027']);
  expect(await invoke('list')).toHaveLength(4);
  forgetSecrets('Verifier');
});

it("does not take one project's secret or token at the route of the other", async () => {
  const body = Buffer.from('{"type":"ping.of.2027"}');
  const sign = (part: string) => signedHeaders(run.aws.secrets.current(run.aws.secretId(part)), `msg_${part}`, body);
  const acme = `${run.endpoints.webhookUrl}/projects/acme-eu`;
  const token = run.endpoints.dynamicWebhookUrl.split('/').at(-1);

  expect((await post({ url: acme, headers: sign('AcmeEuSecretsSigningSecret'), body })).status).toBe(200);
  expect((await post({ url: acme, headers: sign('DefaultSecretsSigningSecret'), body })).status).toBe(401);
  expect(
    (await post({ url: run.endpoints.webhookUrl, headers: sign('AcmeEuSecretsSigningSecret'), body })).status,
  ).toBe(401);
  const dynamic = { url: `${acme}/dynamic/${token}`, headers: sign('DefaultSecretsSigningSecret'), body };
  expect((await post(dynamic)).status).toBe(401);
});

it('repairs a webhook that was changed, and leaves the other one alone', async () => {
  const [changed] = (await list()).filter(({ name }) => name?.includes('acme'));
  await webhooks().update(changed?.id ?? '', { uri: 'https://elsewhere.example', subscribed_events: ['batch.failed'] });

  await run.aws.runSchedule('HealthCheck');

  expect((await list()).find(({ id }) => id === changed?.id)).toMatchObject({
    ...{ uri: `${run.endpoints.webhookUrl}/projects/acme-eu`, subscribed_events: ['interaction.completed'] },
  });
  const text = run.aws
    .functions()
    .filter(({ logicalId }) => logicalId.includes('HealthCheck'))
    .map(({ logFile }) => readFileSync(logFile, 'utf8'))
    .join('\n');
  const lines = text.split('\n').filter((line) => line.includes('Webhook finding'));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { project: 'acme-eu', finding: 'other-url', done: 'repaired' },
    { project: 'acme-eu', finding: 'other-events', done: 'repaired' },
  ]);
});
