/** What a person sees of the local run: steps with their times, a table that lives on a terminal, and the result. */
import { relative } from 'node:path';
import { styleText } from 'node:util';
import { formatBytes, renderTable } from '../../cli/table.ts';
import type { BusEvent } from '../aws/event-bus.ts';
import type { QueueDepth } from '../aws/stateful-resources.ts';
import type { DemoResult, StoredObject } from '../demo/demo.ts';
import { cellsOf, type Row, renderProgress } from '../demo/progress.ts';
import type { Endpoints } from './endpoints.ts';
import type { ReconciliationRow } from './reconciliation.ts';
import type { RotationRow } from './rotation.ts';

export async function step<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
  const startedAt = Date.now();
  process.stdout.write(`${title} … `);
  const result = await work().catch((error: unknown) => {
    process.stdout.write('failed\n');
    throw error;
  });
  process.stdout.write(`${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return result;
}

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
  const missing = rows.filter(({ landed }) => landed === undefined);
  const cells = missing.map((row) => [row.title, row.job ?? '-', row.failed ?? 'still under way when the time was up']);
  console.error(`\n${missing.length} of ${rows.length} jobs did not land:\n`);
  console.error(renderTable(['job', 'name', 'why'], cells));
  console.error(`\nThe functions' logs are in ${relative(process.cwd(), logsDir) || logsDir}/`);
}

/** @returns whether none was refused */
export function showRotation(rows: readonly RotationRow[]): boolean {
  const cells = rows.map((row) =>
    [row.phase, row.scheme, row.attempts, row.accepted, row.refused, row.others].map(String),
  );
  console.log(`\n${renderTable(['phase', 'scheme', 'deliveries', '200', '401', 'others'], cells)}`);
  const refused = rows.reduce((sum, row) => sum + row.refused + row.others, 0);
  const attempts = rows.reduce((sum, row) => sum + row.attempts, 0);
  console.log(`\n${refused} of ${attempts} deliveries were refused while both secrets were rotated.`);
  return refused === 0 && attempts > 0;
}

/** @returns whether every job landed and was announced once */
export function showReconciliation(rows: readonly ReconciliationRow[]): boolean {
  const cells = rows.map(({ webhooks, state, jobs, byWebhook, byReconciler, late, twice, landed }) =>
    [webhooks, state, jobs, byWebhook, byReconciler, late, twice, landed].map(String),
  );
  const header = ['webhooks', 'at Gemini', 'jobs', 'by webhook', 'by the reconciler', 'came late', 'twice', 'landed'];
  console.log(`\n${renderTable(header, cells)}`);
  const sum = (of: (row: ReconciliationRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const [jobs, landed, twice] = [sum((row) => row.jobs), sum((row) => row.landed), sum((row) => row.twice)];
  console.log(`\n${landed} of ${jobs} jobs landed, ${twice} were announced twice.`);
  return jobs > 0 && landed === jobs && twice === 0;
}

/** While it serves: what was found though no webhook came. */
export function showReconciled({ 'detail-type': type, detail }: BusEvent): void {
  if (detail['origin'] === 'reconciler')
    console.log(`  no webhook came: ${type} ${String(detail['jobId'])}, found by the reconciler`);
}

export function showTotal(rows: readonly Row[], seconds: number): void {
  const landed = rows.filter((row) => row.landed !== undefined).length;
  console.log(`\n${landed} of ${rows.length} jobs landed; ${seconds.toFixed(1)} s in all`);
}

/** To be pasted: names the folder when it is not the one that is looked in anyway. */
export function sendCommand(job: string, stateDir: string): string {
  const folder = /[^\w./-]/.test(stateDir) ? `'${stateDir.replaceAll("'", "'\\''")}'` : stateDir;
  return `npm run send -- batch.succeeded ${job}${stateDir === '.local' ? '' : ` --state-dir ${folder}`}`;
}

/** @param job one that can be looked up, if there is any */
export function showServing(endpoints: Endpoints, stateDir: string, job = 'batches/abc'): void {
  const control = endpoints.simulatorControlUrl;
  const folder = relative(process.cwd(), stateDir) || '.';
  console.log(`
Serving on loopback. Ctrl-C stops.

  webhook     ${endpoints.webhookUrl}
  Gemini      ${endpoints.geminiUrl}
  everything  ${folder}/endpoints.json

Send a signed webhook about a job:

  ${sendCommand(job, folder)}
${
  control === null
    ? ''
    : `
Or let the simulator run a job, and hear of it:

  curl -s ${control}/jobs -H 'content-type: application/json' -d '{"kind":"batch","input":"file"}'

Or lose the webhooks of the next three jobs, and see the reconciler find those that are batches:

  curl -s -X PATCH ${control}/switches -H 'content-type: application/json' -d '{"missing":3}'

Lost, late and disabled webhooks, one after the other: npm start -- --reconcile
`
}`);
}
