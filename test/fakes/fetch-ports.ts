/** Ports of the fetchers in memory, with a record of every call, and a place at which the process may die. */
import { createHash } from 'node:crypto';
import type { BusEvent, FetchableEvent } from '../../lambda/events/job-event.ts';
import type { Manifest } from '../../lambda/events/manifest.ts';
import type { FetchOutputsPorts } from '../../lambda/fetch/fetch-outputs.ts';
import type { ByteObserver, OutputStore } from '../../lambda/fetch/ports.ts';
import type { FileDownload, Gemini } from '../../lambda/gemini/ports.ts';
import type { LedgerJob } from '../../lambda/ledger/facts.ts';
import type { FetchLedger, JobOnRecord } from '../../lambda/ledger/ports.ts';

export const NOW = new Date('2026-11-24T05:00:00.000Z');
export const LIVE = new AbortController().signal;

export function eventOf(jobType: FetchableEvent['jobType'], jobId: string, type: string): FetchableEvent {
  return {
    schemaVersion: '1',
    project: 'default',
    webhookId: 'msg_1',
    type,
    jobType,
    jobId,
    status: type.slice(type.lastIndexOf('.') + 1),
    occurredAt: '2026-11-24T04:59:00.000Z',
    receivedAt: '2026-11-24T04:59:01.000Z',
    origin: 'webhook',
    scheme: 'v1',
    verifiedJob: true,
    userMetadata: { team: 'a' },
    displayName: null,
    data: { id: jobId, output_file_uri: 'files/of-the-event' },
  };
}

/** Sends in pieces of 7 bytes, so that whatever is read is read across borders; of what is large in fewer. */
function downloadOf(body: Uint8Array): FileDownload {
  const piece = body.length < 100_000 ? 7 : 70_001;
  async function* chunks() {
    for (let offset = 0; offset < body.length; offset += piece) yield body.subarray(offset, offset + piece);
  }
  return { chunks: chunks(), bytes: body.length, total: body.length, readRange: undefined };
}

/** A body that answers to a path, an error that is thrown, or nothing: 404. */
export type Answers = Record<string, string | Uint8Array | object | Error>;

class FakeGemini implements Gemini {
  readonly calls: string[] = [];
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  get = (path: string) => this.#answer(path);
  download = (fileId: string) => this.#answer(`files/${fileId}:download`);

  async #answer(path: string): Promise<FileDownload | undefined> {
    this.calls.push(path);
    const answer = this.#answers[path];
    if (answer === undefined) return undefined;
    if (answer instanceof Error) throw answer;
    if (answer instanceof Uint8Array) return downloadOf(answer);
    return downloadOf(Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)));
  }
}

class FakeStore implements OutputStore {
  readonly bucket = 'outputs';
  readonly partBytes = 8;
  readonly objects = new Map<string, { readonly body: Buffer; readonly contentType: string }>();
  readonly manifests = new Map<string, Manifest>();
  /** Keys that were begun and neither finished nor aborted. */
  readonly unfinished = new Set<string>();
  readonly aborted: string[] = [];
  readonly order: string[] = [];

  open(key: string, contentType: string, _signal?: AbortSignal, observer?: ByteObserver) {
    const chunks: Buffer[] = [];
    this.unfinished.add(key);
    return {
      write: async (chunk: Uint8Array) => {
        chunks.push(Buffer.from(chunk));
      },
      writePart: async (index: number, fill: (buffer: Buffer) => Promise<number>) => {
        const buffer = Buffer.alloc(this.partBytes);
        chunks[index] = buffer.subarray(0, await fill(buffer));
      },
      finish: async () => {
        const body = Buffer.concat(chunks);
        observer?.write(body);
        this.unfinished.delete(key);
        if (this.objects.has(key)) return undefined;
        this.objects.set(key, { body, contentType });
        this.order.push(key);
        return { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
      },
      abort: async () => {
        this.unfinished.delete(key);
        this.aborted.push(key);
      },
    };
  }

  async read(key: string) {
    const found = this.objects.get(key);
    return found && downloadOf(found.body);
  }

  async readManifest(key: string) {
    return this.manifests.get(key);
  }

  async writeManifest(key: string, manifest: Manifest) {
    if (this.manifests.has(key)) return false;
    this.manifests.set(key, manifest);
    this.order.push(key);
    return true;
  }

  text(key: string): string | undefined {
    return this.objects.get(key)?.body.toString('utf8');
  }
}

/** Knows nothing, and takes everything. */
export const NO_LEDGER: FetchLedger = {
  begin: async () => ({ isOurs: true, userMetadata: {}, displayName: null, lastCode: undefined }),
  postpone: async () => {},
};

class FakeLedger implements FetchLedger {
  /** What it has of every job. */
  known: JobOnRecord = { isOurs: true, userMetadata: {}, displayName: null, lastCode: undefined };
  readonly calls: unknown[][] = [];

  async begin(job: LedgerJob, attempt: number) {
    this.calls.push(['begin', job.jobId, attempt]);
    return this.known;
  }

  async postpone(job: LedgerJob, code: string, nextAttemptAt: Date) {
    this.calls.push(['postpone', job.jobId, code, nextAttemptAt.toISOString()]);
    this.known = { ...this.known, lastCode: code };
  }
}

export function portsOf(answers: Answers, maxOutputBytes = 1_000_000) {
  const ledger = new FakeLedger();
  const gemini = new FakeGemini(answers);
  const store = new FakeStore();
  const published: BusEvent[] = [];
  const metrics: unknown[][] = [];
  const lines: string[] = [];
  const write = (message: string, fields: object) => lines.push(JSON.stringify([message, fields]));
  const time = { now: NOW };
  const ports: FetchOutputsPorts = {
    geminiOf: () => gemini,
    ledger,
    retentionMs: 48 * 3600_000,
    store,
    publisher: {
      publish: async (event) => {
        published.push(event);
      },
    },
    clock: () => time.now,
    wait: async () => {},
    log: { info: write, warn: write, error: write },
    metrics: {
      count: (...call) => metrics.push(call),
      seconds: (...call) => metrics.push(call),
    },
    maxOutputBytes,
  };
  return { ports, time, gemini, ledger, store, published, metrics, lines };
}
