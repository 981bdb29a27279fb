/** A stack with a quarantine: what did not verify is kept in bounds, and verified again once the secret is right. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRun } from '../../local/run/run.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { deliveryOf, listen, post, type TestRun } from './local-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'quarantine-'));
let run: TestRun;

beforeAll(async () => {
  const assemblyDir = join(folder, 'cdk.out');
  await synthesize(assemblyDir, { quarantine: 'true', quarantineMaxPerHour: 5 });
  run = { ...(await startRun({ assemblyDir, stateDir: folder, port: 0 })), stateDir: folder };
});
afterAll(async () => {
  await run.close();
  rmSync(folder, { recursive: true, force: true });
});

const invoke = async (action: string) => {
  const { deliveries } = (await run.aws.invoke('Reverifier', { action })) as {
    deliveries: { id: string; outcome?: string }[];
  };
  return deliveries;
};

it('keeps five in an hour, answers each 401, and publishes those that hold later', async () => {
  const genuine = deliveryOf(run, { type: 'ping.of.2027' });
  const forged = (index: number) =>
    deliveryOf(run, { type: `forged.${index}` }, { body: Buffer.from(`{"forged":${index}}`) });
  const secretId = run.aws.secretId('SigningSecret');
  const secret = run.aws.secrets.current(secretId);
  run.aws.secrets.put(secretId, 'whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=');
  run.aws.secrets.put(secretId, 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=');

  expect(await post(genuine)).toMatchObject({ status: 401, body: '{"error":"unauthorized"}' });
  for (let index = 0; index < 8; index += 1) {
    expect(await post(forged(index))).toMatchObject({ status: 401, body: '{"error":"unauthorized"}' });
  }
  expect(await invoke('list')).toHaveLength(5);
  expect((await invoke('reverify')).map(({ outcome }) => outcome)).toEqual(Array(5).fill('ERR_SIGNATURE_MISMATCH'));

  run.aws.secrets.put(secretId, secret);
  run.aws.killSandboxes(
    run.aws.functions().find(({ logicalId }) => logicalId.includes('Reverifier'))?.logicalId ?? '',
    'SIGKILL',
  );
  const heard = listen(run.aws);
  const outcomes = (await invoke('reverify')).map(({ outcome }) => outcome).toSorted();

  expect(outcomes).toEqual([...Array(4).fill('ERR_SIGNATURE_MISMATCH'), 'accepted']);
  expect(heard.events.map((event) => event['detail-type'])).toEqual(['ping.of.2027']);
  expect(await invoke('list')).toHaveLength(4);
});
