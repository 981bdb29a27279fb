/**
 * A landing that no invocation can finish: the deployed bundle, in processes of its own, two of which are killed. Gemini falls
 * silent in the middle of each download, so that each invocation gets as far however fast the machine is. The function's time
 * and the queue's visibility are shorter than in the template, and nothing else is changed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { CallInterceptor } from '../../local/aws/aws-call.ts';
import { clientOptions } from '../../local/aws/emulators.ts';
import { jsonLinesContent } from '../../local/gemini/file-content.ts';
import { startRun } from '../../local/run/run.ts';
import { listen, type TestRun } from './local-run.ts';

const MIB = 1024 * 1024;
const SIZE = 160 * MIB + 77;
const SMALLER = 40 * MIB + 77;
/** Four parts of 8 MiB: the fourth is sent when something comes after it. */
const FOUR_PARTS = 33 * MIB;
/** Fifteen seconds of them are reserved for the end of a fetch. */
const TIMEOUT_SECONDS = 20;
/** How long the message of an invocation that was killed stays hidden: longer than one lasts on a busy machine. */
const VISIBILITY_SECONDS = 12;
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

type Verdict = ReturnType<CallInterceptor>;

/** What the fetcher did at AWS, and what is done to it: `act` may kill the process, and decides what becomes of the call. */
function watch(
  act: (call: { action: string; invocation: number; parts: number; kill(): void }) => Verdict = () => 'pass',
) {
  const counts: Record<string, number> = {};
  let parts = 0;
  const kills: number[] = [];
  const stop = run.aws.intercept(({ action, functionId, service }) => {
    if (!functionId?.startsWith(FUNCTION)) return 'pass';
    counts[action] = (counts[action] ?? 0) + 1;
    // The landing that is under way is read once by each invocation.
    if (service === 'dynamodb' && action === 'GetItem') parts = 0;
    parts += Number(action === 'UploadPart');
    const invocation = counts['GetItem'] ?? 0;
    const kill = () => {
      if (kills.includes(invocation)) return;
      kills.push(invocation);
      run.aws.killSandboxes(functionId, 'SIGKILL');
    };
    return act({ action, invocation, parts, kill });
  });
  return { counts, kills, stop };
}

async function land(switches: object) {
  await control('/switches', 'PATCH', { stallDownloadsAfter: null, refuseRanges: false, ...switches });
  const { name } = await control('/jobs', 'POST', { kind: 'batch', input: 'file' });
  const { detail } = await heard.until(
    ({ 'detail-type': type, detail: { jobId } }) => type.startsWith('output.') && jobId === name,
  );
  expect(detail).toMatchObject({ status: 'succeeded' });
  return JSON.parse((await read(detail['manifestKey'])).toString());
}

async function read(key: unknown): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: run.endpoints.bucket, Key: String(key) }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Byte for byte what Gemini has, and what the manifest says. */
async function expectLanded(manifest: { objects: { key: string }[]; counts: object }, size: number): Promise<void> {
  const expected = sha256(Buffer.concat([...jsonLinesContent(size).chunks()]));
  const responses = manifest.objects.find(({ key }) => key.endsWith('responses.jsonl'));
  expect(responses).toMatchObject({ bytes: size, sha256: expected });
  expect(sha256(await read(responses?.key))).toBe(expected);
  expect(manifest.counts).toMatchObject({ lines: Math.floor(size / 1024), lineErrors: 0 });
}

it('lands a file over at least five invocations, two of which are killed, byte for byte, and leaves no upload', async () => {
  // In the middle of a download, and not twice at the same place.
  const { counts, kills, stop } = watch(({ action, invocation, parts, kill }) => {
    const isAfterAnother = invocation > (kills.at(-1) ?? 0) + 1;
    if (action === 'UploadPart' && parts === 2 && isAfterAnother && kills.length < 2) kill();
    return 'pass';
  });

  const manifest = await land({ downloadSize: SIZE, stallDownloadsAfter: FOUR_PARTS });
  stop();

  expect(kills).toHaveLength(2);
  // Those that were killed have written nothing down.
  expect(manifest.timings.invocations).toBe((counts['GetItem'] ?? 0) - 2);
  expect(manifest.timings.invocations).toBeGreaterThanOrEqual(5);
  expect(manifest.notes).toEqual([]);
  await expectLanded(manifest, SIZE);
  expect(counts['CreateMultipartUpload']).toBe(1);
  expect(counts['CompleteMultipartUpload']).toBe(1);
  expect(counts['AbortMultipartUpload']).toBeUndefined();
}, 180_000);

it('finds what it completed when it died before it heard so', async () => {
  const { counts, kills, stop } = watch(({ action, invocation, kill }) => {
    if (action !== 'CompleteMultipartUpload' || invocation > 1) return 'pass';
    setTimeout(kill, 100);
    return 'lose-answer';
  });

  const manifest = await land({ downloadSize: SMALLER });
  stop();

  expect(kills).toEqual([1]);
  expect(manifest.notes).toEqual([]);
  await expectLanded(manifest, SMALLER);
  expect(counts['CreateMultipartUpload']).toBe(1);
  expect(counts['ListObjectsV2']).toBeGreaterThanOrEqual(1);
}, 60_000);

it('begins again where Gemini serves no ranges, says so, and leaves no upload either', async () => {
  const { counts, stop } = watch(({ action }) => {
    // What is under way falls silent all the same; the next download is whole.
    if (action === 'UploadPart') void control('/switches', 'PATCH', { stallDownloadsAfter: null });
    return 'pass';
  });

  const manifest = await land({ downloadSize: SMALLER, stallDownloadsAfter: 17 * MIB, refuseRanges: true });
  stop();

  // Once; a machine that is too busy for the whole file within one invocation needs more.
  expect(manifest.notes.length).toBeGreaterThanOrEqual(1);
  for (const note of manifest.notes) {
    expect(note).toMatch(/^files\/batch-\w+: begun again, because Gemini did not serve the rest of it$/);
  }
  await expectLanded(manifest, SMALLER);
  expect(counts['CreateMultipartUpload']).toBe(manifest.notes.length + 1);
  expect(counts['AbortMultipartUpload']).toBe(manifest.notes.length);
  expect(counts['CompleteMultipartUpload']).toBe(1);
}, 60_000);
