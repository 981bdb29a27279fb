/** What a person sees of the demo: a table that lives on a terminal, and the result. */
import { relative } from 'node:path';
import { styleText } from 'node:util';
import { formatBytes, renderTable } from '../../cli/table.ts';
import type { QueueDepth } from '../aws/stateful-resources.ts';
import type { Endpoints } from '../run/endpoints.ts';
import type { DemoResult, StoredObject } from './demo.ts';
import { cellsOf, type Row, renderProgress } from './progress.ts';

export interface Screen {
  show(rows: readonly Row[], row: Row): void;
  /** The last state, to stay. */
  end(rows: readonly Row[]): void;
}

interface Output {
  readonly isTTY?: boolean;
  readonly rows: number;
  readonly columns: number;
  write(text: string): unknown;
}

/**
 * On a terminal the table is drawn over itself. Elsewhere, and on a terminal that is too low for that, each change is a
 * line, and the table comes once.
 */
export function createScreen(output: Output = process.stdout): Screen {
  let drawnLines = 0;
  const draw = (lines: readonly string[]) => {
    const up = drawnLines > 0 ? `\x1b[${drawnLines}A\x1b[J` : '';
    output.write(`${up}${lines.map(paint).join('\n')}\n`);
    drawnLines = lines.length;
  };
  return {
    show(rows, row) {
      const lines = renderProgress(rows).split('\n');
      const fits = output.isTTY && output.rows > lines.length;
      // A line that wraps would be two, and the next drawing would begin too low.
      if (fits) draw(lines.map((line) => line.slice(0, output.columns - 1)));
      else output.write(`${cellsOf(row).filter(Boolean).join('  ')}\n`);
    },
    end(rows) {
      if (drawnLines === 0) output.write('\n');
      draw(renderProgress(rows).split('\n'));
    },
  };
}

function paint(line: string): string {
  if (line.startsWith('✓')) return styleText('green', line);
  return line.startsWith('✗') ? styleText('red', line) : line;
}

export function showBucket({ objects }: DemoResult, endpoints: Endpoints, s3Dir: string): void {
  console.log(`\nBucket ${endpoints.bucket}, ${objects.length} objects:\n`);
  console.log(renderBucket(objects));
  console.log(`\nThe files lie in ${relative(process.cwd(), s3Dir) || s3Dir}/${endpoints.bucket}/`);
}

/** The size, then the key; a blank line between jobs. */
export function renderBucket(objects: readonly StoredObject[]): string {
  const width = Math.max(...objects.map(({ bytes }) => formatBytes(bytes).length), 0);
  let folder = '';
  const lines = objects.flatMap(({ key, bytes }) => {
    const of = key.slice(0, key.lastIndexOf('/') + 1);
    const heading = of === folder ? [] : [`${folder === '' ? '' : '\n'}${of}`];
    folder = of;
    return [...heading, `  ${formatBytes(bytes).padStart(width)}  ${key.slice(of.length)}`];
  });
  return lines.join('\n');
}

export function showDeadLetters(depths: readonly QueueDepth[]): void {
  const rows = depths
    .filter(({ deadLetter }) => deadLetter)
    .map(({ logicalId, messages }) => [logicalId, String(messages)]);
  console.log(`\nDead-letter queues:\n\n${renderTable(['queue', 'messages'], rows)}`);
}

/** What did not land, and where to look. */
export function showMissing(rows: readonly Row[], logsDir: string): void {
  const missing = rows.filter(({ stored }) => stored === undefined);
  const cells = missing.map((row) => [row.title, row.job ?? '-', row.failed ?? 'still under way when the time was up']);
  console.error(`\n${missing.length} of ${rows.length} jobs did not land:\n`);
  console.error(renderTable(['job', 'name', 'why'], cells));
  console.error(`\nThe functions' logs are in ${relative(process.cwd(), logsDir) || logsDir}/`);
}

export function showTotal(rows: readonly Row[], seconds: number): void {
  const stored = rows.filter((row) => row.stored !== undefined).length;
  console.log(`\n${stored} of ${rows.length} jobs stored; ${seconds.toFixed(1)} s in all`);
}
