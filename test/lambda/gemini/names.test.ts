import { expect, it } from 'vitest';
import { outputPrefix } from '../../../lambda/events/output-keys.ts';
import { backoffSeconds } from '../../../lambda/fetch/backoff.ts';
import { extensionOf, mediaTypeOf } from '../../../lambda/gemini/media-type.ts';
import {
  batchNames,
  dateOf,
  environmentFileId,
  fileIdOf,
  interactionId,
  operationNames,
  statusOf,
} from '../../../lambda/gemini/names.ts';

it.each([
  ['files/batch-abc', 'batch-abc'],
  ['https://generativelanguage.googleapis.com/v1beta/files/zsmxt6ue9jk1:download?alt=media', 'zsmxt6ue9jk1'],
  ['https://generativelanguage.googleapis.com/download/v1beta/files/batch-abc:download?alt=media', 'batch-abc'],
  ['http://127.0.0.1:4000/prefix/v1beta/files/a1', 'a1'],
  ['https://host/files/a1', 'a1'],
  [`https://host/${'a'.repeat(2026)}/files/a1`, 'a1'],
  [`https://host/${'a'.repeat(2026)}/files/a1?`, undefined],
  ['gs://bucket/files/abc', undefined],
  ['files/', undefined],
  ['files/../secrets', undefined],
  ['files/abc/../../models', undefined],
  ['files/ABC', undefined],
  ['https://example.com/?q=files/abc', undefined],
  ['https://example.com/#files/abc', undefined],
  [`files/${'a'.repeat(129)}`, undefined],
  [undefined, undefined],
  [7, undefined],
])('reads the file id in %.60s', (uri, id) => {
  expect(fileIdOf(uri)).toBe(id);
});

it('tries the names that an id may stand for', () => {
  expect(batchNames('batches/abc')).toEqual(['batches/abc']);
  expect(batchNames('batches/batch_abc')).toEqual(['batches/batch_abc', 'batches/abc']);
  expect(operationNames('models/m/operations/x')).toEqual(['models/m/operations/x']);
  expect(operationNames('operations/x')).toEqual(['operations/x']);
  expect(operationNames('x')).toEqual(['operations/x']);
  expect(operationNames('video_x')).toEqual(['operations/video_x', 'operations/x']);
});

it('takes an interaction’s id with and without its resource prefix', () => {
  expect([interactionId('v1_x'), interactionId('interactions/v1_x')]).toEqual(['v1_x', 'v1_x']);
});

it('names the files of an environment, and nothing that could be another path', () => {
  expect(environmentFileId('env_Ab-9')).toBe('environment-env_Ab-9');
  expect(['', '../x', 'a/b', 'a:b', 7, null].map(environmentFileId)).toEqual(Array(6).fill(undefined));
});

it('reads states with either prefix, and dates with nine decimals', () => {
  expect(statusOf('BATCH_STATE_SUCCEEDED')).toBe('succeeded');
  expect(statusOf('JOB_STATE_EXPIRED')).toBe('expired');
  expect(statusOf('OTHER_JOB_STATE_EXPIRED')).toBe('other_job_state_expired');
  expect(dateOf('2026-01-06T23:59:59.943530657Z')?.toISOString()).toBe('2026-01-06T23:59:59.943Z');
  expect(dateOf('2026-01-06T23:59:59-01:30')?.toISOString()).toBe('2026-01-07T01:29:59.000Z');
  // Without a zone it would be a time of wherever the function runs.
  expect(dateOf('2026-01-06T23:59:59')).toBeUndefined();
  expect(dateOf('yesterday')).toBeUndefined();
  expect(dateOf(undefined)).toBeUndefined();
});

it('keeps whatever a resource says inside its own folder', () => {
  const createdAt = new Date('2026-01-06T23:59:59Z');

  expect(outputPrefix({ project: 'default', jobType: 'batch', jobName: 'batches/abc', createdAt }, 'succeeded')).toBe(
    'batch/project=default/date=2026-01-06/job=abc/succeeded/',
  );
  expect(
    outputPrefix(
      { project: 'acme', jobType: 'video', jobName: 'models/m/operations/x', createdAt: undefined },
      'a/../b',
    ),
  ).toBe('video/project=acme/date=unknown/job=x/a____b/');
  const long = { project: 'acme', jobType: 'video', jobName: 'j'.repeat(513), createdAt: undefined } as const;
  expect(outputPrefix(long, 's'.repeat(41))).toBe(
    `video/project=acme/date=unknown/job=${'j'.repeat(512)}/${'s'.repeat(40)}/`,
  );
});

it.each([
  ['image/png', 'png'],
  ['audio/L16;codec=pcm;rate=24000', 'pcm'],
  ['audio/l16; rate=24000; channels=1', 'pcm'],
  ['video/x-unknown', 'bin'],
])('gives %s the extension %s', (mediaType, extension) => {
  expect(mediaTypeOf(undefined, mediaType)).toBe(mediaType);
  expect(extensionOf(mediaType)).toBe(extension);
});

it('takes nothing for a media type that could end a header', () => {
  expect(mediaTypeOf('image/png\r\nx: y')).toBe('application/octet-stream');
  expect(mediaTypeOf('png', '')).toBe('application/octet-stream');
});

it('waits longer each time, at least as long as it was asked to, and never over an hour', () => {
  expect([1, 2, 3, 10, 11, 30].map((count) => backoffSeconds(count))).toEqual([5, 10, 20, 2560, 3600, 3600]);
  expect(backoffSeconds(1, 33.2)).toBe(34);
  expect(backoffSeconds(1, 86_400)).toBe(3600);
});
