import { expect, it } from 'vitest';
import { nearest } from '../../lambda/nearest.ts';

const WORDS = ['redrive', 'refetch', 'rotate', 'status', 'jobs', 'throttleRate'];

it.each([
  ['redrive', 'redrive'],
  ['REDRIVE', 'redrive'],
  ['redirve', 'redrive'],
  ['redrives', 'redrive'],
  ['edrive', 'redrive'],
  ['rredrivve', 'redrive'],
  ['jbos', 'jobs'],
  ['obs', 'jobs'],
  ['kobs', 'jobs'],
  ['throttlerate', 'throttleRate'],
  ['throtleRaet', 'throttleRate'],
])('guesses what %s means: %s', (written, meant) => {
  expect(nearest(written, WORDS)).toBe(meant);
});

it.each(['', 'js', 'sboj', 'koba', 'jobsite', 'rdrvie3'])('does not guess what "%s" means', (written) => {
  expect(nearest(written, WORDS)).toBeUndefined();
});

it('takes the word that is nearest, and of two the first', () => {
  expect(nearest('batch.succeded', ['batch.suceed', 'batch.succeeded'])).toBe('batch.succeeded');
  expect(nearest('cat', ['bat', 'rat'])).toBe('bat');
  expect(nearest('a', [])).toBeUndefined();
});
