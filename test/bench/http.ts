/**
 * `npm run bench -- http`: deliveries a second through the local HTTP API to a published event, new ones and duplicates, at
 * several concurrencies. The ratio is to the slowest thing that must happen: one delivery after the other.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderTable } from '../../cli/table.ts';
import { type Run, startRun } from '../../local/run/run.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { signedHeaders } from '../fakes/signed.ts';
import { median, quantile } from './median.ts';

const DELIVERIES = 1000;

async function post({ endpoints }: Run, id: string): Promise<number> {
  const body = '{"type":"ping.of.2027","data":{}}';
  const headers = { 'content-type': 'application/json', ...signedHeaders(endpoints.signingSecret, id, body) };
  const startedAt = performance.now();
  const response = await fetch(endpoints.webhookUrl, { method: 'POST', body, headers });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`Answered ${response.status}`);
  return performance.now() - startedAt;
}

async function measure(run: Run, concurrency: number, ids: readonly string[]) {
  const times: number[] = [];
  let next = 0;
  const startedAt = performance.now();
  const work = async () => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++]) times.push(await post(run, id));
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const perSecond = (ids.length / (performance.now() - startedAt)) * 1000;
  return { perSecond, p50: median(times), p99: quantile(times, 0.99) };
}

const dir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-http-'));
const assemblyDir = join(dir, 'cdk.out');
await synthesize(assemblyDir, { throttleRate: 10_000, throttleBurst: 5000 });
const run = await startRun({ assemblyDir, stateDir: join(dir, 'state'), port: 0 });
try {
  const warm = Array.from({ length: 300 }, () => randomUUID());
  await measure(run, 50, warm);
  const rows: string[][] = [];
  let alone = Number.NaN;
  for (const concurrency of [1, 10, 50]) {
    const ids = Array.from({ length: DELIVERIES }, () => randomUUID());
    for (const kind of ['new', 'duplicates']) {
      const { perSecond, p50, p99 } = await measure(run, concurrency, ids);
      if (concurrency === 1 && kind === 'new') alone = perSecond;
      rows.push([
        kind,
        ...[concurrency, perSecond, p50, p99].map((value) => value.toFixed(0)),
        (perSecond / alone).toFixed(2),
      ]);
    }
  }
  console.log(renderTable(['deliveries', 'at once', 'a second', 'p50 ms', 'p99 ms', 'of one at a time'], rows));
} finally {
  await run.close();
  rmSync(dir, { recursive: true, force: true });
}
