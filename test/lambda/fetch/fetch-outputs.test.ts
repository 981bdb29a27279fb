import { describe, expect, it, vi } from 'vitest';
import { Manifest } from '../../../lambda/events/manifest.ts';
import { fetchOutputs } from '../../../lambda/fetch/fetch-outputs.ts';
import { handleMessage } from '../../../lambda/fetch/handle-message.ts';
import { batchJob } from '../../../lambda/gemini/jobs/batch.ts';
import { TransientError } from '../../../lambda/shared/errors.ts';
import { eventOf, LIVE, portsOf } from '../../fakes/fetch-ports.ts';

const ATTEMPT = { number: 1, isLast: false, signal: LIVE };
const EVENT = eventOf('batch', 'batches/abc', 'batch.succeeded');
const KEY = 'batch/project=default/date=2026-11-23/job=abc/succeeded/manifest.json';
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

it('announces what the manifest says about the job, when nobody else knows it', async () => {
  const { ports, store, published } = portsOf({ ...ANSWERS, 'files/batch-abc': away });
  const other = portsOf(ANSWERS);
  await fetchOutputs(other.ports, batchJob, EVENT, ATTEMPT);
  const earlier = Manifest.parse(other.store.manifests.get(KEY));
  store.manifests.set(KEY, { ...earlier, job: { ...earlier.job, displayName: 'nightly' } });

  // That Gemini cannot be asked about the file does not matter.
  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  expect(published).toMatchObject([{ detailType: 'output.stored', detail: { displayName: 'nightly' } }]);
});

it('refuses files that are too large together before it downloads the first one', async () => {
  const { ports, gemini, published } = portsOf({ ...ANSWERS, 'files/batch-abc': { sizeBytes: '1000001' } });

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  expect(published).toMatchObject([{ detail: { code: 'ERR_OUTPUT_TOO_LARGE' } }]);
  expect(gemini.calls).not.toContain('files/batch-abc:download');
});

it('calls a job by the name of its resource, also when it failed', async () => {
  const { ports, published } = portsOf(ANSWERS, 100);

  await fetchOutputs(ports, batchJob, { ...EVENT, jobId: 'batches/batch_abc' }, ATTEMPT);

  expect(published).toMatchObject([{ detailType: 'output.failed', detail: { jobId: 'batches/abc' } }]);
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

it('measures a fetch once, from the end of the job', async () => {
  const { ports, metrics } = portsOf(ANSWERS);

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  const dimension = { project: 'default', jobType: 'batch' };
  expect(metrics).toEqual([
    ['OutputsStored', dimension],
    // The resource and the file.
    ['BytesStored', dimension, 196 + 26],
    ['SecondsToStore', 120, dimension],
  ]);
});

describe('the account', () => {
  // By sha256sum: the resource on a line of its own, and the file.
  const OBJECTS = [
    {
      ...{ key: KEY.replace('manifest', 'batch'), bytes: 196, contentType: 'application/json', origin: 'job#' },
      sha256: 'a9f9982a6e2b633d973980fa530aca05b7468edfdd2037e7b7fcb0ef4fae1b2a',
    },
    {
      ...{ key: KEY.replace('manifest.json', 'responses.jsonl'), bytes: 26, contentType: 'application/jsonl' },
      ...{ origin: 'files/batch-abc', sha256: 'd3454cac4bdd98f1214c24db2b4407e5d512a40bf337c03576fd18377a1abd1a' },
    },
  ];
  const JOB = {
    ...{ type: 'batch', id: 'batches/abc', status: 'succeeded', model: null, displayName: null },
    ...{ createdAt: '2026-11-23T11:09:11.000Z', endedAt: '2026-11-24T04:58:00.000Z' },
  };
  const ABOUT = {
    ...{ schemaVersion: '1', project: 'default', jobType: 'batch', jobId: 'batches/abc', webhookId: 'msg_1' },
    ...{ type: 'batch.succeeded', userMetadata: { team: 'a' }, displayName: null, bucket: 'outputs' },
  };
  const MANIFEST = {
    ...{ schemaVersion: '1', project: 'default', job: JOB, userMetadata: { team: 'a' }, usage: null, notes: [] },
    event: {
      ...{ webhookId: 'msg_1', type: 'batch.succeeded', scheme: 'v1', origin: 'webhook' },
      ...{ occurredAt: '2026-11-24T04:59:00.000Z', receivedAt: '2026-11-24T04:59:01.000Z' },
    },
    timings: { startedAt: '2026-11-24T05:00:00.000Z', finishedAt: '2026-11-24T05:00:00.000Z' },
    fetcher: { version: '0.1.0' },
  };

  it('of what was stored is whole, in the bucket and on the bus', async () => {
    const { ports, store, published } = portsOf(ANSWERS);

    await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

    expect([...store.manifests]).toEqual([
      [
        KEY,
        {
          ...MANIFEST,
          ...{ outcome: 'stored', error: null, objects: OBJECTS },
          counts: { objects: 2, bytes: 222, lines: 1, lineErrors: 0 },
        },
      ],
    ]);
    expect(published).toEqual([
      {
        ...{ detailType: 'output.stored', time: new Date('2026-11-24T05:00:00.000Z') },
        detail: {
          ...ABOUT,
          ...{ status: 'succeeded', prefix: KEY.replace('manifest.json', ''), manifestKey: KEY, notes: [] },
          ...{ objectCount: 2, bytes: 222, createdAt: JOB.createdAt, endedAt: JOB.endedAt },
          ...{ fetchStartedAt: '2026-11-24T05:00:00.000Z', storedAt: '2026-11-24T05:00:00.000Z' },
        },
      },
    ]);
  });

  it('of what cannot be stored is whole as well, and names no object', async () => {
    const { ports, store, published, metrics } = portsOf(ANSWERS, 100);
    const key = KEY.replace('succeeded', 'fetch-failed');

    await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

    const error = {
      code: 'ERR_OUTPUT_TOO_LARGE',
      message: 'The outputs have at least 105 bytes, and 100 may be stored',
    };
    expect([...store.manifests]).toEqual([
      [key, { ...MANIFEST, ...{ outcome: 'failed', error, objects: [], counts: { objects: 0, bytes: 0 } } }],
    ]);
    expect(published).toEqual([
      {
        ...{ detailType: 'output.failed', time: new Date('2026-11-24T05:00:00.000Z') },
        detail: { ...ABOUT, ...error, retryable: false, verifiedJob: true, manifestKey: key },
      },
    ]);
    expect(metrics).toEqual([['OutputsFailed', { project: 'default', jobType: 'batch' }]]);
  });

  it('of a failure for good is waited for: nothing is announced that is not in the bucket', async () => {
    const { ports, store, published } = portsOf(ANSWERS, 100);
    vi.spyOn(store, 'writeManifest').mockRejectedValue(away);

    await expect(fetchOutputs(ports, batchJob, EVENT, ATTEMPT)).rejects.toBe(away);
    expect(published).toEqual([]);
  });

  it('is announced with twenty notes of 500 characters at most', async () => {
    const { ports, store, published } = portsOf(ANSWERS);
    const other = portsOf(ANSWERS);
    await fetchOutputs(other.ports, batchJob, EVENT, ATTEMPT);
    const notes = Array.from({ length: 21 }, (_, index) => String(index).padEnd(501, '.'));
    store.manifests.set(KEY, { ...Manifest.parse(other.store.manifests.get(KEY)), notes });

    await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

    expect(published).toMatchObject([
      { detail: { notes: Array.from({ length: 20 }, (_, index) => String(index).padEnd(500, '.')) } },
    ]);
  });
});

it('comes back when the store refuses the manifest as if there were one, and has none', async () => {
  const { ports, store, published } = portsOf(ANSWERS);
  vi.spyOn(store, 'writeManifest').mockResolvedValue(false);

  await expect(fetchOutputs(ports, batchJob, EVENT, ATTEMPT)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(published).toEqual([]);
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

it.each([
  ['static', 'v1', true],
  ['dynamic', 'v1a', false],
] as const)('lands a job of the %s route that Gemini hides at first', async (_route, scheme, isOurs) => {
  const { ports, gemini, ledger, published } = portsOf(ANSWERS);
  ledger.known = { ...ledger.known, isOurs };
  const get = gemini.get.bind(gemini);
  const hidden = vi.spyOn(gemini, 'get').mockResolvedValue(undefined);
  const receive = (receiveCount: number) =>
    handleMessage(
      { ...ports, maxReceiveCount: 36 },
      batchJob,
      { ...message, event: { ...EVENT, scheme }, receiveCount },
      LIVE,
    );

  for (const receiveCount of [1, 2, 3, 4]) expect(await receive(receiveCount)).toMatchObject({ outcome: 'returned' });
  hidden.mockImplementation(get);
  expect(await receive(5)).toEqual({ outcome: 'done' });

  expect(published).toMatchObject([{ detailType: 'output.stored' }]);
  expect(ledger.calls.slice(0, 4)).toEqual([
    ['begin', 'batches/abc', 1],
    ['postpone', 'batches/abc', 'ERR_JOB_NOT_FOUND', '2026-11-24T05:00:05.000Z'],
    ['begin', 'batches/abc', 2],
    ['postpone', 'batches/abc', 'ERR_JOB_NOT_FOUND', '2026-11-24T05:00:10.000Z'],
  ]);
});

it('hands a job that stays hidden to the dead-letter queue, from which it may come back', async () => {
  const { ports, published } = portsOf({});

  const last = { ...message, receiveCount: 36 };
  expect(await handleMessage({ ...ports, maxReceiveCount: 36 }, batchJob, last, LIVE)).toMatchObject({
    outcome: 'returned',
  });

  expect(published).toMatchObject([
    { detailType: 'output.failed', detail: { code: 'ERR_JOB_NOT_FOUND', retryable: true } },
  ]);
});

it('does without a ledger that is away', async () => {
  const { ports, ledger, published, metrics, lines } = portsOf(ANSWERS);
  vi.spyOn(ledger, 'begin').mockRejectedValue(away);
  vi.spyOn(ledger, 'postpone').mockRejectedValue(away);

  expect(await handleMessage({ ...ports, maxReceiveCount: 3 }, batchJob, message, LIVE)).toEqual({ outcome: 'done' });
  const broken = { ...ports, publisher: { publish: () => Promise.reject(away) }, maxReceiveCount: 3 };
  expect(await handleMessage(broken, batchJob, message, LIVE)).toEqual({ outcome: 'returned', delaySeconds: 5 });

  expect(published).toMatchObject([{ detailType: 'output.stored' }]);
  expect(lines.join()).toContain('The ledger was not asked');
  expect(metrics.at(-1)).toEqual(['OutputsRetried', { project: 'default', jobType: 'batch' }]);
});

it('says in event and manifest whose job it was: the event’s word over the job’s own, over the ledger’s', async () => {
  const webhookConfig = { uris: ['https://example.com/x'], userMetadata: { by: 'job', of: 'job' } };
  const { metadata, ...job } = ANSWERS['batches/abc'];
  const { ports, ledger, store, published } = portsOf({
    ...ANSWERS,
    'batches/abc': { ...job, metadata: { ...metadata, displayName: 'nightly-eval', webhookConfig } },
  });
  ledger.known = { ...ledger.known, userMetadata: { by: 'ledger', of: 'ledger', job_group: 'g' }, displayName: 'old' };

  await fetchOutputs(ports, batchJob, { ...EVENT, userMetadata: { by: 'event' } }, ATTEMPT);

  const userMetadata = { by: 'event', of: 'job', job_group: 'g' };
  expect(published).toMatchObject([{ detail: { userMetadata, displayName: 'nightly-eval' } }]);
  expect(store.manifests.get(KEY)).toMatchObject({ userMetadata, job: { displayName: 'nightly-eval' } });
});

it('says whose a job was that could not be seen, as far as the ledger knows', async () => {
  const { ports, ledger, published } = portsOf({});
  ledger.known = { ...ledger.known, userMetadata: { job_group: 'g' }, displayName: 'nightly-eval' };

  await expect(fetchOutputs(ports, batchJob, EVENT, { ...ATTEMPT, isLast: true })).rejects.toThrow();

  expect(published).toMatchObject([
    { detail: { userMetadata: { job_group: 'g', team: 'a' }, displayName: 'nightly-eval' } },
  ]);
});

it('leaves metadata out of an announcement that would be too large for the bus', async () => {
  const { ports, ledger, store, published } = portsOf(ANSWERS);
  ledger.known = { ...ledger.known, userMetadata: { a: 'x'.repeat(1_024_000) } };

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  expect(published).toMatchObject([{ detailType: 'output.stored', detail: { userMetadata: {}, manifestKey: KEY } }]);
  expect(store.manifests.get(KEY)?.userMetadata).toMatchObject({ team: 'a' });
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
  expect(broken.lines.at(-1)).toContain('"code":"ERR_INTERNAL","reason":"RangeError"');
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

  expect(lines.map((line) => JSON.parse(line))).toEqual([
    [
      'The message goes back to the queue',
      {
        ...{ project: 'default', webhookId: 'msg_1', type: 'batch.succeeded', jobType: 'batch', jobId: 'batches/abc' },
        ...{ messageId: 'm', receiveCount: 1, delaySeconds: 5 },
        ...{ code: 'ERR_OUTPUT_TRUNCATED', reason: 'Gemini answered with invalid JSON' },
      },
    ],
  ]);
});
