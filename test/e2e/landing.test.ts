/**
 * A landing that no invocation can finish: the deployed bundle, in processes of its own, two of which are killed. The
 * function's time and the queue's visibility are shorter than in the template, and nothing else is changed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { clientOptions } from '../../local/aws/emulators.ts';
import { jsonLinesContent } from '../../local/gemini/file-content.ts';
import { startRun } from '../../local/run/run.ts';
import { listen, type TestRun } from './local-run.ts';

const MIB = 1024 * 1024;
const SIZE = 160 * MIB + 77;
const SMALLER = 40 * MIB + 77;
/** Fifteen seconds of them are reserved for the end of a fetch. */
const TIMEOUT_SECONDS = 17;
/** How long the message of an invocation that was killed stays hidden: longer than one lasts on a busy machine. */
const VISIBILITY_SECONDS = 10;
const FUNCTION = 'GeminiWebhooksBatchFetcherHandlerFunction';

const folder = mkdtempSync(join(tmpdir(), 'landing-'));
let run: TestRun;
let heard: ReturnType<typeof listen>;
let s3: S3Client;

beforeAll(async () => {
  const assemblyDir = withShorterTimes(inject('assemblyDir'));
  const switches = { jobMs: 50, processingMs: 50 };
  run = { ...(await startRun({ assemblyDir, stateDir: folder, port: 0, switches })), stateDir: folder };
  heard = listen(run.aws);
  s3 = new S3Client({ ...clientOptions(run.endpoints.s3Url), forcePathStyle: true });
});
afterAll(async () => {
  s3.destroy();
  await run.close();
  rmSync(folder, { recursive: true, force: true });
});

function withShorterTimes(assemblyDir: string): string {
  const copy = join(folder, 'cdk.out');
  mkdirSync(copy);
  for (const name of readdirSync(assemblyDir)) {
    if (!name.endsWith('.template.json')) {
      symlinkSync(join(assemblyDir, name), join(copy, name));
      continue;
    }
    const template = JSON.parse(readFileSync(join(assemblyDir, name), 'utf8')) as {
      Resources: Record<string, { Properties: Record<string, unknown> }>;
    };
    for (const [id, { Properties }] of Object.entries(template.Resources)) {
      if (id.startsWith(FUNCTION) && 'Timeout' in Properties) Properties['Timeout'] = TIMEOUT_SECONDS;
      if (id.startsWith('GeminiWebhooksBatchFetcherQueue') && 'VisibilityTimeout' in Properties) {
        Properties['VisibilityTimeout'] = VISIBILITY_SECONDS;
      }
    }
    writeFileSync(join(copy, name), JSON.stringify(template));
  }
  return copy;
}

async function control(path: string, method: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${run.endpoints.simulatorControlUrl}${path}`, { method, body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}

/** What the fetcher did at AWS, and what is done to it. */
function watch(kill: (invocation: number, parts: number) => boolean) {
  const counts: Record<string, number> = {};
  let parts = 0;
  const kills: number[] = [];
  const stop = run.aws.intercept(({ action, functionId, service }) => {
    if (!functionId?.startsWith(FUNCTION)) return 'pass';
    counts[action] = (counts[action] ?? 0) + 1;
    // The landing that is under way is read once by each invocation.
    if (service === 'dynamodb' && action === 'GetItem') parts = 0;
    if (action !== 'UploadPart') return 'pass';
    parts += 1;
    const invocation = counts['GetItem'] ?? 0;
    if (!kills.includes(invocation) && kill(invocation, parts)) {
      kills.push(invocation);
      run.aws.killSandboxes(functionId, 'SIGKILL');
    }
    return 'pass';
  });
  return { counts, kills, stop };
}

async function land(switches: object) {
  await control('/switches', 'PATCH', switches);
  const { name } = await control('/jobs', 'POST', { kind: 'batch', input: 'file' });
  const { detail } = await heard.until(
    ({ 'detail-type': type, detail: { jobId } }) => type.startsWith('output.') && jobId === name,
  );
  return detail;
}

async function read(key: unknown): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: run.endpoints.bucket, Key: String(key) }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const expected = (size: number) => sha256(Buffer.concat([...jsonLinesContent(size).chunks()]));

it('lands a file over at least five invocations, two of which are killed, byte for byte, and leaves no upload', async () => {
  const { counts, kills, stop } = watch((invocation, parts) => [2, 4].includes(invocation) && parts === 3);

  const detail = await land({ downloadSize: SIZE, downloadBytesPerSecond: 24 * MIB });
  stop();

  expect(detail).toMatchObject({ status: 'succeeded' });
  expect(kills).toEqual([2, 4]);
  const invocations = counts['GetItem'] ?? 0;
  expect(invocations).toBeGreaterThanOrEqual(5);
  const manifest = JSON.parse((await read(detail['manifestKey'])).toString());
  // An invocation that was killed has written nothing down, and one goes on where it began.
  expect(manifest.timings.invocations).toBe(invocations - 2);
  expect(manifest.notes).toEqual([]);
  expect(manifest.counts).toMatchObject({ lines: 160 * 1024, lineErrors: 0 });
  const [responses] = manifest.objects.filter(({ key }: { key: string }) => key.endsWith('responses.jsonl'));
  expect(responses).toMatchObject({ bytes: SIZE, sha256: expected(SIZE) });
  expect(sha256(await read(responses.key))).toBe(expected(SIZE));
  expect(counts['CreateMultipartUpload']).toBe(1);
  expect(counts['CompleteMultipartUpload']).toBe(1);
  expect(counts['AbortMultipartUpload']).toBeUndefined();
}, 120_000);

it('begins again where Gemini serves no ranges, says so, and leaves no upload either', async () => {
  const { counts, stop } = watch(() => false);
  const isSlow = { downloadSize: SMALLER, downloadBytesPerSecond: 12 * MIB, refuseRanges: true };

  const landed = land(isSlow);
  while ((counts['GetItem'] ?? 0) < 2) await new Promise((done) => setTimeout(done, 50));
  await control('/switches', 'PATCH', { downloadBytesPerSecond: null });
  const detail = await landed;
  stop();

  const manifest = JSON.parse((await read(detail['manifestKey'])).toString());
  expect(manifest.notes.at(-1)).toMatch(/^files\/batch-\w+: begun again, because Gemini did not serve the rest of it$/);
  const [responses] = manifest.objects.filter(({ key }: { key: string }) => key.endsWith('responses.jsonl'));
  expect(responses).toMatchObject({ bytes: SMALLER, sha256: expected(SMALLER) });
  expect(sha256(await read(responses.key))).toBe(expected(SMALLER));
  expect(counts['CompleteMultipartUpload']).toBe(1);
  expect((counts['AbortMultipartUpload'] ?? 0) + 1).toBe(counts['CreateMultipartUpload']);
}, 120_000);
