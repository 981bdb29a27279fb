/**
 * Peak memory and throughput of the batch fetcher's process for large result files, in the local run:
 *
 *   npm run bench:memory -- [MiB …, default 64 512 1024]
 *
 * Memory is compared with the smallest file's, throughput with a bare pipe of the same bytes to the same S3 emulator.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { renderTable } from '../../cli/table.ts';
import { type Run, startRun } from '../../local/run/run.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { judge } from './goal.ts';

const MIB = 1024 * 1024;

interface Report {
  readonly durationMs: number;
  readonly maxMemoryUsedMB: number;
}

/** Submits a batch with a result file of this size, and waits until it has landed. */
async function land(run: Run, bytes: number): Promise<{ report: Report; pipeMs: number }> {
  const { simulatorControlUrl: control } = run.endpoints;
  await fetch(`${control}/switches`, { method: 'PATCH', body: JSON.stringify({ downloadSize: bytes, jobMs: 1 }) });
  const { promise: landed, resolve } = Promise.withResolvers<unknown>();
  const stop = run.aws.onEvent(
    ({ 'detail-type': type, detail }) => type === 'output.stored' && resolve(detail['jobId']),
  );
  await fetch(`${control}/jobs`, { method: 'POST', body: JSON.stringify({ kind: 'batch', input: 'file' }) });
  const id = String(await landed).replace('batches/', '');
  stop();
  await run.aws.mirrored();
  const report = await lastReport(run);
  return { report, pipeMs: await pipe(run, id) };
}

/** Download and upload in parts, one after the other, and nothing else: no hash, no count, no check. */
async function pipe({ endpoints }: Run, id: string): Promise<number> {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const s3 = new S3Client({ endpoint: endpoints.s3Url, forcePathStyle: true, region: 'us-east-1', credentials });
  const place = { Bucket: endpoints.bucket, Key: `bench/${id}` };
  const startedAt = performance.now();
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
  const response = await fetch(`${endpoints.geminiUrl}/download/v1beta/files/batch-${id}:download`, {
    headers: { 'x-goog-api-key': endpoints.apiKey },
  });
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  let chunks: Uint8Array[] = [];
  let size = 0;
  const flush = async () => {
    const PartNumber = Parts.length + 1;
    const { ETag } = await s3.send(
      new UploadPartCommand({ ...place, UploadId, PartNumber, Body: Buffer.concat(chunks) }),
    );
    Parts.push({ PartNumber, ETag });
    chunks = [];
    size = 0;
  };
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= 8 * MIB) await flush();
  }
  await flush();
  await s3.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
  const elapsed = performance.now() - startedAt;
  s3.destroy();
  return elapsed;
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

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [64, 512, 1024];
const stateDir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-bench-'));
const assemblyDir = join(stateDir, 'cdk.out');
await synthesize(assemblyDir);
const rows: string[][] = [];
let smallest = Number.NaN;
for (const mib of sizes) {
  // A process of its own for each size: its peak is this landing's.
  const run = await startRun({ assemblyDir, stateDir: join(stateDir, 'state'), port: 0 });
  try {
    const { report, pipeMs } = await land(run, mib * MIB);
    if (rows.length === 0) smallest = report.maxMemoryUsedMB;
    rows.push([
      `${mib} MiB`,
      String(report.maxMemoryUsedMB),
      (report.maxMemoryUsedMB / smallest).toFixed(2),
      ((mib * MIB) / report.durationMs / 1000).toFixed(0),
      (pipeMs / report.durationMs).toFixed(2),
    ]);
  } finally {
    await run.close();
  }
}
rmSync(stateDir, { recursive: true, force: true });
console.log(renderTable(['result file', 'peak MiB', 'of the smallest', 'MB a second', 'of a bare pipe'], rows));
console.log();
for (const [file, , memory, , speed] of rows) {
  judge(`${file}: ${memory} of the smallest's memory, at most 1.2`, Number(memory) <= 1.2);
  judge(`${file}: ${speed} of a bare pipe, at least 0.8`, Number(speed) >= 0.8);
}
