/** What a person sees of the local run: steps with their times, results, and what can be done while it serves. */
import { relative } from 'node:path';
import { renderTable } from '../../cli/table.ts';
import type { BusEvent } from '../aws/event-bus.ts';
import type { Endpoints } from './endpoints.ts';
import type { ReconciliationRow } from './reconciliation.ts';
import type { RotationRow } from './rotation.ts';

const TICK_MS = 200;

/** One line: what is being done, on a terminal with the seconds so far, and in the end how long it took. */
export async function step<Result>(
  title: string,
  work: () => Promise<Result>,
  output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stdout,
): Promise<Result> {
  const startedAt = Date.now();
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  output.write(`${title} … `);
  const ticking = output.isTTY ? setInterval(() => output.write(`\r${title} … ${seconds()}`), TICK_MS) : undefined;
  const finish = (how: string) => {
    clearInterval(ticking);
    output.write(`${output.isTTY ? `\r\x1b[K${title} … ` : ''}${how}\n`);
  };
  try {
    const result = await work();
    finish(seconds());
    return result;
  } catch (error) {
    finish('stopped');
    throw error;
  }
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

/** @returns whether every job stored and was announced once */
export function showReconciliation(rows: readonly ReconciliationRow[]): boolean {
  const cells = rows.map(({ webhooks, state, jobs, byWebhook, byReconciler, late, twice, stored }) =>
    [webhooks, state, jobs, byWebhook, byReconciler, late, twice, stored].map(String),
  );
  const header = ['webhooks', 'at Gemini', 'jobs', 'by webhook', 'by the reconciler', 'came late', 'twice', 'stored'];
  console.log(`\n${renderTable(header, cells)}`);
  const sum = (of: (row: ReconciliationRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const [jobs, stored, twice] = [sum((row) => row.jobs), sum((row) => row.stored), sum((row) => row.twice)];
  console.log(`\n${stored} of ${jobs} jobs stored, ${twice} were announced twice.`);
  return jobs > 0 && stored === jobs && twice === 0;
}

/** While it serves: what was found though no webhook came. */
export function showReconciled({ 'detail-type': type, detail }: BusEvent): void {
  if (detail['origin'] === 'reconciler')
    console.log(`  no webhook came: ${type} ${String(detail['jobId'])}, found by the reconciler`);
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
