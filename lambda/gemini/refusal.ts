/**
 * What an answer of Gemini's that is not 200 means for us. There are two forms of body, google.rpc.Status and one with a
 * string code; the HTTP status decides, and the body says what was refused: the key, the caller, or the thing asked for.
 */
import * as z from 'zod/mini';
import { readBounded } from '../shared/read-bounded.ts';
import type { HttpAnswer } from './http-get.ts';

export interface Refusal {
  /** `not-found` is about the thing that was asked for, `refused` about whoever asks, or a fault of the service. */
  readonly kind: 'not-found' | 'key-refused' | 'refused' | 'rate-limited' | 'unavailable';
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
  return isAboutKey(status, parsed.success ? parsed.data.error : {});
}

/** @param name of what was asked for, as the API's paths write it, e.g. `batches/abc` */
export async function readRefusal(response: HttpAnswer, name: string, now: Date): Promise<Refusal> {
  const body = parse(await readBounded(response, MAX_BYTES));
  const retryAfterSeconds = retryAfter(response.headers.get('retry-after') ?? '', now) ?? retryInfo(body);
  return { kind: kindOf(response.status, body, name), status: response.status, retryAfterSeconds };
}

function kindOf(status: number, body: ErrorBody, name: string): Refusal['kind'] {
  if (isAboutKey(status, body)) return 'key-refused';
  if (status === 404 || status === 410) return 'not-found';
  // Whole projects have been denied by a 403 for hours, and faults of the service have come as 400 `invalid_request`: only
  // what speaks of the thing itself is a word about it. https://discuss.ai.google.dev/t/177857, …/188709
  if (status === 400 || status === 403) return isAbout(name, body) ? 'not-found' : 'refused';
  return status === 429 ? 'rate-limited' : 'unavailable';
}

/** By its id, or in Google's words for what it does not show: `… permission to access the File abc or it may not exist.` */
function isAbout(name: string, { message = '' }: ErrorBody): boolean {
  const id = name.slice(name.lastIndexOf('/') + 1);
  return message.split(/[^A-Za-z0-9_-]/).includes(id) || /\bor it may not exist\b/i.test(message);
}

function isAboutKey(status: number, { details = [], message = '' }: ErrorBody): boolean {
  if (status !== 400 && status !== 403) return status === 401;
  return details.some(({ reason }) => KEY_REASON.test(reason ?? '')) || /\bapi key\b/i.test(message);
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function retryAfter(header: string, now: Date): number | undefined {
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - now.getTime()) / 1000;
  return bounded(seconds);
}

/** `34s` or `1.5s` (google.rpc.RetryInfo). */
function retryInfo({ details = [] }: ErrorBody): number | undefined {
  const { retryDelay = '' } = details.find((one) => one.retryDelay !== undefined) ?? {};
  const [, seconds] = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(retryDelay) ?? [];
  return bounded(Number(seconds));
}

function bounded(seconds: number): number | undefined {
  return seconds > 0 ? Math.min(LONGEST_WAIT_SECONDS, Math.ceil(seconds)) : undefined;
}

function parse(text = ''): ErrorBody {
  try {
    return ErrorBody.parse(JSON.parse(text)).error;
  } catch {
    return {};
  }
}
