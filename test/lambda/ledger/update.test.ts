import { describe, expect, it } from 'vitest';
import type { LedgerFact } from '../../../lambda/ledger/facts.ts';
import { updateOf } from '../../../lambda/ledger/update.ts';

const JOB = { project: 'acme', jobType: 'batch', jobId: 'batches/abc' } as const;
const AT = new Date('2026-11-24T05:00:00.000Z');
const time = { S: '2026-11-24T05:00:00.000Z' };

describe('a fetch that failed', () => {
  const failed = {
    ...JOB,
    kind: 'failed',
    failedAt: AT,
    code: 'ERR_OUTPUT_GONE',
    manifestKey: 'p/manifest.json',
  } as const;
  const facts = { failedAt: time, failureCode: { S: 'ERR_OUTPUT_GONE' }, manifestKey: { S: 'p/manifest.json' } };

  it('for good closes the job, unless it has been stored', () => {
    expect(updateOf({ ...failed, retryable: false })).toEqual({
      facts: { ...facts, closedAt: time },
      moves: {
        to: { queue: { S: expect.stringMatching(/^failed#acme#batch#[0-7]$/) }, due: { N: '1795496400000' } },
        unless: ['storedAt'],
      },
    });
  });

  it('leaves a job open that a redrive may store', () => {
    expect(updateOf({ ...failed, retryable: true })).toEqual({ facts });
  });

  it('has no manifest when the bucket is what failed', () => {
    expect(updateOf({ ...failed, manifestKey: undefined, retryable: true }).facts).not.toHaveProperty('manifestKey');
  });
});

describe('what an application says about a job', () => {
  const last = (named: Pick<LedgerFact & { kind: 'submitted' }, 'userMetadata' | 'displayName'>) =>
    updateOf({ ...JOB, kind: 'submitted', submittedAt: AT, ...named }).last;
  /** `{"a":""}` is 8 bytes. */
  const metadata = (bytes: number) => ({ a: 'x'.repeat(bytes - 8) });

  it('is kept as JSON of up to 8 KiB, beside a name of up to 512 characters', () => {
    expect(last({ userMetadata: metadata(8192), displayName: 'n'.repeat(513) })).toEqual({
      userMetadata: { S: `{"a":"${'x'.repeat(8184)}"}` },
      displayName: { S: 'n'.repeat(512) },
    });
  });

  it.each([
    ['over 8 KiB of metadata', { userMetadata: metadata(8193) }],
    ['nothing', { userMetadata: {}, displayName: '' }],
  ])('is left out when it is %s', (_what, named) => {
    expect(last(named)).toEqual({});
  });
});
