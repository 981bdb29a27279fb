/**
 * A cheap Gemini in a process of its own: `node gemini.ts '<JSON of GeminiEndOptions>'`. Jobs are named after what they hold:
 * `batches/file-64` has a result file of 64 MiB, `batches/inline-64` as many results inline, `interactions/report-20000` a
 * report of 20,000 characters.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface GeminiEndOptions {
  /** Before each answer. */
  readonly latencyMs?: number;
  /** Of each connection. @default - as fast as it can */
  readonly bytesPerSecond?: number;
  readonly knowsRanges?: boolean;
}

const MIB = 1024 * 1024;
const options = JSON.parse(process.argv[2] ?? '{}') as GeminiEndOptions;
const { latencyMs = 0, bytesPerSecond, knowsRanges = true } = options;

function result(number: number, length: number): object {
  const text = 'x'.repeat(length);
  return {
    key: `request-${String(number).padStart(9, '0')}`,
    response: { candidates: [{ content: { parts: [{ text }], role: 'model' }, finishReason: 'STOP' }] },
  };
}
const OVERHEAD = JSON.stringify(result(0, 0)).length + 1;
/** A MiB of lines of 1 KiB, of which files are made. */
const BLOCK = Buffer.from(
  Array.from({ length: 1024 }, (_, at) => `${JSON.stringify(result(at, 1024 - OVERHEAD))}\n`).join(''),
);

const times = { createTime: '2026-11-24T04:00:00Z', endTime: '2026-11-24T04:59:00Z' };
const batch = (name: string, response: object) => ({
  name,
  done: true,
  metadata: { state: 'BATCH_STATE_SUCCEEDED', model: 'models/m', ...times },
  response,
});
/** Made once: what is measured is the function. */
const made = new Map<string, Buffer>();
function resourceOf(kind: string, id: string): Buffer | undefined {
  const [what, size] = id.split('-');
  const make = () => {
    if (kind === 'interactions') return interaction(id, Number(size));
    if (what === 'file') return batch(`batches/${id}`, { responsesFile: `files/${size}` });
    const inlinedResponses = Array.from({ length: Number(size) * 1024 }, (_, at) => result(at, 1024 - OVERHEAD));
    return batch(`batches/${id}`, { inlinedResponses: { inlinedResponses } });
  };
  const resource = made.get(id) ?? Buffer.from(JSON.stringify(make()));
  made.set(id, resource);
  return resource;
}
const interaction = (id: string, length: number) => ({
  ...{ id, status: 'completed', created: '2026-11-24T04:00:00Z', updated: '2026-11-24T04:59:00Z', model: 'm' },
  steps: [{ type: 'model_output', content: [{ type: 'text', text: 'x'.repeat(length) }] }],
});

/** Or gone. */
async function drained(response: ServerResponse): Promise<void> {
  const other = new AbortController();
  const { signal } = other;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  other.abort();
}

async function sendFile(response: ServerResponse, start: number, end: number): Promise<void> {
  const startedAt = performance.now();
  for (let at = start; at < end && !response.destroyed; ) {
    const from = at % BLOCK.length;
    const bytes = Math.min(BLOCK.length - from, end - at, bytesPerSecond === undefined ? 256 * 1024 : 64 * 1024);
    at += bytes;
    if (bytesPerSecond !== undefined) {
      const early = ((at - start) / bytesPerSecond) * 1000 - (performance.now() - startedAt);
      if (early > 1) await sleep(early);
    }
    if (!response.write(BLOCK.subarray(from, from + bytes))) await drained(response);
  }
  response.end();
}

const server = createServer(async (request, response) => {
  if (latencyMs > 0) await sleep(latencyMs);
  const path = new URL(request.url ?? '', 'http://localhost').pathname;
  const file = /files\/(\d+)(:download)?$/.exec(path);
  const job = /(batches|interactions)\/(\w+-\d+)$/.exec(path);
  const json = (body: Buffer) => response.writeHead(200, { 'content-length': body.length }).end(body);
  if (job !== null) {
    const resource = resourceOf(job[1] ?? '', job[2] ?? '');
    if (resource !== undefined) json(resource);
    return;
  }
  if (file === null) {
    response.writeHead(404).end('{}');
    return;
  }
  const size = Number(file[1]) * MIB;
  if (file[2] === undefined) {
    json(Buffer.from(JSON.stringify({ name: `files/${file[1]}`, state: 'ACTIVE', sizeBytes: String(size) })));
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (range === null || !knowsRanges) {
    response.writeHead(200, { 'content-length': size, etag: '"1"' });
    await sendFile(response, 0, size);
    return;
  }
  const [start, end] = [Number(range[1]), range[2] === '' ? size : Math.min(size, Number(range[2]) + 1)];
  const contentRange = `bytes ${start}-${end - 1}/${size}`;
  response.writeHead(206, { 'content-length': end - start, 'content-range': contentRange, etag: '"1"' });
  await sendFile(response, start, end);
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
