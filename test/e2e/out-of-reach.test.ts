/** Deliveries that cannot be judged, because Google's keys are out of reach: never accepted, and never lost. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { startRun } from '../../local/run/run.ts';
import { deliveryOf, post } from './local-run.ts';

const UNAVAILABLE = { status: 503, body: '{"error":"unavailable"}', retryAfter: expect.stringMatching(/^[1-9]\d*$/) };

it('answers 503 to a dynamic delivery while the key set is away, whoever signed it', async () => {
  const gemini = { url: 'http://127.0.0.1:9', jwksUrl: 'http://127.0.0.1:9/jwks', apiKey: 'key' };
  const stateDir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-'));
  const run = await startRun({ assemblyDir: inject('assemblyDir'), stateDir, port: 0, gemini });
  const delivery = deliveryOf(run, { type: 'ping.of.2027' }, { url: run.endpoints.dynamicWebhookUrl });
  const { 'webhook-id': id, 'webhook-timestamp': timestamp } = delivery.headers;
  const content = Buffer.from(`${id}.${timestamp}.${delivery.body}`);
  const signature = sign(null, content, generateKeyPairSync('ed25519').privateKey).toString('base64');

  delivery.headers['webhook-signature'] = `v1a,${signature}`;

  expect(await post(delivery)).toEqual(UNAVAILABLE);
  expect(run.endpoints.simulatorControlUrl).toBeNull();
  await run.close();
});
