import { expect, it } from 'vitest';
import { applyEvent, type Row } from '../../../local/demo/progress.ts';

type BusEvent = Parameters<typeof applyEvent>[1];

const event = (type: string, detail: Record<string, unknown>) =>
  ({ 'detail-type': type, detail }) as unknown as BusEvent;
const rowsOf = (): Row[] => [
  { title: 'not submitted yet', submittedAt: 0 },
  { title: 'batch', job: 'batches/a', submittedAt: 1000 },
];

it('notes what was pushed, how it was verified, and when it was first on the bus', () => {
  const rows = rowsOf();
  const completed = event('batch.succeeded', { jobId: 'batches/a', scheme: 'v1a' });

  expect(applyEvent(rows, completed, 3500)).toEqual({ row: rows[1] });
  applyEvent(rows, completed, 9000);

  expect(rows[1]).toEqual({
    ...{ title: 'batch', job: 'batches/a', submittedAt: 1000 },
    ...{ event: 'batch.succeeded', scheme: 'v1a', onBusSeconds: 2.5 },
  });
});

it('names the manifest of an announcement, and does not take the announcement for the manifest', () => {
  const rows = rowsOf();
  const stored = event('output.stored', { jobId: 'batches/a', manifestKey: 'batch/manifest.json' });

  expect(applyEvent(rows, stored, 2000)).toEqual({ row: rows[1], stored: 'batch/manifest.json' });
  expect(rows[1]?.stored).toBeUndefined();
});

it('gives a job up when its fetch failed for good', () => {
  const rows = rowsOf();

  applyEvent(rows, event('output.failed', { jobId: 'batches/a', code: 'ERR_OUTPUT_GONE' }), 2000);

  expect(rows[1]?.failed).toBe('ERR_OUTPUT_GONE');
});

it.each([['batches/b'], [undefined]])('leaves alone what is about no job of the demo: %s', (jobId) => {
  const rows = rowsOf();

  expect(applyEvent(rows, event('batch.succeeded', { jobId }), 2000)).toBeUndefined();
  expect(rows).toEqual(rowsOf());
});

it('takes no notice of what the application said itself', () => {
  const rows = rowsOf();

  expect(applyEvent(rows, event('job.submitted', { jobId: 'batches/a' }), 2000)).toBeUndefined();
  expect(rows).toEqual(rowsOf());
});
