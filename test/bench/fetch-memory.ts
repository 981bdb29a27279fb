/**
 * Peak memory and throughput of the batch fetcher's process for a large result file, in the local run:
 *
 *   npm run bench:memory -- [MiB, default 512]
 *
 * Memory is compared with that of the same function after a small file, throughput with a plain download of the file.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Run, startRun } from '../../local/run/run.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { formatBytes, renderTable } from '../../local/run/table.ts';

const MIB = 1024 * 1024;

interface Report {
  readonly durationMs: number;
  readonly maxMemoryUsedMB: number;
}

/** Submits a batch with a result file of this size, and waits until it has landed. */
async function land(run: Run, bytes: number): Promise<{ report: Report; downloadMs: number }> {
  const { simulatorControlUrl: control, geminiUrl, apiKey } = run.endpoints;
  await fetch(`${control}/switches`, { method: 'PATCH', body: JSON.stringify({ downloadSize: bytes, jobMs: 1 }) });
  const { promise: landed, resolve } = Promise.withResolvers<unknown>();
  const stop = run.aws.onEvent(
    ({ 'detail-type': type, detail }) => type === 'output.stored' && resolve(detail['jobId']),
  );
  await fetch(`${control}/jobs`, { method: 'POST', body: JSON.stringify({ kind: 'batch', input: 'file' }) });
  const id = String(await landed).replace('batches/', '');
  stop();

  const startedAt = performance.now();
  const response = await fetch(`${geminiUrl}/download/v1beta/files/batch-${id}:download`, {
    headers: { 'x-goog-api-key': apiKey },
  });
  for await (const _chunk of response.body ?? []);
  return { report: await lastReport(run), downloadMs: performance.now() - startedAt };
}

/** Written just after the answer that the announcement is part of. */
async function lastReport(run: Run): Promise<Report> {
  const fetcher = run.aws.functions().find(({ logicalId }) => logicalId.includes('BatchFetcher'));
  const lines = readFileSync(fetcher?.logFile ?? '', 'utf8')
    .trim()
    .split('\n');
  const reports = lines.flatMap((line) => (line.includes('platform.report') ? [JSON.parse(line).record.metrics] : []));
  return reports.at(-1) as Report;
}

const size = Number(process.argv[2] ?? 512) * MIB;
const stateDir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-bench-'));
const assemblyDir = join(stateDir, 'cdk.out');
await synthesize(assemblyDir);
const run = await startRun({ assemblyDir, stateDir, port: 0 });
try {
  const small = await land(run, 1024 * 1024);
  const large = await land(run, size);
  const memory = (report: Report) => `${report.maxMemoryUsedMB} MiB`;
  const rows = [
    ['1 MiB', memory(small.report), '', ''],
    [
      formatBytes(size),
      memory(large.report),
      `${formatBytes((size / large.report.durationMs) * 1000)}/s`,
      `${(large.downloadMs / large.report.durationMs).toFixed(2)} of a plain download`,
    ],
  ];
  console.log(renderTable(['result file', 'peak memory of the process', 'landed at', 'speed'], rows));
} finally {
  await run.close();
  rmSync(stateDir, { recursive: true, force: true });
}
