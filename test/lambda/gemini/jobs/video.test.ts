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
  ['runs', { name: NAME }, 'ERR_OUTPUT_NOT_READY'],
  ['runs, in many words', { name: NAME, done: null, error: null, response: null }, 'ERR_OUTPUT_NOT_READY'],
  ['names nothing', operation({}), 'ERR_OUTPUT_NOT_READY'],
])('comes back to an operation that %s', async (_what, resource, code) => {
  const { ports } = portsOf({ [NAME]: resource });

  await expect(fetchOutputs(ports, videoJob, EVENT, ATTEMPT)).rejects.toMatchObject({ code });
});
