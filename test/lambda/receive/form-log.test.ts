import { expect, it } from 'vitest';
import type { JobEventDetail } from '../../../lambda/events/job-event.ts';
import { createFormLog } from '../../../lambda/receive/form-log.ts';

const VERIFIED = { project: 'default', webhookId: 'msg_1', attemptedAt: new Date(0), bodySha256: 'ab' } as const;

function setUp() {
  const lines: unknown[][] = [];
  const no = () => {};
  const note = createFormLog({ info: (...line) => void lines.push(line), warn: no, error: no });
  return {
    lines,
    note: (body: object, { type = 'batch.succeeded', id = 'msg_abc' } = {}) =>
      note(
        { route: { kind: 'static', project: 'default' }, headers: { 'webhook-id': id }, body: Buffer.alloc(0) },
        { ...VERIFIED, scheme: 'v1', payload: Buffer.from(JSON.stringify(body)) },
        { type } as JobEventDetail,
      ),
  };
}

it('logs what a delivery looks like, once for those that differ in nothing but lengths', () => {
  const { lines, note } = setUp();

  note({ type: 'batch.succeeded', data: { id: 'batches/abc' } });
  note({ type: 'batch.succeeded', data: { id: 'batches/abcdefghijkl' } }, { id: 'msg_abcdefghijklmnop' });
  note({ type: 'batch.failed', data: { id: 'batches/abc' } }, { type: 'batch.failed' });

  expect(lines).toEqual([
    [
      'Delivery of a new form',
      {
        ...{ eventType: 'batch.succeeded', route: 'static', scheme: 'v1' },
        ...{ headers: 'webhook-id: msg_<3 letters and digits>', keys: 'data, type, data.id' },
        ...{ dataId: 'batches/<3 letters and digits>', metadataAt: '' },
      },
    ],
    [expect.any(String), expect.objectContaining({ eventType: 'batch.failed' })],
  ]);
});

it('reads the claims of a JWT as they are', () => {
  const lines: unknown[][] = [];
  const no = () => {};
  createFormLog({ info: (...line) => void lines.push(line), warn: no, error: no })(
    { route: { kind: 'dynamic', project: 'default', token: 't' }, headers: {}, body: Buffer.alloc(0) },
    { ...VERIFIED, scheme: 'jwt', payload: { type: 'batch.succeeded', iat: 1 } },
    { type: 'batch.succeeded' } as JobEventDetail,
  );

  expect(lines).toMatchObject([[expect.any(String), { route: 'dynamic', scheme: 'jwt', keys: 'iat, type' }]]);
});

it('logs thirty forms and no more', () => {
  const { lines, note } = setUp();

  for (let index = 0; index < 40; index += 1) note({ [`name${index}`]: 1 });

  expect(lines).toHaveLength(30);
});
