import { describe, expect, it, vi } from 'vitest';
import type { BusEvent } from '../../../lambda/events/job-event.ts';
import type { ClaimResult } from '../../../lambda/events/ports.ts';
import type { FoundJob } from '../../../lambda/ledger/ports.ts';
import { receiveWebhook } from '../../../lambda/receive/receive.ts';
import { RequestError, TransientError } from '../../../lambda/shared/errors.ts';
import type { RawDelivery, VerifiedDelivery } from '../../../lambda/standard-webhooks/delivery.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');
const BODY = Buffer.from('{"type":"batch.succeeded","data":{"id":"abc"}}');
const DELIVERY: RawDelivery = { route: { kind: 'static', project: 'default' }, headers: {}, body: BODY };

function setUp(claimed: ClaimResult = { outcome: 'claimed', attempts: 1 }) {
  const calls: string[] = [];
  const track = <Result>(name: string, result: Result) =>
    vi.fn(async (): Promise<Result> => {
      calls.push(name);
      return result;
    });
  const verified: VerifiedDelivery = {
    project: 'default',
    scheme: 'v1',
    webhookId: 'msg_1',
    attemptedAt: NOW,
    payload: BODY,
    bodySha256: 'ab',
  };
  const published: BusEvent[] = [];
  const count = vi.fn();
  const ports = {
    authenticate: track('authenticate', verified),
    store: { claim: track('claim', claimed), complete: track('complete', true), release: track('release', undefined) },
    publisher: {
      publish: vi.fn(async (event: BusEvent) => {
        calls.push('publish');
        published.push(event);
      }),
    },
    clock: () => NOW,
    findJob: async (): Promise<FoundJob | undefined> => undefined,
    createOwner: () => 'owner-1',
    log: { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
    metrics: { count, seconds: vi.fn() },
  };
  return { ports, calls, published, count };
}

it('claims, publishes and completes, in this order', async () => {
  const { ports, calls, published, count } = setUp();

  expect(await receiveWebhook(ports, DELIVERY)).toEqual({ outcome: 'accepted' });

  expect(calls).toEqual(['authenticate', 'claim', 'publish', 'complete']);
  expect(published).toMatchObject([
    { detailType: 'batch.succeeded', detail: { jobId: 'batches/abc', webhookId: 'msg_1' } },
  ]);
  expect(ports.store.claim).toHaveBeenCalledWith(
    expect.objectContaining({ id: 'default#batch.succeeded#abc', delivery: 'v1#msg_1', owner: 'owner-1' }),
    NOW,
  );
  expect(count).toHaveBeenCalledWith('Deliveries', { project: 'default', outcome: 'accepted' });
});

describe('what the ledger knows of the job', () => {
  const BY_GOOGLE = {
    project: 'default',
    scheme: 'v1a',
    webhookId: 'msg_1',
    attemptedAt: NOW,
    bodySha256: 'ab',
  } as const;
  const body = '{"type":"batch.succeeded","data":{"id":"abc","user_metadata":{"team":"delivered","more":1}}}';
  const submitted = { userMetadata: { team: 'submitted' }, displayName: 'nightly' };

  it('stands in the event: the job is verified, and what the application said about it counts', async () => {
    const { ports, published } = setUp();
    ports.authenticate.mockResolvedValue({ ...BY_GOOGLE, payload: Buffer.from(body) });
    const findJob = vi.fn(async () => submitted);

    await receiveWebhook({ ...ports, findJob }, DELIVERY);

    expect(findJob).toHaveBeenCalledWith({ project: 'default', jobType: 'batch', jobId: 'batches/abc' });
    expect(published).toMatchObject([
      { detail: { verifiedJob: true, displayName: 'nightly', userMetadata: { team: 'submitted', more: 1 } } },
    ]);
  });

  it('is nothing for a job of somebody else, which is announced as not verified', async () => {
    const { ports, published } = setUp();
    ports.authenticate.mockResolvedValue({ ...BY_GOOGLE, payload: Buffer.from(body) });

    await receiveWebhook(ports, DELIVERY);

    expect(published).toMatchObject([
      { detail: { verifiedJob: false, displayName: null, userMetadata: { team: 'delivered' } } },
    ]);
  });

  it('stops no delivery while the ledger is away', async () => {
    const { ports, published } = setUp();
    ports.authenticate.mockResolvedValue({ ...BY_GOOGLE, payload: Buffer.from(body) });
    const findJob = async () => {
      throw new TransientError('ERR_STORE_UNAVAILABLE', 'away');
    };

    expect(await receiveWebhook({ ...ports, findJob }, DELIVERY)).toEqual({ outcome: 'accepted' });
    expect(published).toMatchObject([{ detail: { verifiedJob: false } }]);
    expect(ports.log.warn).toHaveBeenCalledOnce();
  });

  it('is asked while the claim is made, and not of what names no job', async () => {
    const { ports, calls } = setUp();
    const findJob = vi.fn(async () => {
      calls.push('find');
      return undefined;
    });

    await receiveWebhook({ ...ports, findJob }, DELIVERY);
    expect(calls).toEqual(['authenticate', 'find', 'claim', 'publish', 'complete']);

    for (const payload of ['{"type":"ping"}', '{"type":"batch.succeeded"}', '{"type":"ping","data":{"id":"abc"}}']) {
      ports.authenticate.mockResolvedValue({ ...BY_GOOGLE, payload: Buffer.from(payload) });
      await receiveWebhook({ ...ports, findJob }, DELIVERY);
    }
    expect(findJob).toHaveBeenCalledOnce();
  });

  it('is asked for with the type of the job', async () => {
    const { ports } = setUp();
    const findJob = vi.fn(async () => undefined);
    const payload = Buffer.from('{"type":"video.generated","data":{"id":"abc"}}');
    ports.authenticate.mockResolvedValue({ ...BY_GOOGLE, payload });

    await receiveWebhook({ ...ports, findJob }, DELIVERY);

    expect(findJob.mock.calls).toMatchObject([[{ jobType: 'video' }]]);
  });
});

it('publishes nothing for a duplicate, and counts another body under the same webhook id', async () => {
  const same = setUp({ outcome: 'completed', delivery: 'v1#msg_1', bodySha256: 'ab', receivedAt: NOW });
  const other = setUp({ outcome: 'completed', delivery: 'v1#msg_1', bodySha256: 'cd', receivedAt: NOW });
  const second = setUp({ outcome: 'completed', delivery: 'v1#msg_2', bodySha256: 'cd', receivedAt: NOW });

  expect(await receiveWebhook(same.ports, DELIVERY)).toMatchObject({ outcome: 'duplicate' });
  expect(await receiveWebhook(other.ports, DELIVERY)).toMatchObject({ outcome: 'duplicate' });
  expect(await receiveWebhook(second.ports, DELIVERY)).toMatchObject({ outcome: 'duplicate' });

  expect(same.calls).toEqual(['authenticate', 'claim']);
  expect(same.count).not.toHaveBeenCalledWith('PayloadMismatch', expect.anything());
  expect(other.count).toHaveBeenCalledWith('PayloadMismatch', { project: 'default' });
  expect(second.count).not.toHaveBeenCalledWith('PayloadMismatch', expect.anything());
});

it('says when to come back while another delivery holds the lease', async () => {
  const { ports, calls } = setUp({ outcome: 'in-progress', leaseEndsAt: new Date('2026-11-24T05:00:09.100Z') });

  expect(await receiveWebhook(ports, DELIVERY)).toEqual({ outcome: 'in-progress', retryAfterSeconds: 10 });
  expect(calls).toEqual(['authenticate', 'claim']);
});

it('releases the claim when publishing fails, even if the release fails too', async () => {
  const { ports, calls } = setUp();
  ports.publisher.publish.mockRejectedValue(new TransientError('ERR_PUBLISH_FAILED', 'away'));

  await expect(receiveWebhook(ports, DELIVERY)).rejects.toMatchObject({ code: 'ERR_PUBLISH_FAILED' });
  expect(calls).toEqual(['authenticate', 'claim', 'release']);

  ports.store.release.mockRejectedValue(new TransientError('ERR_STORE_UNAVAILABLE', 'away'));
  await expect(receiveWebhook(ports, DELIVERY)).rejects.toMatchObject({ code: 'ERR_PUBLISH_FAILED' });
});

it('names a genuine delivery that it could not handle', async () => {
  const { ports } = setUp();
  ports.store.claim.mockRejectedValue(new TransientError('ERR_STORE_UNAVAILABLE', 'away'));

  await expect(receiveWebhook(ports, DELIVERY)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(ports.log.error.mock.calls).toEqual([
    [
      'Delivery not handled',
      expect.objectContaining({ project: 'default', webhookId: 'msg_1', code: 'ERR_STORE_UNAVAILABLE' }),
    ],
  ]);
});

it('accepts what is on the bus, though it could not be completed', async () => {
  const lost = setUp();
  lost.ports.store.complete.mockResolvedValue(false);
  const away = setUp();
  away.ports.store.complete.mockRejectedValue(new TransientError('ERR_STORE_UNAVAILABLE', 'away'));

  expect(await receiveWebhook(lost.ports, DELIVERY)).toEqual({ outcome: 'accepted' });
  expect(await receiveWebhook(away.ports, DELIVERY)).toEqual({ outcome: 'accepted' });
  expect(lost.count).toHaveBeenCalledWith('CompleteFailed', { project: 'default' });
  expect(away.count).toHaveBeenCalledWith('CompleteFailed', { project: 'default' });
});

it('touches neither store nor bus nor log for what is not genuine', async () => {
  const { ports, calls, count } = setUp();
  ports.authenticate.mockRejectedValue(new RequestError('ERR_SIGNATURE_MISMATCH', 'no'));

  await expect(receiveWebhook(ports, DELIVERY)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_MISMATCH' });

  expect(calls).toEqual([]);
  expect(ports.log.info).not.toHaveBeenCalled();
  expect(ports.log.error).not.toHaveBeenCalled();
  expect(count.mock.calls).toEqual([['Deliveries', { project: 'default', outcome: 'ERR_SIGNATURE_MISMATCH' }]]);
});

it('refuses a body over 256 KiB before it looks at anything else', async () => {
  const { ports, calls } = setUp();

  const result = receiveWebhook(ports, { ...DELIVERY, body: Buffer.alloc(262_145) });

  await expect(result).rejects.toMatchObject({ code: 'ERR_BODY_TOO_LARGE' });
  expect(calls).toEqual([]);
  expect(await receiveWebhook(ports, { ...DELIVERY, body: Buffer.alloc(262_144) })).toEqual({ outcome: 'accepted' });
});

it('puts no token on the bus that came with the delivery', async () => {
  const { ports, published } = setUp();
  const token = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
  const body = JSON.stringify({
    type: 'batch.succeeded',
    data: { id: 'abc', user_metadata: { at: `/${token}`, a: 1 } },
  });
  ports.authenticate.mockResolvedValue({
    ...{ project: 'default', scheme: 'v1a', webhookId: 'msg_1', attemptedAt: NOW, bodySha256: 'ab' },
    payload: Buffer.from(body),
  });

  await receiveWebhook(ports, { ...DELIVERY, route: { kind: 'dynamic', project: 'default', token } });

  expect(published).toMatchObject([{ detail: { userMetadata: { a: 1 } } }]);
  expect(JSON.stringify(published)).not.toContain(token);
});

it('counts a defect as one, before and after the signature', async () => {
  const { ports, count } = setUp();
  ports.store.claim.mockRejectedValue(new TypeError('defect'));

  await expect(receiveWebhook(ports, DELIVERY)).rejects.toThrow('defect');
  expect(count.mock.calls).toEqual([['Deliveries', { project: 'default', outcome: 'ERR_INTERNAL' }]]);
  expect(ports.log.error.mock.calls).toMatchObject([['Delivery not handled', { code: 'ERR_INTERNAL' }]]);
});
