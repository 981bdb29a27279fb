import { expect, it } from 'vitest';
import { fetchOutputs } from '../../../../lambda/fetch/fetch-outputs.ts';
import { batchJob } from '../../../../lambda/gemini/jobs/batch.ts';
import { type Answers, eventOf, LIVE, portsOf } from '../../../fakes/fetch-ports.ts';

const ATTEMPT = { number: 1, isLast: false, signal: LIVE };
const EVENT = eventOf('batch', 'batches/abc', 'batch.succeeded');
const PREFIX = 'batch/project=default/date=2026-11-23/job=abc/succeeded/';

/** As captured from the API: counters are strings, zeros and `done: false` are absent, nanoseconds. */
function batch(state: string, more: object = {}, metadata: object = {}) {
  return {
    name: 'batches/abc',
    metadata: {
      '@type': 'type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch',
      model: 'models/gemini-2.5-flash',
      createTime: '2026-11-23T11:09:11.943530657Z',
      endTime: '2026-11-24T04:58:00.1Z',
      state,
      name: 'batches/abc',
      ...metadata,
    },
    ...more,
  };
}
const FILE_OUTPUT = { response: { responsesFile: 'files/batch-abc' }, done: true };

it('streams a result file byte for byte, counts its lines and errors, and writes the manifest last', async () => {
  const file =
    '{"key":"1","response":{"error":"in an answer"}}\n{"error":{"code":3},"key":"2"}\n\n{"key":"\\"error\\"","response":{}}';
  const { ports, store, published, gemini } = portsOf({
    'batches/abc': batch('BATCH_STATE_SUCCEEDED', FILE_OUTPUT, {
      batchStats: { requestCount: '3', successfulRequestCount: '2', failedRequestCount: '1' },
      webhookConfig: { uris: ['https://example.com/webhooks/gemini/dynamic/the-token'] },
    }),
    'files/batch-abc': { name: 'files/batch-abc', state: 'ACTIVE', sizeBytes: String(Buffer.byteLength(file)) },
    'files/batch-abc:download': file,
  });

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  expect(store.text(`${PREFIX}responses.jsonl`)).toBe(file);
  expect(store.order.at(-1)).toBe(`${PREFIX}manifest.json`);
  expect(store.text(`${PREFIX}batch.json`)).not.toContain('the-token');
  expect(JSON.parse(store.text(`${PREFIX}batch.json`) ?? '').metadata.model).toBe('models/gemini-2.5-flash');
  const manifest = store.manifests.get(`${PREFIX}manifest.json`);
  expect(manifest).toMatchObject({
    outcome: 'stored',
    job: {
      id: 'batches/abc',
      status: 'succeeded',
      model: 'models/gemini-2.5-flash',
      endedAt: '2026-11-24T04:58:00.100Z',
    },
    counts: { requests: 3, failedRequests: 1, lines: 3, lineErrors: 1, objects: 2 },
    error: null,
  });
  expect(manifest?.objects).toContainEqual({
    key: `${PREFIX}responses.jsonl`,
    bytes: 113,
    sha256: '60780776e46582fac70f1b1b1f4ee5cace7a92e8c22220a5d7bfe375bd95f2fe',
    contentType: 'application/jsonl',
    origin: 'files/batch-abc',
  });
  expect(published).toMatchObject([
    {
      detailType: 'output.stored',
      detail: { jobId: 'batches/abc', prefix: PREFIX, objectCount: 2, userMetadata: { team: 'a' } },
    },
  ]);
  expect(gemini.calls.join()).not.toContain('of-the-event');
});

it.each([
  ['where the API writes them', { response: { inlinedResponses: { inlinedResponses: 'ITEMS' } } }, {}],
  ['in metadata only', {}, { output: { inlinedResponses: { inlinedResponses: 'ITEMS' } } }],
  [
    'where the specification has them',
    { response: { output: { inlinedResponses: { inlinedResponses: 'ITEMS' } } } },
    {},
  ],
  [
    'in both places',
    { response: { inlinedResponses: { inlinedResponses: 'ITEMS' } } },
    { output: { inlinedResponses: { inlinedResponses: 'ITEMS' } } },
  ],
])('writes inline responses one per line, once: %s', async (_place, more, metadata) => {
  const items = [
    { response: { text: 'Grüße 👋 "quoted"\n', n: 1.5e300 }, metadata: { key: 'req_1' } },
    { error: { code: 3, message: 'no' }, metadata: { key: 'req_2' } },
  ];
  const resource = JSON.stringify(batch('JOB_STATE_SUCCEEDED', { ...more, done: true }, metadata)).replaceAll(
    '"ITEMS"',
    JSON.stringify(items),
  );
  const { ports, store } = portsOf({ 'batches/abc': resource });

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  const lines = store.text(`${PREFIX}responses.jsonl`)?.split('\n') ?? [];
  expect(lines).toHaveLength(3);
  expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toEqual(items);
  expect(lines[2]).toBe('');
  expect(store.text(`${PREFIX}batch.json`)).not.toContain('req_1');
  expect(store.manifests.get(`${PREFIX}manifest.json`)?.counts).toMatchObject({ lines: 2, lineErrors: 1 });
});

it.each([
  [
    'BATCH_STATE_FAILED',
    'failed',
    { done: true, error: { code: 13, message: 'Internal' } },
    { code: '13', message: 'Internal' },
  ],
  ['BATCH_STATE_CANCELLED', 'cancelled', { done: true, error: { code: 1, message: 'x' } }, { code: '1', message: 'x' }],
  ['BATCH_STATE_EXPIRED', 'expired', { done: true }, null],
])(
  'stores the resource of a batch that is %s, whatever the event said, and announces it',
  async (state, status, more, error) => {
    const { ports, store, published } = portsOf({ 'batches/abc': batch(state, more) });

    await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

    const prefix = `batch/project=default/date=2026-11-23/job=abc/${status}/`;
    expect(store.order).toEqual([`${prefix}batch.json`, `${prefix}manifest.json`]);
    expect(store.manifests.get(`${prefix}manifest.json`)).toMatchObject({ outcome: 'stored', error });
    expect(published).toMatchObject([{ detailType: 'output.stored', detail: { status, objectCount: 1 } }]);
  },
);

it.each([
  ['is running', batch('BATCH_STATE_RUNNING'), 'ERR_OUTPUT_NOT_READY'],
  ['breaks off', '{"name":"batches/abc","metadata":{"state":"BATCH', 'ERR_OUTPUT_TRUNCATED'],
])('comes back to a batch that %s', async (_what, resource, code) => {
  const { ports, store, published } = portsOf({ 'batches/abc': resource });

  await expect(fetchOutputs(ports, batchJob, EVENT, ATTEMPT)).rejects.toMatchObject({ code });

  expect(store.order).toEqual([]);
  expect(published).toEqual([]);
});

const INLINE = { inlinedResponses: { inlinedResponses: [{ response: { n: 1 } }, { error: { code: 3 } }] } };
const JSONL = '{"response":{"n":1}}\n{"error":{"code":3}}\n';

it.each([
  ['failed', 'BATCH_STATE_FAILED', { error: { code: 13, message: 'x' }, response: INLINE }, {}],
  ['cancelled', 'BATCH_STATE_CANCELLED', { error: { code: 1, message: 'x' } }, { output: INLINE }],
  ['expired', 'BATCH_STATE_EXPIRED', { response: INLINE }, {}],
  ['partially_succeeded', 'JOB_STATE_PARTIALLY_SUCCEEDED', { response: INLINE }, {}],
  ['paused', 'BATCH_STATE_PAUSED', { response: INLINE }, {}],
  ['succeeded', 'BATCH_STATE_RUNNING', { response: INLINE, error: null }, {}],
])('lands the results of a batch that is %s', async (status, state, more, metadata) => {
  const { ports, store, published } = portsOf({ 'batches/abc': batch(state, { ...more, done: true }, metadata) });

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  const prefix = `batch/project=default/date=2026-11-23/job=abc/${status}/`;
  expect(store.text(`${prefix}responses.jsonl`)).toBe(JSONL);
  expect(store.manifests.get(`${prefix}manifest.json`)?.counts).toMatchObject({ lines: 2, lineErrors: 1 });
  expect(published).toMatchObject([{ detailType: 'output.stored', detail: { status } }]);
});

it('lands embeddings that stand under inlinedResponses', async () => {
  const items = [{ response: { tokenCount: '1', embedding: { values: [0.25, -1] } }, metadata: { key: 'a' } }];
  const response = { inlinedResponses: { inlinedResponses: items } };
  const { ports, store } = portsOf({ 'batches/abc': batch('BATCH_STATE_SUCCEEDED', { done: true, response }) });

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  expect(store.text(`${PREFIX}responses.jsonl`)).toBe(`${JSON.stringify(items[0])}\n`);
});

it('lands the result file of a batch that failed, or goes without it when it does not come', async () => {
  const failed = batch('BATCH_STATE_FAILED', { error: { code: 13, message: 'x' }, ...FILE_OUTPUT });
  const prefix = 'batch/project=default/date=2026-11-23/job=abc/failed/';
  const there = portsOf({ 'batches/abc': failed, 'files/batch-abc:download': JSONL });
  const late = portsOf({ 'batches/abc': failed });
  const after = (time: string) => ({ ...late.ports, clock: () => new Date(time) });

  await fetchOutputs(there.ports, batchJob, EVENT, ATTEMPT);
  expect(there.store.text(`${prefix}responses.jsonl`)).toBe(JSONL);
  const waiting = fetchOutputs(after('2026-11-24T05:13:00.000Z'), batchJob, EVENT, ATTEMPT);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_OUTPUT_NOT_READY' });
  await fetchOutputs(after('2026-11-24T05:13:00.100Z'), batchJob, EVENT, ATTEMPT);

  expect(late.store.manifests.get(`${prefix}manifest.json`)).toMatchObject({
    outcome: 'stored',
    error: { code: '13' },
    notes: ['files/batch-abc did not land: files/batch-abc cannot be had (yet)'],
  });
});

it('takes members that are null for absent, on the resource and in its results', async () => {
  const response = { inlinedResponses: { inlinedResponses: [{ response: { n: 1 }, error: null }] } };
  const nothing = { error: null, responsesFile: null };
  const { ports, store } = portsOf({
    'batches/abc': batch(
      'BATCH_STATE_SUCCEEDED',
      { ...nothing, done: true, response },
      { output: null, batchStats: null },
    ),
  });
  const running = portsOf({ 'batches/abc': batch('BATCH_STATE_RUNNING', { done: null, error: null, response: null }) });

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);
  expect(store.manifests.get(`${PREFIX}manifest.json`)).toMatchObject({
    error: null,
    counts: { lines: 1, lineErrors: 0 },
  });
  await expect(fetchOutputs(running.ports, batchJob, EVENT, ATTEMPT)).rejects.toMatchObject({
    code: 'ERR_OUTPUT_NOT_READY',
  });
});

it('keeps the error of an operation without metadata', async () => {
  const error = { code: 13, message: 'Internal' };
  const { ports, store } = portsOf({ 'batches/abc': { name: 'batches/abc', done: true, error, metadata: null } });

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  const manifest = store.manifests.get('batch/project=default/date=unknown/job=abc/failed/manifest.json');
  expect(manifest?.error).toEqual({ code: '13', message: 'Internal' });
});

it.each([
  ['names nothing', {}],
  ['names a file elsewhere', { response: { responsesFile: 'gs://bucket/results.jsonl' } }],
])('waits for the outputs of a batch that %s, lands it without them, and with them later', async (_what, more) => {
  const answers: Answers = { 'batches/abc': batch('BATCH_STATE_SUCCEEDED', { ...more, done: true }) };
  const { ports, store, published } = portsOf(answers);
  // It ended at 04:58:00.1.
  const at = (time: string) => ({ ...ports, clock: () => new Date(time) });
  const without = 'batch/project=default/date=2026-11-23/job=abc/succeeded-without-outputs/';
  const note = 'The batch has ended, but names neither responses nor a file at Gemini';

  const waiting = fetchOutputs(at('2026-11-24T05:13:00.000Z'), batchJob, EVENT, ATTEMPT);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_OUTPUT_NOT_READY' });
  expect(published).toEqual([]);
  await fetchOutputs(at('2026-11-24T05:13:00.100Z'), batchJob, EVENT, ATTEMPT);

  expect(store.order).toEqual([`${without}batch.json`, `${without}manifest.json`]);
  expect(store.manifests.get(`${without}manifest.json`)).toMatchObject({ outcome: 'stored', notes: [note] });
  expect(published).toMatchObject([
    { detailType: 'output.stored', detail: { status: 'succeeded', prefix: without, notes: [note] } },
  ]);

  answers['batches/abc'] = batch('BATCH_STATE_SUCCEEDED', { done: true, response: INLINE });
  await fetchOutputs(at('2026-11-25T05:00:00.000Z'), batchJob, EVENT, ATTEMPT);
  expect(store.text(`${PREFIX}responses.jsonl`)).toBe(JSONL);
  expect(published[1]).toMatchObject({ detail: { prefix: PREFIX, notes: [] } });

  // Whatever the resource says from now on, what stored is what counts.
  answers['batches/abc'] = batch('BATCH_STATE_SUCCEEDED', { done: true });
  await fetchOutputs(at('2026-11-25T06:00:00.000Z'), batchJob, EVENT, ATTEMPT);
  expect(published[2]).toMatchObject({ detail: { prefix: PREFIX } });
});

it('finds a batch under the id that Google’s page would give it', async () => {
  const { ports, gemini, published } = portsOf({ 'batches/abc': batch('BATCH_STATE_EXPIRED', { done: true }) });

  await fetchOutputs(ports, batchJob, eventOf('batch', 'batches/batch_abc', 'batch.expired'), ATTEMPT);

  expect(gemini.calls).toEqual(['batches/batch_abc', 'batches/abc']);
  expect(published).toMatchObject([{ detail: { jobId: 'batches/abc' } }]);
});

it('says for good that a job is not ours, and stores nothing about it', async () => {
  const { ports, ledger, store, published } = portsOf({});
  const dynamic = { ...EVENT, scheme: 'v1a' } as const;
  ledger.known = { ...ledger.known, isOurs: false, lastCode: 'ERR_JOB_NOT_FOUND' };

  await expect(fetchOutputs(ports, batchJob, dynamic, { ...ATTEMPT, number: 6 })).rejects.toMatchObject({
    code: 'ERR_JOB_NOT_FOUND',
  });
  expect(published).toEqual([]);
  await fetchOutputs(ports, batchJob, dynamic, { ...ATTEMPT, number: 7 });

  expect(store.order).toEqual([]);
  expect(published).toMatchObject([
    { detailType: 'output.failed', detail: { code: 'ERR_JOB_NOT_OURS', retryable: false, manifestKey: null } },
  ]);
});

it('waits for a file until Gemini deletes it, 48 hours after the end, and leaves the place of the outputs free', async () => {
  const { ports, store, published } = portsOf({ 'batches/abc': batch('BATCH_STATE_SUCCEEDED', FILE_OUTPUT) });
  const at = (time: string) => ({ ...ports, clock: () => new Date(time) });

  const before = fetchOutputs(at('2026-11-26T04:58:00.000Z'), batchJob, EVENT, { ...ATTEMPT, number: 35 });
  await expect(before).rejects.toMatchObject({ code: 'ERR_OUTPUT_NOT_READY' });
  expect(published).toEqual([]);
  await fetchOutputs(at('2026-11-26T04:58:00.100Z'), batchJob, EVENT, ATTEMPT);

  const manifestKey = 'batch/project=default/date=2026-11-23/job=abc/fetch-failed/manifest.json';
  expect([...store.manifests.keys()]).toEqual([manifestKey]);
  expect(store.manifests.get(manifestKey)).toMatchObject({ outcome: 'failed', error: { code: 'ERR_OUTPUT_GONE' } });
  expect(published).toMatchObject([{ detailType: 'output.failed', detail: { code: 'ERR_OUTPUT_GONE', manifestKey } }]);
});

it('fails for good, and leaves no unfinished object, when the outputs are over the limit', async () => {
  const answers = {
    'batches/abc': batch('BATCH_STATE_SUCCEEDED', FILE_OUTPUT),
    'files/batch-abc:download': 'x'.repeat(2000),
  };
  const { ports, store, published } = portsOf(answers, 1000);

  await fetchOutputs(ports, batchJob, EVENT, ATTEMPT);

  expect(store.unfinished.size).toBe(0);
  expect(store.objects.has(`${PREFIX}responses.jsonl`)).toBe(false);
  expect(published).toMatchObject([{ detail: { code: 'ERR_OUTPUT_TOO_LARGE', retryable: false } }]);
});

const NESTED = ['inlinedResponses', 'inlinedResponses'];
const EMBEDDINGS = ['inlinedEmbedContentResponses', 'inlinedEmbedContentResponses'];
const FILE = { response: { responsesFile: 'files/batch-abc' } };

it.each([
  [{ isBulk: true, isOmitted: true }, ['response', ...NESTED]],
  [{ isBulk: true, isOmitted: true }, ['response', 'output', ...EMBEDDINGS]],
  [{ isBulk: true, isOmitted: true }, ['metadata', 'output', ...NESTED]],
  [{ isBulk: true, isOmitted: false }, ['metadata', 'inputConfig', 'requests']],
  [{ isBulk: false, isOmitted: false }, ['metadata', 'inputConfig', 'fileName']],
  [{ isBulk: false, isOmitted: false }, ['response', 'inlinedResponses']],
  [{ isBulk: false, isOmitted: false }, ['response', 'inlinedResponses', 'inlinedEmbedContentResponses']],
  [{ isBulk: false, isOmitted: false }, NESTED],
  [{ isBulk: false, isOmitted: false }, ['response', ...NESTED, 0, ...NESTED]],
  [{ isBulk: false, isOmitted: false }, ['response', 'responsesFile']],
])('knows what of a batch is not kept in memory, and what its stored copy leaves out: %j for %j', (expected, path) => {
  const ended = (more: object) => batchJob.plan(batch('BATCH_STATE_SUCCEEDED', { done: true, ...more }));

  expect({ isBulk: batchJob.isBulk(path), isOmitted: ended({ response: INLINE }).omit(path) }).toEqual(expected);
  for (const more of [FILE, {}]) expect(ended(more).omit(path)).toBe(false);
});

const FAILURE = { error: { code: 13, message: 'x' } };

it.each([
  ['BATCH_STATE_RUNNING', {}, { status: 'running', hasEnded: false }],
  ['BATCH_STATE_PENDING', { done: false }, { status: 'running', hasEnded: false }],
  ['BATCH_STATE_PAUSED', {}, { status: 'paused', hasEnded: false }],
  ['BATCH_STATE_PAUSED', { done: true }, { status: 'paused', hasEnded: true }],
  ['BATCH_STATE_RUNNING', { done: true, ...FAILURE }, { status: 'failed', hasEnded: true }],
  ['BATCH_STATE_EXPIRED', {}, { status: 'expired', hasEnded: true }],
])('says how far a batch is: %s %j', (state, more, expected) => {
  expect(batchJob.stateOf(batch(state, more))).toMatchObject(expected);
});

it('takes the last update for the end of a batch that does not say when it ended', () => {
  const updated = batch('BATCH_STATE_SUCCEEDED', {}, { endTime: null, updateTime: '2026-11-24T04:20:00Z' });

  expect(batchJob.stateOf(updated).endedAt).toEqual(new Date('2026-11-24T04:20:00Z'));
});

it('plans nothing for a batch that runs, even if it has responses', () => {
  expect(() => batchJob.plan(batch('BATCH_STATE_RUNNING', { response: INLINE }))).toThrow(
    expect.objectContaining({ name: 'TransientError', code: 'ERR_OUTPUT_NOT_READY' }),
  );
});

it.each([
  ['names nothing', {}, []],
  ['names a file', FILE, [{ fileId: 'batch-abc', isLines: true, isOptional: true }]],
])('misses nothing of a batch that has an error, whatever its state, and %s', (_what, more, files) => {
  const plan = batchJob.plan(batch('BATCH_STATE_SUCCEEDED', { done: true, ...FAILURE, ...more }));

  expect(plan).toMatchObject({ status: 'succeeded', missing: undefined, files });
});

it.each([{ name: 'operations/abc' }, { name: 'batches/a/b' }, {}, null])('takes %j for no batch', (resource) => {
  expect(() => batchJob.stateOf(resource)).toThrow(
    expect.objectContaining({ name: 'PermanentError', code: 'ERR_OUTPUT_INVALID' }),
  );
});
