/**
 * Gemini's API by plain GET: the SDK drops a batch's errors and counts, and its downloads break off unnoticed. The
 * key goes to the API's own origin and nowhere else, so redirects are followed by hand.
 */
import { type PipelineError, TransientError } from '../shared/errors.ts';
import type { Clock, KeySource } from '../shared/ports.ts';
import { type HttpAnswer, httpGet } from './http-get.ts';
import type { Download, FileDownload, Gemini } from './ports.ts';
import { type Range, rangeHeaders, rangeOf, type Wanted } from './range.ts';
import { type Refusal, readRefusal } from './refusal.ts';

const API_VERSION = 'v1beta';
const MAX_REDIRECTS = 5;

export interface GeminiApiOptions {
  /** `https://generativelanguage.googleapis.com`; a path in it is kept. */
  readonly baseUrl: string;
  readonly apiKey: KeySource<string>;
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

  async get(path: string, signal: AbortSignal): Promise<Download | undefined> {
    const answer = await this.#request(`${this.#root}/${path}`, signal);
    return answer && toDownload(answer);
  }

  async download(fileId: string, signal: AbortSignal, length?: number): Promise<FileDownload | undefined> {
    const url = `${this.#root}/files/${fileId}:download?alt=media`;
    const wanted = length === undefined ? undefined : { start: 0, length };
    const answer = await this.#request(url, signal, wanted);
    if (answer === undefined) return undefined;
    if (answer.response.status === 200) {
      const whole = toDownload(answer);
      return { ...whole, total: whole.bytes, readRange: undefined };
    }
    const first = wanted && rangeOf(answer.response, wanted);
    if (first === undefined) {
      // Gemini documents no ranges, and an empty file has none: whatever is not what was asked for is asked for as a whole.
      discard(answer);
      return this.download(fileId, signal);
    }
    const file = { url, redirected: answer.url, first };
    return {
      ...toDownload(answer, first.bytes),
      total: first.total,
      readRange: (start, partLength, deadline) => this.#readRange(file, { start, length: partLength }, deadline),
    };
  }

  /** Goes where the file was found, without another redirect; should that fail, it is looked for again. */
  async #readRange(file: OpenFile, wanted: Wanted, deadline: AbortSignal): Promise<Download | undefined> {
    const url = file.redirected;
    file.redirected = file.url;
    const answer = await this.#request(url, deadline, wanted, file.first.etag);
    if (answer === undefined) throw new TransientError('ERR_OUTPUT_NOT_READY', 'A file cannot be had any more');
    const range = rangeOf(answer.response, wanted);
    if (range === undefined || range.total !== file.first.total || range.etag !== file.first.etag) {
      discard(answer);
      return undefined;
    }
    file.redirected = url;
    return toDownload(answer, range.bytes);
  }

  /** A refused key may have been exchanged a moment ago: it is read again, and tried once more. */
  async #request(url: string, deadline: AbortSignal, wanted?: Wanted, etag?: string): Promise<Answer | undefined> {
    const { apiKey } = this.#options;
    let keys = await apiKey.current();
    for (;;) {
      const answer = await this.#follow(url, keys[0] ?? '', { deadline, range: rangeHeaders(wanted, etag) });
      if ('response' in answer) return answer;
      if (answer.kind === 'not-found') return undefined;
      const newer = answer.kind === 'key-refused' ? await apiKey.refreshed(keys) : undefined;
      if (newer === undefined || newer[0] === keys[0]) throw toError(answer);
      keys = newer;
    }
  }

  async #follow(
    start: string,
    apiKey: string,
    { deadline, range }: { readonly deadline: AbortSignal; readonly range: Record<string, string> },
  ): Promise<Answer | Refusal> {
    let url = new URL(start);
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const call = new Call(deadline, this.#options.stallMs);
      const response = await call.run(() =>
        httpGet(url, {
          signal: call.signal,
          // Identity, because a Content-Length of compressed bytes would not tell whether all of them came.
          headers: { 'x-goog-api-key': apiKey, 'accept-encoding': 'identity', ...range },
        }),
      );
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) {
        const isAboutRange = 'range' in range && (response.status === 206 || response.status === 416);
        if (response.status === 200 || isAboutRange) return { response, call, url: url.href };
        const name = new URL(start).pathname.replace(':download', '');
        return await call.run(() => readRefusal(response, name, this.#options.clock())).finally(() => call.end());
      }
      discard({ response, call });
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

interface Answer {
  readonly response: HttpAnswer;
  readonly call: Call;
  /** Of the last redirect. */
  readonly url: string;
}

interface OpenFile {
  readonly url: string;
  redirected: string;
  readonly first: Range;
}

/** @param length that was announced otherwise. @default - the Content-Length */
function toDownload({ response, call }: Answer, length?: number): Download {
  const announced = response.headers.get('content-encoding') === null ? response.headers.get('content-length') : null;
  // Nothing but digits gets through the parser of `node:http`.
  const bytes = length ?? (announced === null ? undefined : Number(announced));
  return { chunks: readBody(response, call, bytes), bytes };
}

function discard({ response, call }: Pick<Answer, 'response' | 'call'>): void {
  response.body.destroy();
  call.end();
}

async function* readBody({ body }: HttpAnswer, call: Call, expected: number | undefined): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]();
  let bytes = 0;
  try {
    for (;;) {
      const { value, done } = await call.run(() => chunks.next(), 'ERR_OUTPUT_TRUNCATED');
      if (done === true) break;
      bytes += value.length;
      yield value;
    }
    if (expected !== undefined && bytes !== expected) {
      throw new TransientError('ERR_OUTPUT_TRUNCATED', `Gemini announced ${expected} bytes and sent ${bytes}`);
    }
  } finally {
    call.end();
    body.destroy();
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
