/** The run that the dashboard is drawn of: every kind of job, some load, and a little that fails. */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runDemo } from '../demo/demo.ts';
import { control } from '../run/control.ts';
import { repeat } from '../run/repeat.ts';
import { QUICK_RECONCILIATION, type Run, startRun } from '../run/run.ts';
import { signedHeaders } from '../run/send.ts';
import { synthesize } from '../run/synthesize.ts';
import { QUEUES_LOG } from './measured.ts';

/** So that the template has its alarms; nothing is sent to anybody. */
const WITH_ALARMS = { alarmEmail: 'on-call@example.com' };
const SAMPLE_MS = 1000;
const LOAD = Array.from({ length: 14 }, () => [
  { kind: 'batch', input: 'file' },
  { kind: 'interaction' },
  { kind: 'video' },
]);
/** So slow that an idle laptop is not the bottleneck. */
const SPACING_MS = 800;
const TIME_LIMIT_MS = 60_000;

/** Leaves the assembly and the logs of the run in the folder. */
export async function recordRun(stateDir: string): Promise<void> {
  const assemblyDir = join(stateDir, 'cdk.out');
  await synthesize(assemblyDir, WITH_ALARMS);
  const run = await startRun({ assemblyDir, stateDir, port: 0, reconcile: QUICK_RECONCILIATION });
  const stopSampling = sampleQueues(run);
  try {
    await run.aws.runSchedule('HealthCheck');
    // What ends before its first run is not counted as missed.
    await run.aws.runSchedule('Reconciler');
    await runDemo(run, () => {});
    await load(run);
    await run.aws.runSchedule('HealthCheck');
  } finally {
    await stopSampling();
    await run.close();
  }
}

/** CloudWatch hears of queues once a minute; a run is shorter. */
function sampleQueues({ aws }: Run): () => Promise<void> {
  return repeat(async () => {
    const time = new Date().toISOString();
    const lines = (await aws.queueDepths()).map(({ logicalId, visible }) =>
      JSON.stringify({ time, queue: logicalId, visible }),
    );
    appendFileSync(join(aws.logsDir, QUEUES_LOG), `${lines.join('\n')}\n`);
  }, SAMPLE_MS);
}

async function load(run: Run): Promise<void> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const open = new Set<string>();
  let isSubmitted = false;
  const stop = run.aws.onEvent(({ 'detail-type': type, detail }) => {
    if (type.startsWith('output.')) open.delete(String(detail['jobId']));
    if (isSubmitted && open.size === 0) end();
  });
  for (const [index, job] of LOAD.flat().entries()) {
    const { name } = (await control(run.endpoints, 'POST', '/jobs', job)) as { name: string };
    open.add(name);
    if (index % 20 === 10) await deliver(run, `batches/nobody-${index}`, 'as it is');
    if (index % 12 === 5) await deliver(run, `batches/forged-${index}`, 'forged');
    await sleep(SPACING_MS);
  }
  isSubmitted = true;
  await Promise.race([ended, sleep(TIME_LIMIT_MS, undefined, { ref: false })]);
  stop();
}

/** A genuine delivery about a job that the API key may not see, or one that nobody signed. */
async function deliver({ endpoints }: Run, id: string, how: 'as it is' | 'forged'): Promise<void> {
  const body = JSON.stringify({ type: 'batch.succeeded', timestamp: new Date().toISOString(), data: { id } });
  const at = Math.floor(Date.now() / 1000);
  const secret = how === 'forged' ? `whsec_${Buffer.alloc(32).toString('base64')}` : endpoints.signingSecret;
  const headers = signedHeaders(secret, `msg_${randomUUID()}`, at, body);
  await fetch(endpoints.webhookUrl, { method: 'POST', headers, body });
}
