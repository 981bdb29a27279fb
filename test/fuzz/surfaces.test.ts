/** The ways in that a delivery's own fields do not show: key sets, connections, header lines, sizes. */
import { expect, it, onTestFinished } from 'vitest';
import { signedHeaders } from '../fakes/signed.ts';
import type { Delivery } from './harness.ts';
import { genuine } from './harness.ts';
import { fuzzKeySets } from './key-sets.ts';
import { fuzzSockets, sendBytes, startEndpoint, toBytes } from './sockets.ts';

const PLAIN = { twice: [], capitals: false, chunked: false, lengthOff: 0 };
const CLOSE = ['connection', 'close'] as const;

it('finds the good key in a key set, whatever the other entries are', async () => {
  await fuzzKeySets(1000, 20_261_128);
});

it('publishes from a connection only what is genuine, in 400 ways of sending it', async () => {
  const { reached, accepted } = await fuzzSockets(400, 20_261_128);

  expect(reached).toBeGreaterThan(100);
  expect(accepted).toBeGreaterThan(20);
});

it.each([
  ['the same id', 'webhook-id', (value: string) => value],
  ['another id', 'webhook-id', () => 'msg_other'],
  ['the same timestamp', 'webhook-timestamp', (value: string) => value],
  ['another signature', 'webhook-signature', () => `v1,${'A'.repeat(43)}=`],
])('takes no delivery with a header line twice: %s', async (_what, name, change) => {
  const endpoint = await startEndpoint();
  onTestFinished(() => endpoint.close());
  const delivery = await genuine('v1');
  const value = delivery.headers.find(([key]) => key === name)?.[1] ?? '';

  const answer = await sendBytes(endpoint.port, [
    toBytes(delivery, { ...PLAIN, twice: [[name, change(value)], CLOSE] }),
  ]);

  expect(answer).toMatch(/^HTTP\/1\.1 40[01] /);
  expect(endpoint.judged.map(({ published }) => published)).toEqual([0]);
});

const MB = 1_000_000;

it.each([
  ['256 KiB', 262_144, 200, 1],
  ['a byte more', 262_145, 413, 0],
  ['4.4 MB', 4.4 * MB, 413, 0],
  ['4.8 MB, more than Lambda takes', 4.8 * MB, 500, 0],
  ['10 MiB', 10 * 1024 * 1024, 500, 0],
  ['more than the HTTP API takes', 10 * 1024 * 1024 + 1, 413, 0],
])('answers a signed body of %s', async (_size, bytes, status, published) => {
  const endpoint = await startEndpoint();
  onTestFinished(() => endpoint.close());

  const answer = await sendBytes(endpoint.port, [toBytes(await sized(bytes), { ...PLAIN, twice: [CLOSE] })]);

  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(endpoint.judged.reduce((sum, one) => sum + one.published, 0)).toBe(published);
});

/** A genuine static delivery of so many bytes, with the secret of the harness. */
async function sized(bytes: number): Promise<Delivery> {
  const empty = '{"type":"ping.of.2027","data":{"padding":""}}';
  const body = Buffer.from(empty.replace('""', `"${'x'.repeat(bytes - empty.length)}"`));
  const signed = signedHeaders(`whsec_${btoa('a'.repeat(32))}`, 'msg_sized', body);
  return {
    ...(await genuine('v1')),
    headers: [['content-type', 'application/octet-stream'], ...Object.entries(signed)],
    body,
  };
}
