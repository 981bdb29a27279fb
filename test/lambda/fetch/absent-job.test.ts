import { expect, it } from 'vitest';
import { judgeAbsence } from '../../../lambda/fetch/absent-job.ts';
import { eventOf } from '../../fakes/fetch-ports.ts';

/** Of a batch whose event says 04:59. */
const EVENT = eventOf('batch', 'batches/abc', 'batch.succeeded');
const DYNAMIC = { ...EVENT, scheme: 'v1a' } as const;
const UNKNOWN = { isOurs: false, userMetadata: {}, displayName: null, lastCode: 'ERR_JOB_NOT_FOUND' } as const;
const STRANGERS = {
  event: DYNAMIC,
  attempt: 7,
  known: UNKNOWN,
  retentionMs: 48 * 3600_000,
  now: new Date('2026-11-24T05:05:00Z'),
};

it('is a stranger’s after seven attempts, when it came by the dynamic route and nobody has heard of it', () => {
  expect(judgeAbsence(STRANGERS)).toMatchObject({ name: 'PermanentError', code: 'ERR_JOB_NOT_OURS' });
  expect(judgeAbsence({ ...STRANGERS, event: { ...EVENT, scheme: 'jwt' } })).toMatchObject({
    code: 'ERR_JOB_NOT_OURS',
  });
});

it.each([
  ['it is the first of seven attempts', { attempt: 1 }],
  ['it is the sixth', { attempt: 6 }],
  ['it came by the static route, whose secret is one project’s', { event: EVENT, attempt: 35 }],
  ['it was read from the API itself', { event: { ...EVENT, scheme: 'api' } as const, attempt: 35 }],
  ['it was submitted or listed', { known: { ...UNKNOWN, isOurs: true }, attempt: 35 }],
  ['the ledger could not be asked', { known: undefined, attempt: 35 }],
  ['the attempt before failed for another reason', { known: { ...UNKNOWN, lastCode: 'ERR_GEMINI_REFUSED' } }],
  ['it is the last moment for which Gemini keeps it', { event: EVENT, now: new Date('2026-11-26T04:58:59Z') }],
])('may still come when %s', (_what, change) => {
  expect(judgeAbsence({ ...STRANGERS, ...change })).toMatchObject({
    name: 'TransientError',
    code: 'ERR_JOB_NOT_FOUND',
  });
});

it('is gone when its retention is over, at whatever attempt', () => {
  const after = { ...STRANGERS, event: EVENT, attempt: 1, now: new Date('2026-11-26T04:59:00Z') };

  expect(judgeAbsence(after)).toMatchObject({
    ...{ name: 'PermanentError', code: 'ERR_OUTPUT_GONE' },
    message: 'Gemini does not have the job; it keeps one for 48 hours',
  });
  expect(judgeAbsence({ ...after, retentionMs: 55 * 24 * 3600_000 })).toMatchObject({ code: 'ERR_JOB_NOT_FOUND' });
});
