/**
 * What an answer of Gemini's that is not 200 means for us. There are two forms of body, google.rpc.Status and one with a
 * string code; the HTTP status decides, the body only tells a refused key from a job that is not ours.
 */
import * as z from 'zod/mini';

export interface Refusal {
  readonly kind: 'not-found' | 'key-refused' | 'rate-limited' | 'unavailable';
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
}

const MAX_BYTES = 64 * 1024;
const LONGEST_WAIT_SECONDS = 24 * 3600;

const ErrorBody = z.looseObject({
  error: z.looseObject({
    message: z.catch(z.optional(z.string()), undefined),
    status: z.catch(z.optional(z.string()), undefined),
    code: z.optional(z.unknown()),
    details: z.catch(
      z.optional(z.array(z.looseObject({ reason: z.optional(z.string()), retryDelay: z.optional(z.string()) }))),
      undefined,
    ),
  }),
});
type ErrorBody = z.infer<typeof ErrorBody>['error'];

/** Reasons in google.rpc.ErrorInfo for which every call with this key fails, whatever it asks for. */
const KEY_REASON =
  /^(?:API_KEY_|SERVICE_DISABLED$|CONSUMER_|BILLING_|USER_PROJECT_DENIED$|ACCESS_TOKEN_|CREDENTIALS_MISSING$)/;

/** Whether an error body that was read already is about the key and not about what was asked for. */
export function isKeyRefused(status: number, body: unknown): boolean {
  const parsed = ErrorBody.safeParse(body);
  return kindOf(status, parsed.success ? parsed.data.error : {}) === 'key-refused';
}

export async function readRefusal(response: Response, now: Date): Promise<Refusal> {
  const body = parse(await readBounded(response));
  const retryAfterSeconds = retryAfter(response.headers.get('retry-after'), now) ?? retryInfo(body);
  return { kind: kindOf(response.status, body), status: response.status, retryAfterSeconds };
}

function kindOf(status: number, body: ErrorBody): Refusal['kind'] {
  if (status === 401 || ((status === 400 || status === 403) && isAboutKey(body))) return 'key-refused';
  if (status === 403 || status === 404 || status === 410) return 'not-found';
  // An id that can be none: the event was signed, but what it names does not exist.
  if (status === 400 && (body.status === 'INVALID_ARGUMENT' || body.code === 'invalid_request')) return 'not-found';
  return status === 429 ? 'rate-limited' : 'unavailable';
}

function isAboutKey({ details = [], message = '' }: ErrorBody): boolean {
  return details.some(({ reason }) => reason !== undefined && KEY_REASON.test(reason)) || /\bapi key\b/i.test(message);
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function retryAfter(header: string | null, now: Date): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - now.getTime()) / 1000;
  return bounded(seconds);
}

/** `34s` or `1.5s` (google.rpc.RetryInfo). */
function retryInfo({ details = [] }: ErrorBody): number | undefined {
  const delay = details.find(({ retryDelay }) => retryDelay !== undefined)?.retryDelay;
  return delay !== undefined && /^\d{1,9}(?:\.\d{1,9})?s$/.test(delay) ? bounded(Number.parseFloat(delay)) : undefined;
}

function bounded(seconds: number): number | undefined {
  return seconds > 0 ? Math.min(LONGEST_WAIT_SECONDS, Math.ceil(seconds)) : undefined;
}

function parse(text: string): ErrorBody {
  try {
    return ErrorBody.parse(JSON.parse(text)).error;
  } catch {
    return {};
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
