import { expect, it } from 'vitest';
import { findDeployed, isSignedWith } from '../../../lambda/registration/desired-webhook.ts';

const WANTED = { name: 'ours', uri: 'https://uri', events: ['batch.succeeded'] } as const;
const webhook = (id: string, changes: object = {}) => ({ id, ...WANTED, state: 'enabled', secrets: [], ...changes });

it('finds ours by name and URL before another of that name, and none of another name', () => {
  const moved = webhook('wh1', { uri: 'https://other' });
  const somebody = webhook('wh2', { name: 'somebody' });

  expect(findDeployed([somebody, moved, webhook('wh3')], WANTED)?.id).toBe('wh3');
  expect(findDeployed([somebody, moved], WANTED)?.id).toBe('wh1');
  expect(findDeployed([somebody], WANTED)).toBeUndefined();
});

const lasting = (ending: string) => ({ ending, expiresAt: undefined });
const expiring = (ending: string) => ({ ending, expiresAt: '2026-11-25T05:00:00Z' });

it.each([
  ['the one that lasts is known', [lasting('new'), expiring('old')], ['whsec_new'], true],
  ['only the one that expires is known', [lasting('new'), expiring('old')], ['whsec_old'], false],
  ['one of two that last is known', [lasting('one'), lasting('new')], ['whsec_new'], true],
  ['all expire, and one is known', [expiring('one'), expiring('old')], ['whsec_old'], true],
  ['all expire, and none is known', [expiring('one'), expiring('old')], ['whsec_new'], false],
  ['the one that lasts has no ending', [lasting(''), expiring('old')], ['whsec_new'], false],
  ['nothing is known', [lasting('new')], [], false],
  ['no ending is shown', [lasting('')], ['whsec_new'], undefined],
  ['no secret is shown', [], ['whsec_new'], undefined],
])('knows whether Gemini goes on with a secret that is known: %s', (_when, secrets, values, expected) => {
  expect(isSignedWith(webhook('wh1', { secrets }), values)).toBe(expected);
});
