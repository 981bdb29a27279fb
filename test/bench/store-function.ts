/**
 * What `store.ts` measures, in a process of its own: `node store-function.ts <what> <job>`. `bare` pipes the job's file
 * into S3 and nothing else; `product` is the fetcher's handler with one message.
 */
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { eventOf } from '../fakes/fetch-ports.ts';

export interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMiB: number;
}

const PART_BYTES = 8 * 1024 * 1024;
const [, , what = 'product', job = ''] = process.argv;

/** Parts one after the other: no hash, no count, no check. */
async function bare(): Promise<void> {
  const s3 = new S3Client({ forcePathStyle: true });
  const place = { Bucket: 'bucket', Key: 'key' };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
  const file = job.slice(job.lastIndexOf('-') + 1);
  const response = await fetch(`${process.env['GEMINI_URL']}/v1beta/files/${file}:download?alt=media`);
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  let chunks: Uint8Array[] = [];
  let size = 0;
  const flush = async () => {
    const part = { ...place, UploadId, PartNumber: Parts.length + 1, Body: Buffer.concat(chunks) };
    const { ETag } = await s3.send(new UploadPartCommand(part));
    Parts.push({ PartNumber: part.PartNumber, ETag });
    chunks = [];
    size = 0;
  };
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= PART_BYTES) await flush();
  }
  if (size > 0) await flush();
  await s3.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
}

async function product(): Promise<() => Promise<void>> {
  const jobType = job.startsWith('interactions/') ? 'interaction' : 'batch';
  process.env['JOB_TYPE'] = jobType;
  const { handler } = await import('../../lambda/fetch/fetch.lambda.ts');
  const type = jobType === 'batch' ? 'batch.succeeded' : 'interaction.completed';
  const store = async (name: string) => {
    const detail = eventOf(jobType, jobType === 'batch' ? name : name.slice(name.indexOf('/') + 1), type);
    const envelope = { version: '0', source: 'gemini.webhooks', 'detail-type': type, detail };
    const attributes = { ApproximateReceiveCount: '1' };
    const record = { messageId: 'm', receiptHandle: 'r', attributes, body: JSON.stringify(envelope) };
    const invocation = [{ Records: [record] }, { getRemainingTimeInMillis: () => 900_000 }];
    const result = await handler(...(invocation as unknown as Parameters<typeof handler>));
    if (result.batchItemFailures.length > 0) throw new Error('The job was not stored; its log says why.');
  };
  // Whatever a function does once is done.
  for (const size of [1, 2])
    await store(jobType === 'batch' ? `batches/inline-${size}` : `interactions/report-${size}`);
  return () => store(job);
}

const run = what === 'bare' ? bare : await product();
let peak = 0;
const sampler = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
const cpu = process.cpuUsage();
const startedAt = performance.now();
await run();
const wallMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpu);
clearInterval(sampler);
process.send?.({ wallMs, cpuMs: (user + system) / 1000, peakMiB: peak / 1024 / 1024 } satisfies Measured);
