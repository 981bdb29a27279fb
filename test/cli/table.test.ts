import { expect, it } from 'vitest';
import { type Column, formatAgo, renderRows, renderTable } from '../../cli/table.ts';

interface Row {
  readonly id: string;
  readonly state: string;
  readonly note: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'id', text: ({ id }) => id, below: true },
  { title: 'state', text: ({ state }) => state },
  { title: 'note', text: ({ note }) => note, drop: 1 },
];
const ROWS: readonly Row[] = [
  { id: 'batches/one', state: 'stored', note: 'a note' },
  { id: 'batches/two', state: 'waiting', note: 'another one' },
];

it('shows all columns where there is room', () => {
  expect(renderRows(COLUMNS, ROWS, 80)).toBe(
    [
      'id           state    note',
      '───────────  ───────  ───────────',
      'batches/one  stored   a note',
      'batches/two  waiting  another one',
    ].join('\n'),
  );
});

it('leaves out columns that are not needed before anything else', () => {
  expect(renderRows(COLUMNS, ROWS, 30)).toBe(
    ['id           state', '───────────  ───────', 'batches/one  stored', 'batches/two  waiting'].join('\n'),
  );
});

it('puts a cell that is too long under its row, unbroken', () => {
  const long = { id: 'v1_an-id-that-is-far-too-long-for-this', state: 'stored', note: '' };

  expect(renderRows(COLUMNS, [...ROWS, long], 36)).toBe(
    [
      'id           state    note',
      '───────────  ───────  ───────────',
      'batches/one  stored   a note',
      'batches/two  waiting  another one',
      '             stored',
      '  v1_an-id-that-is-far-too-long-for-this',
    ].join('\n'),
  );
});

it('escapes what would act on the terminal, and counts wide characters as two', () => {
  expect(
    renderTable(
      ['name', 'next'],
      [
        ['漢字', 'a'],
        ['x\n\u001b', 'b'],
      ],
    ),
  ).toBe(['name           next', '─────────────  ────', '漢字           a', 'x\\u000a\\u001b  b'].join('\n'));
});

it.each([
  ['2026-11-24T04:59:00Z', '1 min ago'],
  ['2026-11-24T02:00:00Z', '3 h ago'],
  ['2026-11-20T05:00:00Z', '4 d ago'],
  ['2026-11-24T05:01:00Z', '0 min ago'],
])('says how long ago %s was', (time, said) => {
  expect(formatAgo(time, new Date('2026-11-24T05:00:00Z'))).toBe(said);
});
