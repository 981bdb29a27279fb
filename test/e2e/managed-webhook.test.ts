/** The webhook of the running stack: registered, updated, rotated, looked at and deleted by the functions that are deployed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rotateUnderLoad } from '../../local/run/rotation.ts';
import { createClient } from '../../local/run/run.ts';
import { deliveryOf, listen, NO_FIRST_RUNS, post, startTestRun, type TestRun } from './local-run.ts';

let run: TestRun;
/** How much of each log, of the journal and of the deliveries is of tests before. */
const logged = new Map<string, number>();
let seen = 0;
let delivered = 0;

beforeAll(async () => {
  // What the registrar has run at once calls Gemini too, and the journal is to be of one function at a time.
  run = await startTestRun();
});
afterAll(() => run.close());

/** As if the run had just started: nothing was logged or counted, and the webhook has just been registered. */
beforeEach(async () => {
  await control('/switches', 'PATCH', { serverErrors: 0, loseAnswers: 0 });
  run.aws.secrets.put('gemini-webhooks/api-key', run.endpoints.apiKey);
  await run.aws.customResources.delete();
  for (const { id = '' } of await list()) await webhooks().delete(id);
  // The one that keeps secrets for half a minute: a warm one has learnt those of before.
  const verifier = run.aws.functions().find(({ logicalId }) => logicalId.includes('Verifier'));
  run.aws.killSandboxes(verifier?.logicalId ?? '', 'SIGKILL');
  await journal();
  delivered += (await deliveries()).length;
  for (const file of logFiles()) logged.set(file, readFileSync(file, 'utf8').length);
  await run.aws.customResources.create(NO_FIRST_RUNS);
});

const webhooks = () => createClient(run.endpoints.geminiUrl, run.endpoints.apiKey).webhooks;
const list = async () => (await webhooks().list()).webhooks ?? [];

async function control(path: string, method = 'GET', body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(run.endpoints.simulatorControlUrl + path, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as Record<string, unknown>;
}

/** Calls that manage webhooks since the last look, as the simulator saw them. */
async function journal(): Promise<readonly string[]> {
  const { journal: all } = (await control('/stats')) as { journal: string[] };
  const since = all.slice(seen);
  seen = all.length;
  return since;
}

async function deliveries() {
  const { deliveries: all } = (await control('/deliveries')) as { deliveries: { attempts: { status: number }[] }[] };
  return all.slice(delivered);
}

function logFiles(): string[] {
  const folder = join(run.stateDir, 'logs');
  return readdirSync(folder).map((file) => join(folder, file));
}

function logsOf(part: string): string {
  const files = logFiles().filter((file) => file.includes(part));
  return files.map((file) => readFileSync(file, 'utf8').slice(logged.get(file) ?? 0)).join('\n');
}

describe('registration', () => {
  it('is there when the run has started, with all seven events, and its secret verifies', async () => {
    expect(await journal()).toEqual(['webhooks.list 200', 'webhooks.create 200']);
    expect(await list()).toMatchObject([
      { name: 'local-default-us-east-1-000000000000', uri: run.endpoints.webhookUrl, state: 'enabled' },
    ]);
    expect((await list())[0]?.subscribed_events).toHaveLength(7);
    expect(await post(deliveryOf(run, { type: 'ping.of.2027' }))).toMatchObject({ status: 200 });
  });

  it('is updated in place, rolled back when the update is refused, and deleted at the end', async () => {
    await journal();
    await run.aws.customResources.update({ SubscribedEvents: ['batch.succeeded'] });
    expect(await journal()).toEqual(['webhooks.list 200', 'webhooks.update 200']);
    expect(await list()).toMatchObject([{ subscribed_events: ['batch.succeeded'] }]);

    await journal();
    await expect(run.aws.customResources.update({ Uri: 'not a URL' })).rejects.toThrow(
      `The webhook's URL not a URL is not of this deployment, which has ${run.endpoints.webhookUrl}. Deploy the template that the function belongs to. It was rolled back.`,
    );
    expect(await journal()).toEqual(['webhooks.list 200']);
    expect(await list()).toMatchObject([{ uri: run.endpoints.webhookUrl, subscribed_events: ['batch.succeeded'] }]);

    await journal();
    await expect(run.aws.customResources.update({ SubscribedEvents: ['batch.cancelled'] })).rejects.toThrow(
      'The request holds no usable ResourceProperties.SubscribedEvents. Deploy the template that the function belongs to. It was rolled back.',
    );
    expect(await journal()).toEqual(['webhooks.list 200']);

    expect(await run.aws.customResources.delete()).toEqual([]);
    expect(await journal()).toEqual(['webhooks.list 200', 'webhooks.delete 200']);
    expect(await list()).toEqual([]);
  });

  it('finds a create again whose answer was lost, and leaves one webhook', async () => {
    await run.aws.customResources.delete();
    await journal();
    await control('/switches', 'PATCH', { loseAnswers: 1 });

    await run.aws.customResources.create(NO_FIRST_RUNS);

    expect(await journal()).toEqual([
      ...['webhooks.list 200', 'webhooks.create 200', 'webhooks.list 200', 'webhooks.rotateSigningSecret 200'],
    ]);
    expect(await list()).toHaveLength(1);
  });

  it('removes the webhook again when its secret cannot be stored', async () => {
    await run.aws.customResources.delete();
    await journal();
    const restore = run.aws.intercept(({ action }) => (action === 'PutSecretValue' ? 'deny' : 'pass'));

    await expect(run.aws.customResources.create(NO_FIRST_RUNS)).rejects.toThrow(
      'Secrets Manager did not serve the secret',
    );
    restore();

    expect(await journal()).toEqual(['webhooks.list 200', 'webhooks.create 200', 'webhooks.delete 200']);
    expect(await list()).toEqual([]);
  });

  it.each([
    ['is empty', ' ', 'The secret gemini-webhooks/api-key is empty; it has to hold the Gemini API key. Create it with'],
    [
      'is invalid',
      'AIza-wrong',
      'Gemini refused the API key in the secret gemini-webhooks/api-key (HTTP 400). Put a valid',
    ],
  ])('fails with what to do when the API key %s, and leaves nothing behind', async (_what, key, sentence) => {
    await run.aws.customResources.delete();
    run.aws.secrets.put('gemini-webhooks/api-key', key);

    await expect(run.aws.customResources.create(NO_FIRST_RUNS)).rejects.toThrow(sentence);

    expect(await list()).toEqual([]);
    run.aws.secrets.put('gemini-webhooks/api-key', run.endpoints.apiKey);
    await run.aws.customResources.create(NO_FIRST_RUNS);
    expect(await list()).toHaveLength(1);
  });

  it('fails with what to do while Gemini is away, and leaves nothing behind', async () => {
    await run.aws.customResources.delete();
    await control('/switches', 'PATCH', { serverErrors: 100 });

    await expect(run.aws.customResources.create(NO_FIRST_RUNS)).rejects.toThrow(
      'Gemini could not list webhooks: it answered HTTP 503. Try again later',
    );

    await control('/switches', 'PATCH', { serverErrors: 0 });
    expect(await list()).toEqual([]);
  });

  it('has written into no log what may not be there', () => {
    const text = logsOf('Webhook');

    expect(text).toContain('Webhook registered');
    expectProject('Registrar');
    for (const secret of [run.endpoints.apiKey, run.endpoints.signingSecret.slice(6), 'whsec_', 'ResponseURL']) {
      expect(text).not.toContain(secret);
    }
  });
});

/** Of the functions of one project, whose lines say which. */
function expectProject(part: string): void {
  const lines = logsOf(part)
    .split('\n')
    .filter((line) => line.includes('"level":'));
  expect(lines).not.toHaveLength(0);
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({ project: 'default', xray_trace_id: expect.any(String) });
  }
}

describe('rotation', () => {
  it('refuses no delivery while both secrets are rotated and the verifier is warm', async () => {
    // One delivery by each webhook, and it has the secrets and Google's keys.
    const heard = listen(run.aws);
    for (const webhook of [{}, { webhookUrl: run.endpoints.dynamicWebhookUrl }]) {
      const { name } = await control('/jobs', 'POST', { kind: 'interaction', ...webhook });
      await heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === name);
    }

    const rows = await rotateUnderLoad(run, () => {}, { jobsPerPhase: 6, intervalMs: 150, underWay: 3 });

    // What a busy machine answers with 503 comes again; what is refused would be lost.
    expect(rows.map(({ refused }) => refused)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(rows.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(18);
    expect(rows.every(({ accepted }) => accepted > 0)).toBe(true);
  });

  it('asks Gemini for one new secret, though its first answer was lost', async () => {
    await journal();
    await run.rotate('signing-secret');
    expect(await journal()).toEqual(['webhooks.list 200', 'webhooks.rotateSigningSecret 200', 'webhooks.list 200']);

    await control('/switches', 'PATCH', { loseAnswers: 1 });
    await expect(run.rotate('signing-secret')).rejects.toThrow('createSecret of the rotation');
    // Gemini signs with a secret that nobody here knows, and with the ones before.
    const heard = listen(run.aws);
    const finish = async () => {
      const { name } = await control('/jobs', 'POST', { kind: 'interaction' });
      await heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === name);
    };
    await finish();
    await run.rotate('signing-secret');
    await finish();

    expect((await deliveries()).map(({ attempts }) => attempts.map(({ status }) => status))).toEqual([[200], [200]]);
    expectProject('Rotator');
  });
});

describe('a rotation that was overtaken', () => {
  it('gives its secret up, and the next one makes one that lasts', async () => {
    const id = (await list())[0]?.id ?? '';
    const before = run.endpoints.signingSecret;
    const restore = run.aws.intercept(({ action }) => (action === 'UpdateSecretVersionStage' ? 'deny' : 'pass'));
    await expect(run.rotate('signing-secret')).rejects.toThrow('finishSecret of the rotation');
    restore();
    // Somebody else rotates, and keeps what he was shown.
    await webhooks().rotateSigningSecret(id, {});

    await expect(run.rotate('signing-secret')).rejects.toThrow('testSecret of the rotation');
    expect(run.aws.secrets.current(run.aws.secretId('DefaultSecretsSigningSecret'))).toBe(before);

    await journal();
    await run.rotate('signing-secret');
    expect(await journal()).toEqual(['webhooks.list 200', 'webhooks.rotateSigningSecret 200', 'webhooks.list 200']);
    const current = run.aws.secrets.current(run.aws.secretId('DefaultSecretsSigningSecret'));
    const lasting = (await list())[0]?.signing_secrets?.filter(({ expire_time }) => expire_time === undefined);
    expect(lasting).toEqual([{ truncated_secret: `whsec_...${current.slice(-5)}` }]);
  });
});

describe('the health check', () => {
  it('writes one line about what it finds, and nothing about a healthy webhook', async () => {
    await run.aws.runSchedule('HealthCheck');
    expect(logsOf('HealthCheck')).not.toContain('Webhook finding');
    expect(logsOf('HealthCheck')).toContain('"WebhookHealthy":1');

    const [webhook] = await list();
    await webhooks().update(webhook?.id ?? '', { state: 'disabled' });
    await run.aws.runSchedule('HealthCheck');

    const lines = logsOf('HealthCheck')
      .split('\n')
      .filter((line) => line.includes('Webhook finding'));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'WARN', project: 'default', finding: 'disabled', done: 'nothing', remedy: expect.any(String) },
    ]);
    expect(logsOf('HealthCheck')).toContain('"WebhookHealthy":0');
    expect(logsOf('HealthCheck')).toContain('"SecretAge"');
  });

  it('repairs once what it is asked to, and says so, and the next check finds nothing', async () => {
    const id = (await list())[0]?.id ?? '';
    await webhooks().update(id, { uri: 'https://elsewhere.example' });

    const repaired = await run.aws.invoke('HealthCheckFunction', { repair: true });

    expect(repaired).toEqual({ project: 'default', findings: ['other-url'] });
    expect(await list()).toMatchObject([{ uri: run.endpoints.webhookUrl }]);
    expect(logsOf('HealthCheck')).toContain('"done":"repaired"');
    expect(await run.aws.invoke('HealthCheckFunction', {})).toEqual({ project: 'default', findings: [] });
  });

  it('finds that somebody rotated at Gemini, and a rotation sets it right', async () => {
    await webhooks().rotateSigningSecret((await list())[0]?.id ?? '', {});

    expect(await run.aws.invoke('HealthCheckFunction', {})).toEqual({ project: 'default', findings: ['other-secret'] });
    expect(logsOf('HealthCheck')).toContain('"WebhookHealthy":0');
    expect(logsOf('HealthCheck')).not.toContain('whsec_');

    await run.rotate('signing-secret');
    expect(await run.aws.invoke('HealthCheckFunction', {})).toEqual({ project: 'default', findings: [] });
  });
});
