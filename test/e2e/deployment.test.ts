/** The stack while it is being created, and what stays of it when it is gone. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, inject, it } from 'vitest';
import { ENV } from '../../lambda/contract.ts';
import { type LocalAws, startLocalAws } from '../../local/aws/local-aws.ts';
import { type GeminiSimulator, startGeminiSimulator } from '../../local/gemini/simulator.ts';
import { readAssembly } from '../../local/template/assembly.ts';
import { neededBy } from '../../local/template/dependencies.ts';
import { readStack } from '../../local/template/stack.ts';
import { deliveryOf, listen, post } from './local-run.ts';

let folder: string;
let aws: LocalAws | undefined;
let simulator: GeminiSimulator | undefined;
afterEach(async () => {
  await Promise.all([aws?.close(), simulator?.close()]);
  aws = undefined;
  simulator = undefined;
});

interface Template {
  readonly Resources: ReturnType<typeof readAssembly>['resources'];
}

/** The assembly with another template in it. */
function changed(change: (template: Template) => void): string {
  const original = inject('assemblyDir');
  const copy = join(folder, 'cdk.out');
  mkdirSync(copy);
  for (const name of readdirSync(original)) {
    if (!name.endsWith('.template.json')) symlinkSync(join(original, name), join(copy, name));
    else {
      const template: Template = JSON.parse(readFileSync(join(original, name), 'utf8'));
      change(template);
      writeFileSync(join(copy, name), JSON.stringify(template));
    }
  }
  return copy;
}

/** As far as CloudFormation has come when the webhook is registered, if it has made nothing that is not needed for that. */
async function createUntilRegistered(assemblyDir: string) {
  const gemini = await startGeminiSimulator({ apiKey: 'key', switches: { jobMs: 0 } });
  simulator = gemini;
  const environment = { [ENV.geminiUrl]: gemini.url, [ENV.jwksUrl]: gemini.jwksUrl, [ENV.responseHost]: '127.0.0.1' };
  const started = await startLocalAws({ assemblyDir, stateDir: join(folder, 'state'), port: 0, environment });
  aws = started;
  for (const name of started.variables(ENV.apiKeySecretId)) started.secrets.put(name, 'key');
  await started.customResources.create();
  return started;
}

/** Delivered the moment that the webhook is there. */
async function deliver(started: LocalAws) {
  const signingSecret = started.secrets.current(started.secretId('SigningSecret'));
  const webhookUrl = started.outputs['WebhookUrl'] ?? '';
  const event = { type: 'batch.succeeded', data: { id: 'batches/early' }, timestamp: new Date().toISOString() };
  return await post(deliveryOf({ endpoints: { signingSecret, webhookUrl } }, event));
}

it('routes what is delivered as soon as the webhook is registered, before the rest of the stack is there', async () => {
  folder = mkdtempSync(join(tmpdir(), 'deployment-'));
  const started = await createUntilRegistered(inject('assemblyDir'));
  const asked = new Promise<void>((resolve) => {
    started.intercept(({ functionId, action }) => {
      if (functionId?.includes('BatchFetcher') && action === 'GetSecretValue') resolve();
      return 'pass';
    });
  });

  expect(await deliver(started)).toMatchObject({ status: 200 });

  // The fetcher for which the event is has taken it from its queue, and looks for the job.
  await asked;
});

it('loses such an event by a template in which the webhook waits for no rule: the emulator would show it', async () => {
  folder = mkdtempSync(join(tmpdir(), 'deployment-'));
  const assemblyDir = changed(({ Resources }) => {
    const isRule = (id: string) => Resources[id]?.Type === 'AWS::Events::Rule';
    const needsRule = (id: string) => isRule(id) || [...neededBy([id], Resources)].some(isRule);
    for (const resource of Object.values(Resources)) {
      if (resource.Type === 'Custom::GeminiWebhook') {
        resource['DependsOn'] = [resource['DependsOn'] ?? []].flat().filter((id) => !needsRule(String(id)));
      }
    }
  });
  const started = await createUntilRegistered(assemblyDir);
  const heard = listen(started);

  const early = await deliver(started);
  await started.completeStack();

  expect(early).toMatchObject({ status: 200 });
  expect(heard.events.map((event) => event['detail-type'])).toEqual(['batch.succeeded']);
  expect((await started.queueDepths()).filter(({ messages }) => messages > 0)).toEqual([]);
});

it('can be created again beside what a deletion leaves, and leaves the data', () => {
  const assembly = readAssembly(inject('assemblyDir'));
  const endpoints = { apiUrl: 'http://127.0.0.1:1', awsUrl: 'http://127.0.0.1:2' };
  const stackId = (life: number) => `arn:aws:cloudformation:us-east-1:000000000000:stack/local/000${life}`;
  const first = readStack(assembly, endpoints, { stackId: stackId(1) });
  const existing = first.physicalNames.filter(({ isRetained }) => isRetained);

  expect(existing.map(({ type }) => type)).toContain('AWS::Events::EventBus');
  expect(() => readStack(assembly, endpoints, { stackId: stackId(2), existing })).not.toThrow();
  expect(() => readStack(assembly, endpoints, { stackId: stackId(1), existing })).toThrow('exists already');
});
