import { expect, it, vi } from 'vitest';
import type { BusEvent, JobEventDetail } from '../../../lambda/events/job-event.ts';
import type { ClaimResult } from '../../../lambda/events/ports.ts';
import { onceFor, publishOnce } from '../../../lambda/events/publish-once.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');
const DETAIL: JobEventDetail = {
  ...{ schemaVersion: '1', project: 'default', webhookId: 'msg_1', type: 'batch.succeeded', jobType: 'batch' },
  ...{ jobId: 'batches/abc', status: 'succeeded', origin: 'webhook', scheme: 'v1', verifiedJob: true },
  ...{ occurredAt: '2026-11-24T04:59:00.000Z', receivedAt: '2026-11-24T05:00:00.000Z' },
  ...{ displayName: null, userMetadata: {}, data: {} },
};

function setUp(claimed: ClaimResult, wasPublished?: boolean) {
  const published: BusEvent[] = [];
  const complete = vi.fn(async () => true);
  const ports = {
    store: { claim: async () => claimed, complete, release: async () => {} },
    publisher: { publish: async (event: BusEvent) => void published.push(event) },
    clock: () => NOW,
    createOwner: () => 'owner',
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: { count: () => {}, seconds: () => {} },
    wasPublished: wasPublished === undefined ? undefined : vi.fn(async () => wasPublished),
  };
  return { ports, published, complete };
}

it('records by which delivery an event came to be on the bus', async () => {
  const { ports, published } = setUp({ outcome: 'completed', delivery: 'v1#msg_0', bodySha256: 'x', receivedAt: NOW });

  expect(await publishOnce(ports, onceFor(DETAIL, 'ab'))).toEqual({
    outcome: 'duplicate',
    completed: { delivery: 'v1#msg_0', receivedAt: NOW },
  });
  expect(published).toEqual([]);
});

it.each([
  ['for the first claim', 1, false, 0],
  ['for the first claim, even should it be there', 1, true, 0],
  ['for a lease that was taken over', 2, false, 1],
])('publishes %s', async (_what, attempts, wasPublished, asked) => {
  const { ports, published, complete } = setUp({ outcome: 'claimed', attempts }, wasPublished);

  expect(await publishOnce(ports, onceFor(DETAIL, 'ab'))).toEqual({ outcome: 'accepted' });
  expect(published).toMatchObject([{ detailType: 'batch.succeeded', detail: { webhookId: 'msg_1' } }]);
  expect(ports.wasPublished).toHaveBeenCalledTimes(asked);
  expect(complete).toHaveBeenCalledOnce();
});

it('completes and does not publish what an attempt that died had published', async () => {
  const { ports, published, complete } = setUp({ outcome: 'claimed', attempts: 2 }, true);

  expect(await publishOnce(ports, onceFor(DETAIL, 'ab'))).toEqual({ outcome: 'duplicate' });
  expect(published).toEqual([]);
  expect(complete).toHaveBeenCalledOnce();
});

it('publishes again where nobody can tell whether an attempt that died had published', async () => {
  const { ports, published } = setUp({ outcome: 'claimed', attempts: 2 });

  expect(await publishOnce(ports, onceFor(DETAIL, 'ab'))).toEqual({ outcome: 'accepted' });
  expect(published).toHaveLength(1);
});
