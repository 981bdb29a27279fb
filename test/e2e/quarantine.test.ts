/** A stack with a quarantine: what did not verify is kept in bounds, and verified again once the secret is right. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { deliveryOf, listen, post, startTestRun, type TestRun } from './local-run.ts';

let run: TestRun;

beforeAll(async () => {
  run = await startTestRun({}, { assemblyDir: inject('variantDir') });
});
afterAll(() => run.close());

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

it('keeps five in an hour, answers each 401, and publishes those that hold later', async () => {
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
  const heard = listen(run.aws);
  const outcomes = (await invoke('reverify')).map(({ outcome }) => outcome).toSorted();

  expect(outcomes).toEqual([...Array(4).fill('ERR_SIGNATURE_MISMATCH'), 'accepted']);
  expect(heard.events.map((event) => event['detail-type'])).toEqual(['ping.of.2027']);
  expect(await invoke('list')).toHaveLength(4);
});
