import { expect, it } from 'vitest';
import { setAt } from '../../cli/set-path.ts';
import { nearest } from '../../lambda/nearest.ts';

it.each([
  ['statsu', ['status', 'show'], 'status'],
  ['shwo', ['status', 'show'], 'show'],
  ['bacth', ['batch', 'video'], 'batch'],
  ['entirely', ['status', 'show'], undefined],
  ['', ['status'], undefined],
])('finds for %s among %j: %s', (written, words, meant) => {
  expect(nearest(written, words)).toBe(meant);
});

it.each([
  ['userMetadata.team=search', { userMetadata: { team: 'search', old: 1 } }],
  ['objectCount=3', { userMetadata: { old: 1 }, objectCount: 3 }],
  ['a.b.c=["x"]', { userMetadata: { old: 1 }, a: { b: { c: ['x'] } } }],
  ['jobId=null', { userMetadata: { old: 1 }, jobId: null }],
  ['note=a=b', { userMetadata: { old: 1 }, note: 'a=b' }],
])('sets %s', (setting, expected) => {
  expect(setAt({ userMetadata: { old: 1 } }, setting)).toEqual(expected);
});

it.each(['novalue', '=x', 'a..b=1', '__proto__.x=1'])('refuses %s', (setting) => {
  expect(() => setAt({}, setting)).toThrow(`--set is "${setting}"; give path=value`);
});
