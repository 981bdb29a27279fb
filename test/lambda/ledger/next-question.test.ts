import { expect, it } from 'vitest';
import { pauseMs } from '../../../lambda/ledger/next-question.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

it.each([
  ['an eighth of the time for which the job runs', { since: ago(80), failingSince: undefined }, 10],
  ['the time for which questions have failed', { since: ago(80), failingSince: ago(20) }, 20],
  ['half an hour at most', { since: ago(6000), failingSince: ago(90) }, 30],
  ['longer, when Gemini asks for it', { since: ago(80), failingSince: ago(20), retryAfterSeconds: 2700 }, 45],
  ['nothing for a job of the future', { since: ago(-80), failingSince: undefined }, 0],
])('waits %s', (_what, question, minutes) => {
  expect(pauseMs(question, NOW)).toBe(minutes * 60_000);
});
