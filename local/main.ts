/** Entry of `npm start`: the whole pipeline on this machine. */
import { join, resolve } from 'node:path';
import { assertPortIsFree } from './aws/http-api.ts';
import { runDemo } from './demo/demo.ts';
import type { Row } from './demo/progress.ts';
import { createScreen, showBucket, showDeadLetters, showMissing, showTotal } from './demo/screen.ts';
import { type LocalConsole, startConsole } from './run/console.ts';
import { takeOver } from './run/endpoints.ts';
import { type Options, parseOptions, USAGE } from './run/options.ts';
import { reconcileMissed } from './run/reconciliation.ts';
import { rotateUnderLoad } from './run/rotation.ts';
import { QUICK_RECONCILIATION, type Run, startRun } from './run/run.ts';
import { showReconciled, showReconciliation, showRotation, showServing, step } from './run/screen.ts';
import { synthesize } from './run/synthesize.ts';
import { explain, LocalRunError } from './shared/local-run-error.ts';

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
let starting: Promise<Run> | undefined;
let page: LocalConsole | undefined;
let hasStarted = false;
let isEnding = false;
const synthesis = new AbortController();

/** Once it has begun, what fails is a consequence, and nobody needs to read of it. */
async function end(code: number): Promise<void> {
  isEnding = true;
  synthesis.abort();
  await page?.close();
  const run = await starting?.catch(() => undefined);
  await run?.close().catch(show);
  process.exit(code);
}

/** People get the sentence, and the stack only of what is a defect. */
function show(error: unknown): void {
  const cause = explain(error);
  console.error(cause instanceof LocalRunError ? cause.message : cause);
}

function fail(error: unknown, code = 1): void {
  if (isEnding) return;
  show(error);
  void end(code);
}

async function start(options: Options): Promise<Run> {
  const stateDir = resolve(options.stateDir);
  const assemblyDir = resolve(options.assemblyDir ?? join(stateDir, 'cdk.out'));
  await takeOver(stateDir);
  // Whoever waited for a synthesis should not read then that it was in vain.
  await assertPortIsFree(options.port);
  if (options.assemblyDir === undefined) {
    await step('Synthesizing the stack', () => synthesize(assemblyDir, {}, synthesis.signal));
  }
  return step('Starting it on 127.0.0.1', () =>
    startRun({
      ...{ ...options, stateDir, assemblyDir, onFatal: fail },
      ...{ reconcile: QUICK_RECONCILIATION, repairWebhook: options.mode === 'reconcile' },
    }),
  );
}

async function demonstrate(current: Run): Promise<readonly Row[]> {
  console.log(
    'Submitting jobs through @google/genai to a simulated Gemini. Two webhooks get lost, and a cancellation has none:',
  );
  console.log(
    `the reconciler finds those jobs ("api"), here after ${QUICK_RECONCILIATION.graceSeconds} s, deployed after 10 min.\n`,
  );
  const screen = createScreen();
  const result = await runDemo(current, screen.show);
  screen.end(result.rows);
  showBucket(result, current.endpoints, current.aws.s3Dir);
  showDeadLetters(await current.aws.queueDepths());
  showTotal(result.rows, performance.now() / 1000);
  if (!result.rows.every(isStored)) showMissing(result.rows, current.aws.logsDir);
  return result.rows;
}

const isStored = ({ stored }: Row) => stored !== undefined;

async function main(): Promise<void> {
  if (Number(process.versions.node.split('.', 1)[0]) < 24) {
    throw new LocalRunError('Start it with "npm start": the project brings the Node.js version that it needs.');
  }
  const options = parseOptions(process.argv.slice(2));
  if (options.mode === 'help') {
    console.log(USAGE);
    return;
  }
  starting = start(options);
  const run = await starting;
  hasStarted = true;
  if (options.mode === 'rotate') {
    const rows = await rotateUnderLoad(run, (title) => console.log(`Webhooks arrive: ${title}`));
    await end(showRotation(rows) ? 0 : 1);
    return;
  }
  if (options.mode === 'reconcile') {
    const rows = await reconcileMissed(run, (title) => console.log(`Webhooks: ${title}`));
    await end(showReconciliation(rows) ? 0 : 1);
    return;
  }
  if (options.mode !== 'once') {
    page = await step('Starting the console', () => startConsole(resolve(options.stateDir)));
    if (page !== undefined) console.log(`\nOpen ${page.url}\n`);
  }
  const rows = options.mode === 'serve' ? [] : await demonstrate(run);
  if (options.mode === 'once') await end(rows.every(isStored) ? 0 : 1);
  const known = rows.find(({ event }) => event === 'batch.succeeded');
  showServing(run.endpoints, resolve(options.stateDir), known?.job);
  if (page !== undefined) console.log(`All of it with the mouse: ${page.url}`);
  run.aws.onEvent(showReconciled);
}

for (const [signal, code] of Object.entries(EXIT_CODES)) {
  process.on(signal, () => {
    if (isEnding) process.exit(code);
    void end(code);
  });
}
process.on('uncaughtException', (error) => fail(error));
// What is wrong before the run has started is wrong with how it was started.
main().catch((error: unknown) => fail(error, error instanceof LocalRunError && !hasStarted ? 2 : 1));
