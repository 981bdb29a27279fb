/** Plain tables for a terminal, no wider than it is: columns are left out, then words wrapped, and no word is broken. */
import { printable } from './printable.ts';

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Left out where there is no room, the highest number first; never without. */
  readonly drop?: number;
}

const GAP = '  ';

/** @param columns of the terminal */
export function renderRows<Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  columns = Number.POSITIVE_INFINITY,
): string {
  let shown = all;
  while (!fits(shown, rows, columns)) {
    const last = Math.max(...shown.map(({ drop = 0 }) => drop));
    if (last === 0) return renderBlocks(all, rows, columns);
    shown = shown.filter(({ drop = 0 }) => drop < last);
  }
  return renderTable(
    shown.map(({ title }) => title),
    rows.map((row) => shown.map(({ text }) => text(row))),
  );
}

function fits<Row>(shown: readonly Column<Row>[], rows: readonly Row[], columns: number): boolean {
  const widths = shown.map(({ title, text }) => Math.max(...[title, ...rows.map(text)].map(widthOf)));
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) <= columns;
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

/** A row as lines `title  cell`, for cells that are too long to stand beside each other. */
function renderBlocks<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string {
  const indent = Math.max(...columns.map(({ title }) => widthOf(title))) + GAP.length;
  const block = (row: Row) =>
    columns
      .map(({ title, text }) => [title, printable(text(row))] as const)
      .filter(([, cell]) => cell !== '')
      .map(([title, cell]) => title.padEnd(indent) + wrap(cell, width - indent).join(`\n${' '.repeat(indent)}`))
      .join('\n');
  return rows.map(block).join('\n\n');
}

/** Sentences, at spaces; lines that are indented are left as they are, as commands to be copied. */
export function wrapText(text: string, width = Number.POSITIVE_INFINITY): string {
  return text
    .split('\n')
    .flatMap((line) => (line.startsWith(' ') ? [line] : wrap(line, width)))
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

/** `3 min ago`, `5 h ago`, `4 d ago`. */
export function formatAgo(then: string | Date, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - new Date(then).getTime()) / 60_000));
  if (minutes < 120) return `${minutes} min ago`;
  return minutes < 72 * 60 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1440)} d ago`;
}
