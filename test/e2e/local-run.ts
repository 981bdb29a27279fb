/** A local run for tests: the real template and the real bundles. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { LocalAws } from '../../local/aws/local-aws.ts';
import type { SwitchesUpdate } from '../../local/gemini/switches.ts';
import { type Run, type RunOptions, startRun } from '../../local/run/run.ts';
import { signedHeaders } from '../fakes/signed.ts';

export interface TestRun extends Run {
  readonly stateDir: string;
}

/** Health check and reconciler, which the registrar has run at once, cost a second of each test file's. */
export const NO_FIRST_RUNS = { FirstRuns: [] };

export async function startTestRun(
  switches: SwitchesUpdate = {},
  options: Partial<Pick<RunOptions, 'assemblyDir' | 'reconcile' | 'repairWebhook' | 'webhookProperties'>> = {},
): Promise<TestRun> {
  const stateDir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-'));
  const run = await startRun({
    assemblyDir: inject('assemblyDir'),
    stateDir,
    port: 0,
    // What is tried again after 5 to 100 s, deployed, is after one.
    haste: 100,
    // So that two invocations overlap, while each process more would cost what it takes to start one.
    maxSandboxes: 2,
    switches: { jobMs: 50, processingMs: 50, ...switches },
    webhookProperties: NO_FIRST_RUNS,
    ...options,
  });
  return { ...run, stateDir };
}

type BusEvent = Parameters<Parameters<LocalAws['onEvent']>[0]>[0];

/** Collects events, and waits for the first that fits, past ones included. */
export function listen(aws: Pick<LocalAws, 'onEvent'>) {
  const events: BusEvent[] = [];
  const waiting = new Set<() => void>();
  aws.onEvent((event) => {
    events.push(event);
    for (const check of waiting) check();
  });
  return {
    events,
    until(fits: (event: BusEvent) => boolean): Promise<BusEvent> {
      return new Promise((resolve) => {
        const check = () => {
          const found = events.find(fits);
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      });
    },
  };
}

export interface Delivery {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

let deliveries = 0;

/** A static delivery, signed by node:crypto alone; `changes` go on top. */
export function deliveryOf(
  run: { readonly endpoints: Pick<Run['endpoints'], 'signingSecret' | 'webhookUrl'> },
  event: unknown,
  changes: Partial<Delivery> = {},
): Delivery {
  const body = Buffer.isBuffer(event) ? event : Buffer.from(typeof event === 'string' ? event : JSON.stringify(event));
  const id = `msg_test_${++deliveries}`;
  const signed = signedHeaders(run.endpoints.signingSecret, id, body);
  const headers = { 'content-type': 'application/json', ...signed, ...changes.headers };
  return { url: changes.url ?? run.endpoints.webhookUrl, body: changes.body ?? body, headers };
}

export async function post({ url, headers, body }: Delivery) {
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  const text = await response.text();
  return { status: response.status, body: text, retryAfter: response.headers.get('retry-after') };
}

/** A job of another account that reports to our dynamic URL, of which it somehow knows: signed by Google, yet not ours. */
export async function foreignJob(
  { endpoints }: { readonly endpoints: Pick<Run['endpoints'], 'simulatorControlUrl' | 'dynamicWebhookUrl'> },
  kind: 'batch' | 'interaction' | 'video',
): Promise<void> {
  const body = JSON.stringify({ kind, scenario: 'foreign', webhookUrl: endpoints.dynamicWebhookUrl });
  const response = await fetch(`${endpoints.simulatorControlUrl}/jobs`, { method: 'POST', body });
  if (!response.ok) throw new Error(`The simulator answered ${response.status}: ${await response.text()}`);
}
