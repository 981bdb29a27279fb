/** Ports of the fetchers in memory, with a record of every call, and a place at which the process may die. */
import { createHash } from 'node:crypto';
import type { FetchOutputsPorts } from '../../lambda/app/fetch-outputs.ts';
import type { FileDownload, Gemini, LandingStore, OutputStore, ResumableOptions } from '../../lambda/app/ports.ts';
import type { BusEvent, FetchableEvent } from '../../lambda/domain/job-event.ts';
import type { Manifest } from '../../lambda/domain/manifest.ts';

export const NOW = new Date('2026-11-24T05:00:00.000Z');
export const LIVE = new AbortController().signal;

export function eventOf(jobType: FetchableEvent['jobType'], jobId: string, type: string): FetchableEvent {
  return {
    schemaVersion: '1',
    source: 'default',
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
    displayName: null,
    userMetadata: { team: 'a' },
    data: { id: jobId, output_file_uri: 'files/of-the-event' },
  };
}

/** Sends in pieces of 7 bytes, so that whatever is read is read across borders. */
function downloadOf(body: Uint8Array): FileDownload {
  async function* chunks() {
    for (let offset = 0; offset < body.length; offset += 7) yield body.subarray(offset, offset + 7);
  }
  return { chunks: chunks(), bytes: body.length, offset: 0, total: body.length, etag: undefined };
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
  readonly objects = new Map<string, { readonly body: Buffer; readonly contentType: string }>();
  readonly manifests = new Map<string, Manifest>();
  /** Keys that were begun and neither finished nor aborted. */
  readonly unfinished = new Set<string>();
  readonly aborted: string[] = [];
  readonly order: string[] = [];

  open(key: string, contentType: string, _signal?: AbortSignal, resumable?: ResumableOptions) {
    const chunks: Buffer[] = [];
    this.unfinished.add(key);
    return {
      write: async (chunk: Uint8Array) => {
        chunks.push(Buffer.from(chunk));
      },
      finish: async () => {
        const body = Buffer.concat(chunks);
        resumable?.observer?.write(body);
        this.objects.set(key, { body, contentType });
        this.unfinished.delete(key);
        this.order.push(key);
        return { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
      },
      abort: async () => {
        this.unfinished.delete(key);
        this.aborted.push(key);
      },
      // As of an object that is smaller than a part: there is no upload.
      suspend: async () => {
        this.unfinished.delete(key);
        return undefined;
      },
    };
  }

  async abort(key: string) {
    this.aborted.push(key);
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

/** Nothing is ever put away. */
export const NO_LANDINGS: LandingStore = {
  load: async () => undefined,
  save: async () => {},
  forget: async () => {},
};

export function portsOf(answers: Answers, maxOutputBytes = 1_000_000) {
  const gemini = new FakeGemini(answers);
  const store = new FakeStore();
  const published: BusEvent[] = [];
  const metrics: unknown[][] = [];
  const lines: string[] = [];
  const write = (message: string, fields: object) => lines.push(JSON.stringify([message, fields]));
  const ports: FetchOutputsPorts = {
    geminiOf: () => gemini,
    landings: NO_LANDINGS,
    store,
    publisher: {
      publish: async (event) => {
        published.push(event);
      },
    },
    clock: () => NOW,
    log: { info: write, warn: write, error: write },
    metrics: {
      count: (...call) => metrics.push(call),
      seconds: (...call) => metrics.push(call),
    },
    maxOutputBytes,
  };
  return { ports, gemini, store, published, metrics, lines };
}
