/**
 * `npm run bench -- scale-local`: interactions through the local run as fast as this machine's cores go, beside what the simulation of
 * `scale` predicts from one job at a time.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderTable } from '../../cli/table.ts';
import { type Run, startRun } from '../../local/run/run.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { isBusy, judge } from './goal.ts';
import { type Station, servers, simulate } from './simulate.ts';

const ALONE = 30;
const TOGETHER = 300;
const FETCHERS = 4;
/** The prediction is of the right size when it is off by less. */
const TOLERANCE = 0.35;
/** Of /proc: 100 a second on every Linux that Node.js runs on. */
const TICK_SECONDS = 0.01;

/** Of the run, which is Gemini and AWS, and of the functions' processes. */
function cpuSeconds(run: Run): { readonly own: number; readonly functions: number } {
  const { user, system } = process.cpuUsage();
  const ticks = run.aws.functions().flatMap(({ pids }) => pids.map(ticksOf));
  return { own: (user + system) / 1e6, functions: ticks.reduce((sum, one) => sum + one, 0) * TICK_SECONDS };
}

function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** @returns seconds until all are stored */
async function submit(run: Run, count: number): Promise<number> {
  const startedAt = performance.now();
  const { promise, resolve } = Promise.withResolvers<void>();
  let stored = 0;
  const stop = run.aws.onEvent(({ 'detail-type': type }) => {
    stored += Number(type === 'output.stored');
    if (stored === count) resolve();
  });
  const body = JSON.stringify({ kind: 'interaction' });
  await Promise.all(
    Array.from({ length: count }, () => fetch(`${run.endpoints.simulatorControlUrl}/jobs`, { method: 'POST', body })),
  );
  await promise;
  stop();
  return (performance.now() - startedAt) / 1000;
}

/** Milliseconds of the fetcher's runs, as the runtime reports them. */
function fetchSeconds(run: Run): number {
  const [fetcher] = run.aws.functions().filter(({ logicalId }) => logicalId.includes('InteractionFetcher'));
  const lines = readFileSync(fetcher?.logFile ?? '', 'utf8')
    .split('\n')
    .filter((line) => line.includes('platform.report'));
  const times = lines.slice(-ALONE).map((line) => JSON.parse(line).record.metrics.durationMs as number);
  return times.reduce((sum, one) => sum + one, 0) / times.length / 1000;
}

const dir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-scale-'));
const assemblyDir = join(dir, 'cdk.out');
await synthesize(assemblyDir, { maxConcurrency: { interaction: FETCHERS } });
const run = await startRun({ assemblyDir, stateDir: join(dir, 'state'), port: 0, switches: { jobMs: 0 } });
try {
  // Every process is there, and its code compiled.
  await submit(run, 60);
  const before = cpuSeconds(run);
  for (let job = 0; job < ALONE; job += 1) await submit(run, 1);
  const after = cpuSeconds(run);
  const own = (after.own - before.own) / ALONE;
  const functions = (after.functions - before.functions) / ALONE;
  const fetcher = fetchSeconds(run);

  const of = (name: string, most: number, seconds: number): Station =>
    servers({ name, knob: '', most, seconds, first: most, morePerSecond: 1 });
  const stations = [
    of('one thread of Gemini and AWS', 1, own),
    of(`${availableParallelism()} cores`, availableParallelism(), own + functions),
    of(`${FETCHERS} fetchers`, FETCHERS, fetcher),
  ];
  const { seconds, end } = simulate(stations, [], TOGETHER * 1000, 0.001);
  const predicted = seconds.length / end;
  const measured = TOGETHER / (await submit(run, TOGETHER));
  const rows = stations.map(({ name, carries }) => [name, carries.toFixed(1)]);
  console.log(renderTable(['station', 'carries, jobs/s'], rows));
  console.log(
    `\nA job alone: ${(own * 1000).toFixed(0)} ms of CPU in the run, ${(functions * 1000).toFixed(0)} ms in the functions.`,
  );
  console.log(`Predicted ${predicted.toFixed(1)} jobs a second, measured ${measured.toFixed(1)}.\n`);
  const ratio = measured / predicted;
  const goal = `measured: ${ratio.toFixed(2)} of the prediction, within ${TOLERANCE}`;
  // The prediction is of cores that are there for it alone.
  if (isBusy()) console.log(`not judged, others run  ${goal}`);
  else judge(goal, Math.abs(ratio - 1) <= TOLERANCE);
} finally {
  await run.close();
  rmSync(dir, { recursive: true, force: true });
}
