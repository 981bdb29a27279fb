/** A landing that one invocation does not end. What survives it is in the store and in the table of landings only. */
import { createHash } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { batchJob } from '../../../lambda/app/fetch-batch.ts';
import { fetchOutputs, LandingPaused } from '../../../lambda/app/fetch-outputs.ts';
import { handleMessage } from '../../../lambda/app/handle-message.ts';
import { TransientError } from '../../../lambda/domain/errors.ts';
import { eventOf, LIVE, portsOf } from '../../fakes/fetch-ports.ts';
import { Landings, RangedGemini, ResumableStore, type Serving, TIME_IS_UP } from '../../fakes/resumable-store.ts';

const EVENT = eventOf('batch', 'batches/abc', 'batch.succeeded');
const PREFIX = 'batch/source=default/date=2026-11-23/job=abc/succeeded/';
const JOB = {
  name: 'batches/abc',
  done: true,
  metadata: { state: 'BATCH_STATE_SUCCEEDED', createTime: '2026-11-23T11:09:11Z', endTime: '2026-11-24T04:58:00Z' },
  response: { responsesFile: 'files/batch-abc' },
};
/** 60 bytes, two lines, one of them an error: seven parts of 8 and a rest. */
const FILE = '{"key":"1","response":{}}\n{"key":"2","error":{"code":13}}   \n'.slice(0, 60);
const BROKEN_OFF = new TransientError('ERR_OUTPUT_TRUNCATED', 'Gemini broke off the connection');

let store: ResumableStore;
let landings: Landings;
beforeEach(() => {
  store = new ResumableStore();
  landings = new Landings();
});

/** Each invocation has nothing of the one before it. */
function invocations(...servings: Serving[]) {
  const gemini = new RangedGemini(JOB, FILE, servings);
  const { ports, published, lines } = portsOf({});
  const own = { ...ports, store, landings, geminiOf: () => gemini };
  const fetch = (attempt: { number?: number; isLast?: boolean } = {}) =>
    fetchOutputs(own, batchJob, EVENT, { number: 1, isLast: false, signal: LIVE, ...attempt });
  return { fetch, gemini, ports: own, published, lines };
}

function expectLanded(expected: { invocations: number; notes: readonly string[] }) {
  const manifest = store.manifests.get(`${PREFIX}manifest.json`);
  expect(store.objects.get(`${PREFIX}responses.jsonl`)).toBe(FILE);
  expect(manifest?.objects.find(({ key }) => key.endsWith('.jsonl'))).toMatchObject({
    bytes: 60,
    sha256: createHash('sha256').update(FILE).digest('hex'),
    source: 'files/batch-abc',
  });
  expect(manifest).toMatchObject({
    counts: { lines: 2, lineErrors: 1, objects: 2 },
    notes: expected.notes,
    timings: { invocations: expected.invocations },
  });
  expect(store.uploads.size).toBe(0);
  expect(landings.kept.size).toBe(0);
}

it('goes on from the byte after the last part, when the time ran out', async () => {
  const { fetch, gemini, published, lines } = invocations(
    { bytes: 20, failure: TIME_IS_UP },
    { bytes: 30, failure: TIME_IS_UP },
  );

  await expect(fetch()).rejects.toBeInstanceOf(LandingPaused);
  await expect(fetch()).rejects.toBeInstanceOf(LandingPaused);
  expect(published).toEqual([]);
  await fetch();

  expect(gemini.offsets).toEqual([0, 16, 40]);
  expectLanded({ invocations: 3, notes: [] });
  expect(published).toMatchObject([{ detailType: 'output.stored' }]);
  expect(lines[0]).toContain('"bytes":');
});

it('goes back to the queue when the time ran out and nothing came', async () => {
  const { fetch, ports } = invocations({ bytes: 20, failure: TIME_IS_UP }, { bytes: 5, failure: TIME_IS_UP }, {});
  await expect(fetch()).rejects.toBeInstanceOf(LandingPaused);

  // The part that is under way is not in the store.
  const message = { event: EVENT, messageId: 'm', receiveCount: 2 };
  const handled = await handleMessage({ ...ports, maxReceiveCount: 30 }, batchJob, message, LIVE);

  expect(handled).toMatchObject({ outcome: 'returned' });
  await fetch();
  expectLanded({ invocations: 3, notes: [] });
});

it('keeps what there is when Gemini breaks off', async () => {
  const { fetch, gemini } = invocations({ bytes: 50, failure: BROKEN_OFF });

  await expect(fetch()).rejects.toMatchObject({ code: 'ERR_OUTPUT_TRUNCATED' });
  await fetch({ number: 2 });

  expect(gemini.offsets).toEqual([0, 48]);
  expectLanded({ invocations: 2, notes: [] });
});

it.each<[string, Serving[], string]>([
  [
    'Gemini serves no ranges',
    [{ bytes: 20, failure: TIME_IS_UP }, { knowsRanges: false }],
    'Gemini did not serve the rest of it',
  ],
  [
    'it is another file now',
    [{ bytes: 20, failure: TIME_IS_UP, etag: '"a"' }, { etag: '"b"' }, { etag: '"b"' }],
    'it has changed at Gemini',
  ],
])('begins again when %s, says so, and leaves no upload', async (_what, servings, reason) => {
  const { fetch, gemini } = invocations(...servings);

  await expect(fetch()).rejects.toBeInstanceOf(LandingPaused);
  await fetch();

  expect(gemini.open.size).toBe(0);

  expectLanded({ invocations: 2, notes: [`files/batch-abc: begun again, because ${reason}`] });
  // The first was that of the job's resource.
  expect(store.aborted).toEqual(['upload-2']);
});

it('only completes what is all there', async () => {
  const { fetch, gemini } = invocations();
  const open = store.open.bind(store);
  const away = new TransientError('ERR_STORE_UNAVAILABLE', 'S3 did not complete the upload');
  let isAway = true;
  store.open = (key, ...options) => {
    const writer = open(key, ...options);
    const finish = async () => {
      const done = await writer.finish();
      if (!key.endsWith('.jsonl') || !isAway) return done;
      isAway = false;
      // The upload is there again: its completion was lost on the way.
      store.uploads.set('upload-2', Buffer.from(store.objects.get(key) ?? ''));
      throw away;
    };
    return { ...writer, finish };
  };

  await expect(fetch()).rejects.toBe(away);
  await fetch({ number: 2 });

  expect(gemini.offsets).toEqual([0]);
  expectLanded({ invocations: 2, notes: [] });
});

it.each<[string, Serving, { number: number; isLast?: boolean }, object]>([
  ['the file is gone', { isGone: true }, { number: 2 }, { code: 'ERR_OUTPUT_GONE', retryable: false }],
  [
    'it was the last attempt',
    { bytes: 5, failure: BROKEN_OFF },
    { number: 30, isLast: true },
    { code: 'ERR_OUTPUT_TRUNCATED', retryable: true },
  ],
])('leaves no upload and no landing when %s', async (_what, serving, attempt, failure) => {
  const { fetch, published } = invocations({ bytes: 20, failure: TIME_IS_UP }, serving);
  await expect(fetch()).rejects.toBeInstanceOf(LandingPaused);

  await fetch(attempt).catch(() => {});

  expect(published).toMatchObject([{ detailType: 'output.failed', detail: failure }]);
  expect(store.uploads.size).toBe(0);
  expect(landings.kept.size).toBe(0);
});

it('leaves no upload of which nothing could be written down', async () => {
  const { fetch } = invocations({ bytes: 20, failure: TIME_IS_UP });
  const save = landings.save.bind(landings);
  landings.save = async () => Promise.reject(new TransientError('ERR_STORE_UNAVAILABLE', 'DynamoDB is away'));

  await expect(fetch()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });

  expect(store.uploads.size).toBe(0);
  landings.save = save;
  await fetch({ number: 2 });
  expectLanded({ invocations: 1, notes: [] });
});

it('puts away what it had begun when another fetch was faster', async () => {
  const slow = invocations({ bytes: 20, failure: TIME_IS_UP });
  await expect(slow.fetch()).rejects.toBeInstanceOf(LandingPaused);
  const begun = await landings.load(PREFIX);
  await invocations().fetch();
  if (begun !== undefined) await landings.save(PREFIX, begun);

  await slow.fetch();

  expect(slow.gemini.offsets).toEqual([0]);
  expect(landings.kept.size).toBe(0);
  expect(store.aborted).toContain(begun?.file?.upload.uploadId);
});
