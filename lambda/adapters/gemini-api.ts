/**
 * Gemini's API by plain `fetch`: the SDK drops a batch's errors and counts, and its downloads break off unnoticed. The
 * key goes to the API's own origin and nowhere else, so redirects are followed by hand.
 */
import { cachedKeys } from '../app/cached-keys.ts';
import type { Clock, Download, FileDownload, Gemini, KeySource } from '../app/ports.ts';
import { PipelineError, TransientError } from '../domain/errors.ts';
import { type Refusal, readRefusal } from './gemini-refusal.ts';
import type { SecretReader } from './secrets-manager.ts';

const API_VERSION = 'v1beta';
const MAX_REDIRECTS = 5;

export interface GeminiApiOptions {
  /** `https://generativelanguage.googleapis.com`; a path in it is kept. */
  readonly baseUrl: string;
  readonly apiKey: KeySource<string>;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** How long Gemini may be silent, before the answer and within it. */
  readonly stallMs: number;
}

export class GeminiApi implements Gemini {
  readonly #options: GeminiApiOptions;
  readonly #root: string;

  constructor(options: GeminiApiOptions) {
    this.#options = options;
    this.#root = `${options.baseUrl.replace(/\/+$/, '')}/${API_VERSION}`;
  }

  get(path: string, signal: AbortSignal): Promise<Download | undefined> {
    return this.#request(`${this.#root}/${path}`, signal, 0);
  }

  async download(fileId: string, signal: AbortSignal, offset = 0): Promise<FileDownload | undefined> {
    const url = `${this.#root}/files/${fileId}:download?alt=media`;
    const rest = await this.#request(url, signal, offset);
    // Gemini does not document ranges: whatever is not the rest that was asked for is asked for as a whole.
    return rest === 'not-the-rest' ? this.download(fileId, signal) : rest;
  }

  /** A refused key may have been exchanged a moment ago: it is read again, and tried once more. */
  async #request(url: string, deadline: AbortSignal, offset: 0): Promise<FileDownload | undefined>;
  async #request(
    url: string,
    deadline: AbortSignal,
    offset: number,
  ): Promise<FileDownload | 'not-the-rest' | undefined>;
  async #request(
    url: string,
    deadline: AbortSignal,
    offset: number,
  ): Promise<FileDownload | 'not-the-rest' | undefined> {
    const { apiKey } = this.#options;
    let keys = await apiKey.current();
    for (;;) {
      const answer = await this.#follow(url, keys[0] ?? '', { deadline, offset });
      if (answer === 'not-the-rest' || 'chunks' in answer) return answer;
      if (answer.kind === 'not-found') return undefined;
      const newer = answer.kind === 'key-refused' ? await apiKey.refreshed(keys) : undefined;
      if (newer === undefined || newer[0] === keys[0]) throw toError(answer);
      keys = newer;
    }
  }

  async #follow(
    start: string,
    apiKey: string,
    { deadline, offset }: { readonly deadline: AbortSignal; readonly offset: number },
  ): Promise<FileDownload | Refusal | 'not-the-rest'> {
    let url = new URL(start);
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const call = new Call(deadline, this.#options.stallMs);
      const response = await call.run(() =>
        this.#options.fetch(url.href, {
          redirect: 'manual',
          signal: call.signal,
          // Identity, because a Content-Length of compressed bytes would not tell whether all of them came.
          headers: {
            'x-goog-api-key': apiKey,
            'accept-encoding': 'identity',
            ...(offset > 0 && { range: `bytes=${offset}-` }),
          },
        }),
      );
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) {
        if (response.status === 200) return toDownload(response, call);
        if (offset > 0 && (response.status === 206 || response.status === 416)) {
          const range = rangeOf(response);
          if (range?.start === offset) return toDownload(response, call, range);
          await response.body?.cancel().catch(() => {});
          call.end();
          return 'not-the-rest';
        }
        const name = new URL(start).pathname.replace(/:download$/, '');
        return await call.run(() => readRefusal(response, name, this.#options.clock())).finally(() => call.end());
      }
      await response.body?.cancel().catch(() => {});
      call.end();
      url = redirected(url, location);
    }
    throw new TransientError('ERR_REDIRECT_REFUSED', `Gemini redirected more than ${MAX_REDIRECTS} times`);
  }
}

/** @throws TransientError `ERR_REDIRECT_REFUSED` for another origin: the key is not for it */
function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.origin === from.origin) return to;
  throw new TransientError('ERR_REDIRECT_REFUSED', 'Gemini redirected to another host, which must not see the API key');
}

function toDownload(response: Response, call: Call, range?: Range): FileDownload {
  const length = response.headers.get('content-encoding') === null ? response.headers.get('content-length') : null;
  const bytes = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
  const etag = response.headers.get('etag') ?? undefined;
  return {
    chunks: readBody(response, call, bytes),
    bytes,
    offset: range?.start ?? 0,
    total: range?.total ?? bytes,
    etag,
  };
}

interface Range {
  readonly start: number;
  readonly total: number;
}

/** One that goes to the end of the file. RFC 9110, 14.4 */
function rangeOf(response: Response): Range | undefined {
  const range = response.headers.get('content-range') ?? '';
  const [, start, end, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(range) ?? [];
  if (response.status !== 206 || Number(end) + 1 !== Number(total)) return undefined;
  return { start: Number(start), total: Number(total) };
}

async function* readBody(response: Response, call: Call, expected: number | undefined): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  let bytes = 0;
  try {
    while (reader !== undefined) {
      const { value, done } = await call.run(() => reader.read(), 'ERR_OUTPUT_TRUNCATED');
      if (done) break;
      bytes += value.length;
      yield value;
    }
    if (expected !== undefined && bytes !== expected) {
      throw new TransientError('ERR_OUTPUT_TRUNCATED', `Gemini announced ${expected} bytes and sent ${bytes}`);
    }
  } finally {
    call.end();
    await reader?.cancel().catch(() => {});
  }
}

function toError(refusal: Refusal): PipelineError {
  const options = { ...(refusal.retryAfterSeconds && { retryAfterSeconds: refusal.retryAfterSeconds }) };
  switch (refusal.kind) {
    case 'key-refused':
      return new TransientError(
        'ERR_API_KEY_REFUSED',
        `Gemini refused the API key with HTTP ${refusal.status}; put a valid one into its secret`,
        options,
      );
    case 'refused':
      return new TransientError(
        'ERR_GEMINI_REFUSED',
        `Gemini refused the call with HTTP ${refusal.status}, which says nothing about what was asked for`,
        options,
      );
    case 'rate-limited':
      return new TransientError('ERR_RATE_LIMITED', 'Gemini answered HTTP 429', options);
    case 'not-found':
    case 'unavailable':
      return new TransientError('ERR_GEMINI_UNAVAILABLE', `Gemini answered HTTP ${refusal.status}`, options);
  }
}

/** One HTTP call under two limits: the deadline of the function, and how long the other side may be silent. */
class Call {
  readonly #deadline: AbortSignal;
  readonly #stall = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;

  constructor(deadline: AbortSignal, stallMs: number) {
    this.#deadline = deadline;
    this.#timer = setTimeout(() => this.#stall.abort(), stallMs);
    this.signal = AbortSignal.any([deadline, this.#stall.signal]);
  }

  async run<Result>(
    step: () => Promise<Result>,
    code: 'ERR_GEMINI_UNAVAILABLE' | 'ERR_OUTPUT_TRUNCATED' = 'ERR_GEMINI_UNAVAILABLE',
  ): Promise<Result> {
    this.#timer.refresh();
    try {
      return await step();
    } catch (cause) {
      this.end();
      if (cause instanceof PipelineError) throw cause;
      if (this.#deadline.aborted) {
        throw new TransientError('ERR_FETCH_TIMED_OUT', 'The time of the function ran out during the fetch');
      }
      const what = this.#stall.signal.aborted ? 'was silent for too long' : 'broke off the connection';
      throw new TransientError(code, `Gemini ${what}`, { cause });
    }
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** The API key in its secret, read again at most every 30 seconds when Gemini refuses it. */
export function createApiKeySource(secrets: SecretReader, secretId: string, clock: Clock): KeySource<string> {
  return cachedKeys({
    clock,
    maxAgeSeconds: 600,
    cooldownSeconds: 30,
    staleSeconds: 24 * 3600,
    load: async () => {
      const key = (await secrets.read(secretId, 'AWSCURRENT'))?.value ?? '';
      // Anything else no header can carry.
      if (/^[\x21-\x7e]{1,512}$/.test(key)) return [key];
      throw new TransientError(
        'ERR_KEYS_UNAVAILABLE',
        `The secret ${secretId} holds no API key; put one there, see README, "Deploy it"`,
      );
    },
  });
}
