/**
 * `npm run faults`: 10,000 deliveries of 2,000 events in random order at concurrency 50, and jobs besides, while parts of
 * the running system are killed or away. Fails when an event is lost, doubled without a reason, or not accounted for.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderTable } from '../../cli/table.ts';
import { startRun } from '../../local/run/run.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { type FaultReport, runScenario, SCENARIOS } from './scenarios.ts';

const FULL = { events: 2000, deliveries: 10_000, concurrency: 50, jobs: 10 };
/** While something is away, every retry costs time: a fifth of the load shows the same. */
const UNDER_FAULTS = { events: 400, deliveries: 2000, concurrency: 50, jobs: 10 };

const dir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-faults-'));
const assemblyDir = join(dir, 'cdk.out');
// The template's own throttle would be what is measured.
await synthesize(assemblyDir, { throttleRate: 10_000, throttleBurst: 5000 });
const reports: FaultReport[] = [];
try {
  for (const scenario of SCENARIOS) {
    process.stderr.write(`${scenario.name} … `);
    const startedAt = Date.now();
    const run = await startRun({ assemblyDir, stateDir: join(dir, 'state'), port: 0, switches: { jobMs: 50 } });
    const options = scenario.name === 'nothing' ? FULL : UNDER_FAULTS;
    reports.push(await runScenario(run, scenario, options).finally(() => run.close()));
    process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}

const rows = reports.map(({ name, load, books, jobs, stored, faults }) => [
  name,
  ...[load.sent, load.attempts, load.acknowledged, books.distinct, books.published - books.distinct].map(String),
  `${stored}/${jobs}`,
  faults.join('; ') || 'agree',
]);
const header = ['fault', 'sent', 'attempts', 'acknowledged', 'on the bus', 'doubled', 'stored', 'ledger, bus, bucket'];
console.log(renderTable(header, rows));
if (reports.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
