import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { rangeHeaders, rangeOf } from '../../../lambda/gemini/range.ts';

const WANTED = { start: 10, length: 20 };
const answer = (status: number, headers: Record<string, string>) => ({
  ...{ status, headers: new Headers(headers), body: Readable.from([]) },
});

it.each([
  [undefined, undefined, {}],
  [WANTED, undefined, { range: 'bytes=10-29' }],
  [WANTED, '"e1W/"', { range: 'bytes=10-29', 'if-range': '"e1W/"' }],
  [WANTED, 'W/"e1"', { range: 'bytes=10-29' }],
])('asks for %j of the file with the ETag %s', (wanted, etag, headers) => {
  expect(rangeHeaders(wanted, etag)).toEqual(headers);
});

it.each([
  ['what was asked for', 'bytes 10-29/100', { bytes: 20, total: 100, etag: undefined }],
  ['the rest of the file', 'bytes 10-19/20', { bytes: 10, total: 20, etag: undefined }],
  ['one byte', 'bytes 10-10/11', { bytes: 1, total: 11, etag: undefined }],
])('takes an answer with %s', (_what, contentRange, range) => {
  expect(rangeOf(answer(206, { 'content-range': contentRange }), WANTED)).toEqual(range);
});

it('takes an answer whose length agrees, and its ETag', () => {
  const headers = { 'content-range': 'bytes 10-29/100', 'content-length': '20', etag: '"e1"' };

  expect(rangeOf(answer(206, headers), WANTED)).toEqual({ bytes: 20, total: 100, etag: '"e1"' });
});

it.each([
  ['another status', 200, { 'content-range': 'bytes 10-29/100' }],
  ['no range', 206, {}],
  ['an earlier range', 206, { 'content-range': 'bytes 9-28/100' }],
  ['less of the range at its beginning', 206, { 'content-range': 'bytes 11-29/100' }],
  ['a shorter range', 206, { 'content-range': 'bytes 10-28/100' }],
  ['a longer range', 206, { 'content-range': 'bytes 10-30/100' }],
  ['no byte', 206, { 'content-range': 'bytes 10-9/10' }],
  ['a size that nobody knows', 206, { 'content-range': 'bytes 10-29/*' }],
  ['words before', 206, { 'content-range': 'some bytes 10-29/100' }],
  ['words after', 206, { 'content-range': 'bytes 10-29/100, and more' }],
  ['another unit', 206, { 'content-range': 'lines 10-29/100' }],
  ['another length', 206, { 'content-range': 'bytes 10-29/100', 'content-length': '21' }],
  ['compressed bytes', 206, { 'content-range': 'bytes 10-29/100', 'content-encoding': 'gzip' }],
])('takes no answer with %s', (_what, status, headers) => {
  expect(rangeOf(answer(status, headers as Record<string, string>), WANTED)).toBeUndefined();
});
