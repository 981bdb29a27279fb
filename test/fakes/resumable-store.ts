/** Uploads in parts of 8 bytes that outlive whoever began them, and a Gemini that serves the rest of a file. */
import { createHash } from 'node:crypto';
import type {
  FileDownload,
  Gemini,
  LandingStore,
  OutputStore,
  ResumableOptions,
  UploadState,
} from '../../lambda/app/ports.ts';
import { TransientError } from '../../lambda/domain/errors.ts';
import type { LandingProgress } from '../../lambda/domain/landing-progress.ts';
import type { Manifest } from '../../lambda/domain/manifest.ts';

const PART = 8;

export class ResumableStore implements OutputStore {
  readonly bucket = 'outputs';
  readonly objects = new Map<string, string>();
  readonly manifests = new Map<string, Manifest>();
  readonly uploads = new Map<string, Buffer>();
  readonly aborted: string[] = [];
  #made = 0;

  open(key: string, _contentType: string, _signal: AbortSignal, resumable?: ResumableOptions) {
    const { from, observer } = resumable ?? {};
    let state: UploadState | undefined = from;
    let uploadId = from?.uploadId;
    let rest = Buffer.alloc(0);
    const sendPart = async (part: Buffer) => {
      if (uploadId === undefined) {
        this.#made += 1;
        uploadId = `upload-${this.#made}`;
      }
      const before = state?.bytes ?? 0;
      observer?.write(part);
      this.uploads.set(uploadId, Buffer.concat([this.uploads.get(uploadId) ?? Buffer.alloc(0), part]));
      const etags = [...(state?.etags ?? []), 'etag'];
      state = { uploadId, etags, bytes: before + part.length, sha256: '', observer: observer?.save() };
      await resumable?.checkpoint(state);
    };
    return {
      write: async (chunk: Uint8Array) => {
        rest = Buffer.concat([rest, chunk]);
        for (; rest.length > PART; rest = rest.subarray(PART)) await sendPart(rest.subarray(0, PART));
      },
      finish: async () => {
        if (rest.length > 0) await sendPart(rest);
        const body = this.uploads.get(uploadId ?? '') ?? Buffer.alloc(0);
        this.uploads.delete(uploadId ?? '');
        this.objects.set(key, body.toString('utf8'));
        return { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
      },
      abort: async () => {
        if (uploadId !== undefined) await this.abort(key, uploadId);
      },
      suspend: async () => state,
    };
  }

  async abort(_key: string, uploadId: string) {
    this.uploads.delete(uploadId);
    this.aborted.push(uploadId);
  }

  async readManifest(key: string) {
    return this.manifests.get(key);
  }

  async writeManifest(key: string, manifest: Manifest) {
    if (this.manifests.has(key)) return false;
    this.manifests.set(key, manifest);
    return true;
  }
}

export class Landings implements LandingStore {
  readonly kept = new Map<string, LandingProgress>();

  async load(prefix: string) {
    return structuredClone(this.kept.get(prefix));
  }

  async save(prefix: string, progress: LandingProgress) {
    this.kept.set(prefix, structuredClone(progress));
  }

  async forget(prefix: string) {
    this.kept.delete(prefix);
  }
}

/** What becomes of one download. */
export interface Serving {
  /** How many bytes come before `failure`. @default - all of them */
  readonly bytes?: number;
  readonly failure?: TransientError;
  /** @default true */
  readonly knowsRanges?: boolean;
  readonly etag?: string;
  /** Whether there is no such file (any more). */
  readonly isGone?: boolean;
}

export const TIME_IS_UP = new TransientError('ERR_FETCH_TIMED_OUT', 'The time of the function ran out');

/** One batch with one file. */
export class RangedGemini implements Gemini {
  /** Offsets that were asked for, in order. */
  readonly offsets: number[] = [];
  /** Downloads whose connection was not given back. */
  readonly open = new Set<object>();
  readonly #job: string;
  readonly #file: string;
  readonly #servings: Serving[];

  constructor(job: object, file: string, servings: readonly Serving[]) {
    this.#job = JSON.stringify(job);
    this.#file = file;
    this.#servings = [...servings];
  }

  async get(path: string): Promise<FileDownload | undefined> {
    return path === 'batches/abc' ? download(this.#job, 0, {}, new Set()) : undefined;
  }

  async download(_fileId: string, _signal: AbortSignal, offset = 0): Promise<FileDownload | undefined> {
    this.offsets.push(offset);
    const serving = this.#servings.shift() ?? {};
    if (serving.isGone) return undefined;
    return download(this.#file, serving.knowsRanges === false ? 0 : offset, serving, this.open);
  }
}

function download(text: string, offset: number, { bytes, failure, etag }: Serving, open: Set<object>): FileDownload {
  const body = Buffer.from(text);
  const connection = {};
  open.add(connection);
  const rest = body.subarray(offset, bytes === undefined ? undefined : offset + bytes);
  async function* chunks() {
    try {
      for (let at = 0; at < rest.length; at += 3) yield rest.subarray(at, at + 3);
      if (failure !== undefined) throw failure;
    } finally {
      open.delete(connection);
    }
  }
  return { chunks: chunks(), bytes: undefined, offset, total: body.length, etag };
}
