import { expect, it } from 'vitest';
import { fitted } from '../../../lambda/events/event-size.ts';

/** 50 bytes of JSON besides the text. */
const event = (text: string) => ({ jobId: 'a', userMetadata: { text }, data: {} });

it('leaves an event of 1000 KiB in UTF-8 as it is', () => {
  const whole = event('x'.repeat(1_023_950));

  expect(Buffer.byteLength(JSON.stringify(whole))).toBe(1_024_000);
  expect(fitted(whole)).toBe(whole);
});

it.each([
  ['by a byte', 'x'.repeat(1_023_951)],
  ['in bytes, though not in characters', 'é'.repeat(600_000)],
])('leaves out what is only a hint when it is larger %s', (_how, text) => {
  expect(fitted(event(text))).toEqual({ jobId: 'a', userMetadata: {}, data: {} });
});

it('empties the data as well, of an event that has any', () => {
  const data = { more: 'x'.repeat(1_100_000) };

  expect(fitted({ jobId: 'a', userMetadata: { team: 'a' }, data })).toEqual({ jobId: 'a', userMetadata: {}, data: {} });
  expect(fitted({ jobId: 'a', userMetadata: data })).toEqual({ jobId: 'a', userMetadata: {} });
  expect(fitted({ jobId: 'a', userMetadata: data })).not.toHaveProperty('data');
});
