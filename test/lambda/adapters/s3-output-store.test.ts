import { createHash } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { buildApp } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { S3OutputStore } from '../../../lambda/adapters/s3-output-store.ts';
import { JsonLinesCounter } from '../../../lambda/app/json-lines-counter.ts';
import type { UploadState } from '../../../lambda/app/ports.ts';
import type { Manifest } from '../../../lambda/domain/manifest.ts';
import { LIVE } from '../../fakes/fetch-ports.ts';

const MIB = 1024 * 1024;
const AT = { Bucket: 'outputs' };
const app = buildApp({ logger: false });
let client: S3Client;
let store: S3OutputStore;
const requests: string[] = [];

beforeAll(async () => {
  app.addHook('onRequest', async (request) => {
    requests.push(`${request.method} ${request.url}`);
  });
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
  client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  await client.send(new CreateBucketCommand({ Bucket: 'outputs' }));
  store = new S3OutputStore(client, 'outputs');
});

afterAll(async () => {
  client.destroy();
  await app.close();
});

async function stored(Key: string) {
  const { Body, ContentType } = await client.send(new GetObjectCommand({ Bucket: 'outputs', Key }));
  return { body: Buffer.from((await Body?.transformToByteArray()) ?? []), type: ContentType };
}

it.each([
  ['nothing', 0, 1],
  ['less than a part', 100_000, 1],
  ['a whole part', 8 * MIB, 1],
  ['a part and a byte', 8 * MIB + 1, 4],
  ['three parts', 24 * MIB, 5],
])('stores %s, byte for byte, in as few requests as it takes', async (_what, length, calls) => {
  const bytes = Buffer.alloc(length, 'Gemini says: ');
  const key = `batch/${length}`;
  const before = requests.length;

  const writer = store.open(key, 'application/jsonl', LIVE);
  for (let offset = 0; offset < length; offset += 65_537) await writer.write(bytes.subarray(offset, offset + 65_537));
  const result = await writer.finish();

  expect(requests.length - before).toBe(calls);
  expect(result).toEqual({ bytes: length, sha256: createHash('sha256').update(bytes).digest('hex') });
  const { body, type } = await stored(key);
  expect(body.equals(bytes)).toBe(true);
  expect(type).toBe('application/jsonl');
});

it('shows nothing of an upload that was aborted', async () => {
  const writer = store.open('batch/aborted', 'text/plain', LIVE);
  await writer.write(Buffer.alloc(9 * MIB));
  await writer.abort();

  await expect(stored('batch/aborted')).rejects.toMatchObject({ name: 'NoSuchKey' });
  expect(requests.at(-2)).toMatch(/^DELETE \/outputs\/batch\/aborted\?.*uploadId=/);
});

it('has no manifest before one is written, and gives back what was written', async () => {
  const manifest: Manifest = {
    schemaVersion: '1',
    source: 'default',
    outcome: 'stored',
    event: {
      webhookId: 'msg_1',
      type: 'batch.succeeded',
      scheme: 'v1',
      origin: 'webhook',
      occurredAt: '2026-11-24T04:59:00.000Z',
      receivedAt: '2026-11-24T04:59:01.000Z',
    },
    job: { type: 'batch', id: 'batches/a', status: 'succeeded', model: null, createdAt: null, endedAt: null },
    usage: null,
    error: null,
    objects: [],
    counts: { objects: 0, bytes: 0, requests: 3 },
    notes: [],
    timings: { startedAt: '2026-11-24T05:00:00.000Z', finishedAt: '2026-11-24T05:00:01.000Z', invocations: 1 },
    fetcher: { version: '0.1.0' },
  };

  expect(await store.readManifest('batch/manifest.json')).toBeUndefined();
  expect(await store.writeManifest('batch/manifest.json', manifest)).toBe(true);
  expect(await store.readManifest('batch/manifest.json')).toEqual(manifest);
});

it('writes a manifest only where there is none', async () => {
  const s3 = mockClient(S3Client);
  const mocked = new S3OutputStore(new S3Client({ region: 'us-east-1' }), 'outputs');
  const { S3ServiceException } = await import('@aws-sdk/client-s3');
  const refusal = (httpStatusCode: number) =>
    new S3ServiceException({ name: 'x', $fault: 'client', $metadata: { httpStatusCode } });

  s3.onAnyCommand().rejects(refusal(412));
  expect(await mocked.writeManifest('k', {} as Manifest)).toBe(false);
  expect(s3.call(0).args[0].input).toMatchObject({ Bucket: 'outputs', Key: 'k', IfNoneMatch: '*' });

  s3.onAnyCommand().rejects(refusal(403));
  await expect(mocked.writeManifest('k', {} as Manifest)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  await expect(mocked.readManifest('k')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  s3.restore();
});

it('fails at the end when a part did not arrive', async () => {
  const writer = store.open('other-bucket', 'text/plain', LIVE);
  await writer.write(Buffer.alloc(9 * MIB));
  const broken = new S3OutputStore(client, 'no-such-bucket').open('k', 'text/plain', LIVE);

  await expect(broken.write(Buffer.alloc(9 * MIB))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  await broken.abort();
  await writer.abort();
});

it('stops when the time of the function has run out', async () => {
  const writer = store.open('late', 'text/plain', AbortSignal.abort());
  await writer.write(Buffer.from('x'));

  await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_FETCH_TIMED_OUT' });
});

/** Writes from where an upload is, in pieces that are no parts. */
async function writeOn(bytes: Buffer, writer: { write(chunk: Uint8Array): Promise<void> }, from: number, to: number) {
  for (let offset = from; offset < to; offset += 1_000_003) {
    await writer.write(bytes.subarray(offset, Math.min(to, offset + 1_000_003)));
  }
}

it('goes on with an upload in another process, and has the same hash and count in the end', async () => {
  const line = Buffer.from('{"key":"a","error":{}}\n');
  const bytes = Buffer.alloc(40 * MIB, line);
  const key = 'batch/resumed';
  const saved: UploadState[] = [];
  const checkpoint = async (state: UploadState) => void saved.push(structuredClone(state));
  let from: UploadState | undefined;
  let counter = new JsonLinesCounter();
  const before = requests.length;

  // Each process is stopped somewhere within a part, which is then sent again.
  for (const stop of [9, 17.5, 31, 40].map((mebibytes) => mebibytes * MIB)) {
    counter = new JsonLinesCounter(from?.observer);
    const writer = store.open(key, 'application/jsonl', LIVE, { from, observer: counter, checkpoint });
    await writeOn(bytes, writer, from?.bytes ?? 0, stop);
    if (stop === bytes.length) {
      expect(await writer.finish()).toEqual({
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      });
    } else {
      from = await writer.suspend();
      expect(from?.bytes).toBe(Math.floor(stop / (8 * MIB)) * 8 * MIB);
    }
  }

  // Written down before the first part, so that no upload is forgotten, and before its end, so that it can be repeated.
  expect(saved).toMatchObject([
    { etags: [], bytes: 0 },
    { etags: { length: 5 }, bytes: bytes.length },
  ]);
  expect((await stored(key)).body.equals(bytes)).toBe(true);
  expect(counter.counts).toEqual({ lines: Math.ceil(bytes.length / line.length), lineErrors: 1_823_610 });
  const calls = requests.slice(before).map((request) => request.split(' ')[0]);
  expect(calls.filter((method) => method === 'POST')).toHaveLength(2);
});

it('writes down every sixteenth part, and the last', async () => {
  const saved: number[] = [];
  const checkpoint = async ({ etags }: UploadState) => void saved.push(etags.length);
  const writer = store.open('batch/checkpoints', 'text/plain', LIVE, {
    from: undefined,
    observer: undefined,
    checkpoint,
  });

  await writeOn(Buffer.alloc(280 * MIB), writer, 0, 280 * MIB);
  await writer.finish();

  expect(saved).toEqual([0, 16, 32, 35]);
});

describe('an upload whose completion was not heard of', () => {
  const bytes = Buffer.alloc(17 * MIB, 'Gemini says: ');
  const sha256 = createHash('sha256').update(bytes).digest('hex');

  async function completed(key: string): Promise<UploadState> {
    const saved: UploadState[] = [];
    const checkpoint = async (state: UploadState) => void saved.push(state);
    const writer = store.open(key, 'text/plain', LIVE, { from: undefined, observer: undefined, checkpoint });
    await writeOn(bytes, writer, 0, bytes.length);
    await writer.finish();
    const last = saved.at(-1);
    if (last === undefined) throw new Error('Nothing was written down.');
    return last;
  }
  const again = (key: string, from: UploadState) =>
    store.open(key, 'text/plain', LIVE, { from, observer: undefined, checkpoint: async () => {} });

  it('is done when another process finds its object', async () => {
    const from = await completed('batch/completed');

    expect(await again('batch/completed', from).finish()).toEqual({ bytes: bytes.length, sha256 });
  });

  it.each([
    ['nothing', async () => {}],
    [
      'another object',
      async (Key: string) => void (await client.send(new PutObjectCommand({ ...AT, Key, Body: 'x' }))),
    ],
    [
      // A prefix of a key lists whatever begins with it.
      'an object whose key goes on',
      async (Key: string) => void (await completed(`${Key}.old`)),
    ],
  ])('is unknown when %s is there', async (what, put) => {
    const key = `batch/completed/${what}`;
    const from = await completed(key);
    await client.send(new DeleteObjectCommand({ ...AT, Key: key }));
    await put(key);

    const writer = again(key, from);
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });

    expect(await writer.suspend()).toBeUndefined();
  });
});

it('has no state of an upload that the store does not know any more', async () => {
  const from = { uploadId: 'gone', etags: [], bytes: 0, sha256: '', observer: undefined };
  const first = store.open('batch/gone', 'text/plain', LIVE, {
    from: undefined,
    observer: undefined,
    checkpoint: async () => {},
  });
  await writeOn(Buffer.alloc(9 * MIB), first, 0, 9 * MIB);
  const state = (await first.suspend()) ?? from;
  await store.abort('batch/gone', state.uploadId);

  const writer = store.open('batch/gone', 'text/plain', LIVE, {
    from: state,
    observer: undefined,
    checkpoint: async () => {},
  });
  await writeOn(Buffer.alloc(17 * MIB), writer, 0, 17 * MIB).catch(() => {});
  await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });

  expect(await writer.suspend()).toBeUndefined();
});

it('lets parts grow, so that 10,000 of them hold 390 GiB', async () => {
  const s3 = mockClient(S3Client);
  s3.onAnyCommand().resolves({ ETag: 'e' });
  const mocked = new S3OutputStore(new S3Client({ region: 'us-east-1' }), 'outputs');
  const sent = async (parts: number, bytes: number) => {
    s3.resetHistory();
    const from = { uploadId: 'u', etags: Array(parts).fill('e'), bytes: 0, sha256: STATE, observer: undefined };
    const writer = mocked.open('k', 't', LIVE, { from, observer: undefined, checkpoint: async () => {} });
    await writer.write(Buffer.alloc(bytes + 1));
    await writer.suspend();
    return s3.commandCalls(UploadPartCommand).map(({ args }) => (args[0].input.Body as Buffer).length / MIB);
  };
  const STATE = (await stateOfNothing()).sha256;

  expect(await sent(1998, 48 * MIB)).toEqual([8, 8, 32]);
  expect(await sent(5999, 96 * MIB)).toEqual([32, 64]);
  await expect(sent(9999, 64 * MIB)).rejects.toMatchObject({ code: 'ERR_OUTPUT_TOO_LARGE' });
  s3.restore();

  async function stateOfNothing(): Promise<UploadState> {
    s3.onAnyCommand().resolves({ UploadId: 'u', ETag: 'e' });
    const states: UploadState[] = [];
    const checkpoint = async (state: UploadState) => void states.push(state);
    const writer = mocked.open('k', 't', LIVE, { from: undefined, observer: undefined, checkpoint });
    await writer.write(Buffer.alloc(9 * MIB));
    await writer.suspend();
    const [first] = states;
    if (first === undefined) throw new Error('Nothing was written down.');
    return first;
  }
});
