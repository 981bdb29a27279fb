import { expect, it } from 'vitest';
import { toReconciledEvent } from '../../../lambda/reconcile/reconciled-event.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');
const ENDED = {
  project: 'acme',
  endedAt: new Date('2026-11-24T04:00:00.000Z'),
  error: null,
  userMetadata: { job_group: 'g' },
  displayName: 'nightly-eval',
} as const;

it('says about an interaction that is incomplete what its webhook would have said', () => {
  const job = { ...ENDED, jobType: 'interaction', jobName: 'v1_a', status: 'incomplete' } as const;

  expect(toReconciledEvent(job, NOW)).toEqual({
    schemaVersion: '1',
    verifiedJob: true,
    project: 'acme',
    webhookId: 'api#acme#interaction.completed#v1_a',
    type: 'interaction.completed',
    jobType: 'interaction',
    jobId: 'v1_a',
    status: 'completed',
    occurredAt: '2026-11-24T04:00:00.000Z',
    receivedAt: '2026-11-24T05:00:00.000Z',
    origin: 'reconciler',
    scheme: 'api',
    userMetadata: { job_group: 'g' },
    displayName: 'nightly-eval',
    data: { id: 'v1_a' },
  });
});

it.each([
  ['interaction', 'budget_exceeded', 'interaction.completed'],
  ['interaction', 'cancelled', 'interaction.cancelled'],
  ['interaction', 'failed', 'interaction.failed'],
  ['batch', 'partially_succeeded', 'batch.succeeded'],
  ['batch', 'expired', 'batch.expired'],
  ['video', 'generated', 'video.generated'],
] as const)('calls the end of a %s that is %s %s', (jobType, status, type) => {
  const jobName = jobType === 'batch' ? 'batches/a' : 'a';
  expect(toReconciledEvent({ ...ENDED, jobType, jobName, status }, NOW).type).toBe(type);
});
