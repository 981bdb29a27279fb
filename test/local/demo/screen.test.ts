import { expect, it } from 'vitest';
import { formatBytes } from '../../../cli/table.ts';
import { renderProgress } from '../../../local/demo/progress.ts';
import { createScreen, renderBucket } from '../../../local/demo/screen.ts';

it('draws what is known of each job', () => {
  const rows = [
    { title: 'batch', submittedAt: 0 },
    {
      ...{ title: 'video', submittedAt: 0, job: 'models/veo/operations/abc', event: 'video.generated', scheme: 'v1a' },
      ...{ onBusSeconds: 2.04, stored: '2 objects, 1.5 kB', storedSeconds: 12.34 },
    },
    { title: 'report', submittedAt: 0, job: `v1_${'x'.repeat(60)}`, failed: 'ERR_OUTPUT_GONE' },
  ];

  expect(`\n${renderProgress(rows)}`).toBe(`
          job                 event            verified  on the bus  stored             seconds
────────  ──────────────────  ───────────────  ────────  ──────────  ─────────────────  ───────
… batch
✓ video   operations/abc      video.generated  v1a       2.0 s       2 objects, 1.5 kB     12.3
✗ report  v1_xxxxxxxxxxxxxx…                                         ERR_OUTPUT_GONE`);
});

it('lists the bucket by job, with sizes', () => {
  const objects = [
    { key: 'batch/project=default/date=2026-11-24/job=a/succeeded/manifest.json', bytes: 999 },
    { key: 'batch/project=default/date=2026-11-24/job=a/succeeded/responses.jsonl', bytes: 1_234_567 },
    { key: 'video/project=default/date=unknown/job=b/failed/manifest.json', bytes: 1000 },
  ];

  expect(`\n${renderBucket(objects)}`).toBe(`
batch/project=default/date=2026-11-24/job=a/succeeded/
   999 B  manifest.json
  1.2 MB  responses.jsonl

video/project=default/date=unknown/job=b/failed/
  1.0 kB  manifest.json`);
  expect(formatBytes(536_870_912)).toBe('537 MB');
});

const ROWS = [
  { title: 'a', submittedAt: 0 },
  { title: 'b', submittedAt: 0, job: 'batches/b' },
] as const;
const TABLE = `     job        event  verified  on the bus  stored  seconds
───  ─────────  ─────  ────────  ──────────  ──────  ───────
… a
… b  batches/b
`;

function screenOf(terminal: { isTTY?: boolean; rows: number; columns: number }) {
  const written: string[] = [];
  const screen = createScreen({ ...terminal, write: (text) => written.push(text) });
  return { screen, written };
}

it('draws the table over itself on a terminal, no line wider than that', () => {
  const { screen, written } = screenOf({ isTTY: true, rows: 5, columns: 10 });

  for (const row of ROWS) screen.show(ROWS, row);
  screen.end(ROWS);

  const narrow = '     job \n───  ────\n… a\n… b  batc\n';
  expect(written).toEqual([narrow, `\x1b[4A\x1b[J${narrow}`, `\x1b[4A\x1b[J${TABLE}`]);
});

it.each([
  ['that is no terminal', { rows: 5, columns: 80 }],
  ['that is as low as the table, which would scroll away', { isTTY: true, rows: 4, columns: 80 }],
])('writes a line for each change, and the table once, to an output %s', (_case, terminal) => {
  const { screen, written } = screenOf(terminal);

  for (const row of ROWS) screen.show(ROWS, row);
  screen.end(ROWS);

  expect(written.join('')).toBe(`… a\n… b  batches/b\n\n${TABLE}`);
});
