/** Plain tables for a terminal, no wider than it is: columns are left out, then words wrapped, and no word is broken. */
import { printable } from './printable.ts';

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Left out where there is no room, the highest number first; never without. */
  readonly drop?: number;
  /** A cell for which there is no room is on lines of its own under its row. */
  readonly below?: true;
}

const GAP = '  ';

/** @param width of the terminal */
export function renderRows<Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  width = Number.POSITIVE_INFINITY,
): string {
  const inline = shrink(all, rows, width);
  if (inline !== undefined)
    return renderTable(
      titlesOf(inline),
      rows.map((row) => inline.map(({ text }) => text(row))),
    );
  const titlesAlone = all.map((column): Column<Row> => (column.below ? { ...column, text: () => '' } : column));
  const kept = new Set(titlesOf(shrink(titlesAlone, rows, width) ?? titlesAlone.filter(({ drop = 0 }) => drop === 0)));
  const shown = all.filter(({ title }) => kept.has(title));
  const widths: number[] = [];
  for (const [index, { title, text, below }] of shown.entries()) {
    const taken = [...widths, ...shown.slice(index + 1).map(minimumOf(rows))].reduce(
      (sum, one) => sum + one + GAP.length,
      0,
    );
    const cells = rows.map((row) => widthOf(text(row)));
    widths.push(Math.max(widthOf(title), ...cells.filter((cell) => !below || cell <= width - taken)));
  }
  const cellsOf = (row: Row) => shown.map(({ text }) => text(row));
  const isUnder = (cell: string, index: number) => widthOf(cell) > (widths[index] ?? 0);
  // A column of which every cell is under its row has no place of its own.
  const places = shown
    .map((column, index) => ({ ...column, index }))
    .filter(({ below, text, index }) => !below || rows.some((row) => text(row) !== '' && !isUnder(text(row), index)));
  const [header = '', rule = '', ...lines] = renderTable(
    titlesOf(places),
    rows.map((row) => places.map(({ text, index }) => (isUnder(text(row), index) ? '' : text(row)))),
  ).split('\n');
  const under = (row: Row | undefined) =>
    row === undefined
      ? []
      : cellsOf(row)
          .filter(isUnder)
          .flatMap((cell) => wrap(printable(cell), width - GAP.length));
  return [header, rule, ...lines.flatMap((line, index) => [line, ...under(rows[index]).map((one) => GAP + one)])].join(
    '\n',
  );
}

function titlesOf<Row>(columns: readonly Column<Row>[]): readonly string[] {
  return columns.map(({ title }) => title);
}

function minimumOf<Row>(rows: readonly Row[]): (column: Column<Row>) => number {
  return ({ title, text, below }) => Math.max(...[title, ...(below ? [] : rows.map(text))].map(widthOf));
}

/** As many columns as fit; undefined when not even those do that are never left out. */
function shrink<Row>(all: readonly Column<Row>[], rows: readonly Row[], width: number) {
  const drops = [...new Set(all.map(({ drop = 0 }) => drop))].toSorted((a, b) => b - a);
  return drops
    .map((most) => all.filter(({ drop = 0 }) => drop <= most))
    .find((shown) => {
      const widths = shown.map(({ title, text }) => Math.max(...[title, ...rows.map(text)].map(widthOf)));
      return widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1)) <= width;
    });
}

/** Columns are as wide as their widest cell; numbers are set to the right. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(widthOf)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - widthOf(cell));
        return /^[\d.]+$/.test(cell) ? padding + cell : printable(cell) + padding;
      })
      .join(GAP)
      .trimEnd();
  return [line(header), widths.map((width) => '─'.repeat(width)).join(GAP), ...rows.map(line)].join('\n');
}

/** Sentences, at spaces; lines that are indented are left as they are, as commands to be copied. */
export function wrapText(text: string, width = Number.POSITIVE_INFINITY): string {
  return text
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith(' ')) return [line];
      const indent = line.startsWith('- ') ? '  ' : '';
      return wrap(line, width - indent.length).map((one, index) => (index === 0 ? one : indent + one));
    })
    .join('\n');
}

/** At spaces that are not within quotation marks; a word that is longer has a line of its own. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/(?:"[^"]*"|[^\s])+/g) ?? []) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || widthOf(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** Of two columns each in a terminal: Unicode's wide characters, roughly (UAX #11), and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

function widthOf(text: string): number {
  return [...printable(text)].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}

/** `1.5 kB`, powers of 1000 as S3's console does not, but as disks do. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `1 message`, `1,200 messages`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** `3 min ago`, `5 h ago`, `4 d ago`. */
export function formatAgo(then: string | Date, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - new Date(then).getTime()) / 60_000));
  if (minutes < 120) return `${minutes} min ago`;
  return minutes < 72 * 60 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1440)} d ago`;
}
