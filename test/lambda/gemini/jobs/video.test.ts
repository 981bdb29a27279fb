import { expect, it } from 'vitest';
import { fetchOutputs } from '../../../../lambda/fetch/fetch-outputs.ts';
import { videoJob } from '../../../../lambda/gemini/jobs/video.ts';
import { eventOf, LIVE, portsOf } from '../../../fakes/fetch-ports.ts';

const ATTEMPT = { number: 1, isLast: false, signal: LIVE };
const NAME = 'models/veo-3.1-generate-preview/operations/ld6i6vp968tt';
const EVENT = eventOf('video', NAME, 'video.generated');
const prefix = (status: string) => `video/project=default/date=unknown/job=ld6i6vp968tt/${status}/`;

function operation(generateVideoResponse: object, more: object = {}) {
  return { name: NAME, done: true, response: { generateVideoResponse }, ...more };
}
const uri = (id: string) => `https://generativelanguage.googleapis.com/v1beta/files/${id}:download?alt=media`;

it('lands every sample, inline or in a file, and notes what was filtered', async () => {
  const { ports, store } = portsOf({
    [NAME]: operation({
      generatedSamples: [
        { video: { uri: uri('one') } },
        { video: { encodedVideo: Buffer.from('two').toString('base64'), encoding: 'video/webm' } },
      ],
      raiMediaFilteredCount: 1,
      raiMediaFilteredReasons: ['Sample 3 was filtered.'],
    }),
    'files/one:download': 'one',
  });

  await fetchOutputs(ports, videoJob, EVENT, ATTEMPT);

  const at = prefix('succeeded');
  expect(store.text(`${at}video-00.mp4`)).toBe('one');
  expect(store.text(`${at}video-01.webm`)).toBe('two');
  expect(store.manifests.get(`${at}manifest.json`)).toMatchObject({
    job: { model: 'models/veo-3.1-generate-preview', createdAt: null },
    counts: { filtered: 1, objects: 3 },
    notes: ['Sample 3 was filtered.'],
  });
});

it('measures a fetch from the time of the event, because operations do not tell when they ended', async () => {
  const { ports, metrics } = portsOf({
    [NAME]: operation({ generatedSamples: [{ video: { uri: uri('one') } }] }),
    'files/one:download': 'one',
  });

  await fetchOutputs(ports, videoJob, EVENT, ATTEMPT);

  expect(metrics).toContainEqual(['SecondsToStore', 60, { project: 'default', jobType: 'video' }]);
});

it('ends for good, without an error, when every sample was filtered', async () => {
  const { ports, store, published } = portsOf({
    [NAME]: operation({ raiMediaFilteredCount: 2, raiMediaFilteredReasons: ['a'] }),
  });

  await fetchOutputs(ports, videoJob, EVENT, ATTEMPT);

  expect(store.order).toEqual([`${prefix('filtered')}operation.json`, `${prefix('filtered')}manifest.json`]);
  expect(published).toMatchObject([{ detailType: 'output.stored', detail: { status: 'filtered' } }]);
});

it('stores the error of an operation that failed', async () => {
  const { ports, store } = portsOf({ [NAME]: { name: NAME, done: true, error: { code: 3, message: 'no' } } });

  await fetchOutputs(ports, videoJob, EVENT, ATTEMPT);

  expect(store.manifests.get(`${prefix('failed')}manifest.json`)?.error).toEqual({ code: '3', message: 'no' });
});

it('keeps the words of an error in whatever form', async () => {
  for (const [error, expected] of [
    [
      { code: 'INTERNAL', message: 'no' },
      { code: 'INTERNAL', message: 'no' },
    ],
    ['no', { code: 'unknown', message: '' }],
  ] as const) {
    const { ports, store } = portsOf({ [NAME]: { name: NAME, done: true, error } });
    await fetchOutputs(ports, videoJob, EVENT, ATTEMPT);
    expect(store.manifests.get(`${prefix('failed')}manifest.json`)?.error).toEqual(expected);
  }
});

it('asks for a bare id without a model, and files it under the name that the operation has', async () => {
  const { ports, gemini, published } = portsOf({ 'operations/ld6i6vp968tt': { name: NAME, done: true, error: {} } });

  await fetchOutputs(ports, videoJob, eventOf('video', 'ld6i6vp968tt', 'video.generated'), ATTEMPT);

  expect(gemini.calls[0]).toBe('operations/ld6i6vp968tt');
  expect(published).toMatchObject([{ detail: { jobId: NAME } }]);
});

it('lands the samples that it can, and says which names no file', async () => {
  const samples = [{ video: { uri: 'gs://b/one.mp4' } }, { video: { uri: uri('two') } }, { video: null }];
  const { ports, store } = portsOf({ [NAME]: operation({ generatedSamples: samples }), 'files/two:download': 'two' });

  await fetchOutputs(ports, videoJob, EVENT, ATTEMPT);

  const at = prefix('succeeded');
  expect(store.text(`${at}video-01.mp4`)).toBe('two');
  expect(store.manifests.get(`${at}manifest.json`)?.notes).toEqual([
    'Sample 0 names no file at Gemini',
    'Sample 2 names no file at Gemini',
  ]);
});

it('waits for the samples of an operation that names none, and lands it without them', async () => {
  const { ports, time, store, published } = portsOf({ [NAME]: operation({}, { error: null, metadata: null }) });

  // Of such an operation nothing but the event, of 04:59:00, says when it ended.
  time.now = new Date('2026-11-24T05:14:00.000Z');
  await fetchOutputs(ports, videoJob, EVENT, ATTEMPT);

  const at = prefix('succeeded-without-outputs');
  expect(store.order).toEqual([`${at}operation.json`, `${at}manifest.json`]);
  expect(published).toMatchObject([{ detail: { notes: ['The operation is done, but names no sample'] } }]);
});

it.each([
  ['runs, in many words', { name: NAME, done: null, error: null, response: null }, 'ERR_OUTPUT_NOT_READY'],
  ['names nothing', operation({}), 'ERR_OUTPUT_NOT_READY'],
])('comes back to an operation that %s', async (_what, resource, code) => {
  const { ports } = portsOf({ [NAME]: resource });

  await expect(fetchOutputs(ports, videoJob, EVENT, ATTEMPT)).rejects.toMatchObject({ code });
});

const SAMPLES = ['response', 'generateVideoResponse', 'generatedSamples'];

it.each([
  [true, [...SAMPLES, 0, 'video', 'encodedVideo']],
  [false, [...SAMPLES, 0, 'video', 'uri']],
  [false, [...SAMPLES, 0, 'encodedVideo', 'encoding']],
  [false, []],
])(
  'keeps the bytes of videos, and nothing else, out of memory and of the stored copy: %s for %j',
  (isLeftOut, path) => {
    expect(videoJob.isBulk(path)).toBe(isLeftOut);
    expect(videoJob.plan(operation({})).omit(path)).toBe(isLeftOut);
  },
);

const TIMES = { createTime: '2026-11-24T04:00:00Z', updateTime: '2026-11-24T04:20:00Z' };

it.each([
  ['runs', {}, { status: 'running', hasEnded: false, error: null }],
  ['runs, in many words', { done: null, error: null }, { status: 'running', hasEnded: false, error: null }],
  ['is done', { done: true }, { status: 'generated', hasEnded: true, error: null }],
  [
    'failed',
    { done: true, error: { code: 3, message: 'no' } },
    { status: 'failed', hasEnded: true, error: { code: '3', message: 'no' } },
  ],
  [
    'was updated',
    { metadata: TIMES },
    { createdAt: new Date('2026-11-24T04:00:00Z'), endedAt: new Date('2026-11-24T04:20:00Z') },
  ],
  [
    'says when it ended',
    { metadata: { ...TIMES, endTime: '2026-11-24T04:10:00Z' } },
    { endedAt: new Date('2026-11-24T04:10:00Z') },
  ],
])('says how far an operation is that %s', (_what, members, state) => {
  expect(videoJob.stateOf({ name: NAME, ...members })).toMatchObject({ jobName: NAME, displayName: null, ...state });
});

it('plans nothing for an operation that runs, even if it names samples', () => {
  const running = operation({ generatedSamples: [{ video: { uri: uri('one') } }] }, { done: false });

  expect(() => videoJob.plan(running)).toThrow(
    expect.objectContaining({ name: 'TransientError', code: 'ERR_OUTPUT_NOT_READY' }),
  );
});

it.each([
  ['models/veo-3.1-generate-preview', NAME],
  [null, 'operations/ld6i6vp968tt'],
])('plans a file that must come, of the model %s', (model, name) => {
  const plan = videoJob.plan(operation({ generatedSamples: [{ video: { uri: uri('one') } }] }, { name }));

  expect(plan).toMatchObject({ model, files: [{ fileId: 'one', contentType: 'video/mp4' }] });
  expect(plan.files).toMatchObject([{ isLines: false, isOptional: false }]);
});

it.each([{ name: 'batches/abc' }, { name: `x${NAME}` }, { done: true }, [], null])(
  'takes %j for no operation',
  (resource) => {
    expect(() => videoJob.stateOf(resource)).toThrow(
      expect.objectContaining({ name: 'PermanentError', code: 'ERR_OUTPUT_INVALID' }),
    );
  },
);
