import { expect, it, vi } from 'vitest';
import { batchJob } from '../../../lambda/app/fetch-batch.ts';
import { fetchOutputs } from '../../../lambda/app/fetch-outputs.ts';
import { handleMessage } from '../../../lambda/app/handle-message.ts';
import { TransientError } from '../../../lambda/domain/errors.ts';
import { Manifest } from '../../../lambda/domain/manifest.ts';
import { eventOf, LIVE, portsOf } from '../../fakes/fetch-ports.ts';

const ATTEMPT = { number: 1, isLast: false, signal: LIVE };
const EVENT = eventOf('batch', 'batches/abc', 'batch.succeeded');
const KEY = 'batch/source=default/date=2026-11-23/job=abc/succeeded/manifest.json';
const ANSWERS = {
  'batches/abc': {
    name: 'batches/abc',
    done: true,
    metadata: { state: 'BATCH_STATE_SUCCEEDED', createTime: '2026-11-23T11:09:11Z', endTime: '2026-11-24T04:58:00Z' },
    response: { responsesFile: 'files/batch-abc' },
  },
  'files/batch-abc:download': '{"key":"1","response":{}}\n',
};
const away = new TransientError('ERR_STORE_UNAVAILABLE', 'away');

it('downloads nothing when the manifest is there, and announces again what it says', async () => {
  const { ports, gemini, published } = portsOf(ANSWERS);
  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);
  const callsOfFirst = gemini.calls.length;

  await fetchOutputs(ports, batchJob, { ...EVENT, webhookId: 'msg_2' }, ATTEMPT);

  expect(gemini.calls.slice(callsOfFirst)).toEqual(['batches/abc', 'files/batch-abc']);
  expect(published).toHaveLength(2);
  expect(published[1]).toMatchObject({ detail: { webhookId: 'msg_2', manifestKey: KEY, objectCount: 2 } });
});

it('announces what the faster of two fetches wrote', async () => {
  const { ports, store, published, metrics } = portsOf(ANSWERS);
  const other = portsOf(ANSWERS);
  await fetchOutputs(other.ports, batchJob, EVENT, ATTEMPT);
  const theirs = Manifest.parse({ ...other.store.manifests.get(KEY), counts: { objects: 2, bytes: 4711 } });
  vi.spyOn(store, 'writeManifest').mockImplementation(async () => {
    store.manifests.set(KEY, theirs);
    return false;
  });

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  expect(published).toMatchObject([{ detailType: 'output.stored', detail: { bytes: 4711 } }]);
  expect(metrics).toEqual([]);
});

it('measures a landing once, from the end of the job', async () => {
  const { ports, metrics } = portsOf(ANSWERS);

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  expect(metrics).toContainEqual(['OutputsStored', { source: 'default', jobType: 'batch' }]);
  expect(metrics).toContainEqual(['LandingSeconds', 120, { source: 'default', jobType: 'batch' }]);
});

it('writes manifests that hold to their own schema', async () => {
  const { ports, store } = portsOf(ANSWERS);
  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  expect(Manifest.parse(store.manifests.get(KEY))).toEqual(store.manifests.get(KEY));
});

it.each(['finish', 'manifest', 'announce'])(
  'starts again after a failure at %s, and ends with one manifest',
  async (step) => {
    const { ports, store, published } = portsOf(ANSWERS);
    const open = store.open.bind(store);
    if (step === 'finish') {
      vi.spyOn(store, 'open').mockImplementationOnce((key, type) => ({
        ...open(key, type),
        finish: async () => Promise.reject(away),
      }));
    }
    if (step === 'manifest') vi.spyOn(store, 'writeManifest').mockRejectedValueOnce(away);
    if (step === 'announce') vi.spyOn(ports.publisher, 'publish').mockRejectedValueOnce(away);

    await expect(fetchOutputs(ports, batchJob, EVENT, ATTEMPT)).rejects.toBe(away);
    expect(store.unfinished.size).toBe(0);
    expect(published).toEqual([]);
    await fetchOutputs(ports, batchJob, EVENT, { ...ATTEMPT, number: 2 });

    expect([...store.manifests.keys()]).toEqual([KEY]);
    expect(published).toHaveLength(1);
  },
);

const message = { event: EVENT, messageId: 'm', receiveCount: 1 };

it('puts a message back with a delay that doubles, and not sooner than Gemini asked for', async () => {
  const limited = new TransientError('ERR_RATE_LIMITED', 'HTTP 429', { retryAfterSeconds: 34 });
  const { ports } = portsOf({ 'batches/abc': limited });
  const delays = [];
  for (const receiveCount of [1, 3, 4, 9, 12]) {
    delays.push(await handleMessage({ ...ports, maxReceiveCount: 30 }, batchJob, { ...message, receiveCount }, LIVE));
  }

  expect(delays.map((result) => 'delaySeconds' in result && result.delaySeconds)).toEqual([34, 34, 40, 1280, 3600]);
});

it('announces after the last receive that the outputs did not come, and lets the queue bury the message', async () => {
  const { ports, published } = portsOf({ 'batches/abc': new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 503') });

  const result = await handleMessage({ ...ports, maxReceiveCount: 3 }, batchJob, { ...message, receiveCount: 3 }, LIVE);

  expect(result.outcome).toBe('returned');
  expect(published).toMatchObject([
    { detailType: 'output.failed', detail: { code: 'ERR_GEMINI_UNAVAILABLE', retryable: true, manifestKey: null } },
  ]);
});

it('announces a failure of the bucket, and a defect of ours, after the last receive too', async () => {
  const message3 = { ...message, receiveCount: 3 };
  const { ports, store, published } = portsOf(ANSWERS);
  vi.spyOn(store, 'writeManifest').mockRejectedValue(away);
  const broken = portsOf({ 'batches/abc': new RangeError('of a defect') });

  await handleMessage({ ...ports, maxReceiveCount: 3 }, batchJob, message3, LIVE);
  await handleMessage({ ...broken.ports, maxReceiveCount: 3 }, batchJob, message3, LIVE);

  expect(published).toMatchObject([{ detail: { code: 'ERR_STORE_UNAVAILABLE', retryable: true, manifestKey: null } }]);
  expect(broken.published).toMatchObject([{ detail: { code: 'ERR_INTERNAL', retryable: true } }]);
  expect(JSON.stringify([broken.published, broken.lines])).not.toContain('of a defect');
});

it('hands a message that is no event of the queue to the dead-letter queue without delay', async () => {
  const { ports, gemini } = portsOf({});

  const result = await handleMessage(
    { ...ports, maxReceiveCount: 3 },
    batchJob,
    { ...message, event: undefined },
    LIVE,
  );

  expect(result).toEqual({ outcome: 'returned', delaySeconds: 0 });
  expect(gemini.calls).toEqual([]);
});

it('logs neither the event’s data nor the job’s content', async () => {
  const secret = 'a customer’s words';
  const { ports, lines } = portsOf({ 'batches/abc': `{"name": "${secret}" oops` });

  await handleMessage(
    { ...ports, maxReceiveCount: 3 },
    batchJob,
    { ...message, event: { ...EVENT, data: { secret } } },
    LIVE,
  );

  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('ERR_OUTPUT_TRUNCATED');
  expect(lines[0]).not.toContain('words');
});
