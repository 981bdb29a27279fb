/** The three headers of Standard Webhooks, read strictly: what the reference libraries tolerate is refused here. */
import { RequestError } from '../shared/errors.ts';

/** One entry of `webhook-signature`: a signature identifier and what follows its comma. */
interface SignatureEntry {
  readonly identifier: string;
  readonly value: string;
}

export interface WebhookHeaders {
  readonly id: string;
  /** As it was signed. */
  readonly timestamp: string;
  /** Seconds since the epoch. */
  readonly timestampSeconds: number;
  readonly signatures: readonly SignatureEntry[];
}

/** Both ways; the value of Standard Webhooks' libraries and of Google's page. */
export const TOLERANCE_SECONDS = 300;

const MAX_SIGNATURES = 16;
const MAX_SIGNATURE_HEADER_LENGTH = 4096;

/** Visible ASCII without ".", which separates the parts of the signed content (Standard Webhooks, "Signature scheme"). */
const ID = /^[!-\-/-~]{1,256}$/;
/** `parseInt` would take "1e3" or "12abc". */
const TIMESTAMP = /^(?:0|[1-9]\d{0,11})$/;

type Headers = Readonly<Record<string, string | undefined>>;

/** @throws RequestError `ERR_HEADER_MISSING` or `ERR_HEADER_INVALID` */
export function parseWebhookHeaders(headers: Headers): WebhookHeaders {
  const { id, timestamp, timestampSeconds, signature } = parseIdentification(headers);
  return { id, timestamp, timestampSeconds, signatures: parseSignatures(signature) };
}

/**
 * What says which delivery it is, whatever the form of its signature.
 *
 * @throws RequestError `ERR_HEADER_MISSING` or `ERR_HEADER_INVALID`
 */
export function parseIdentification(
  headers: Headers,
): Omit<WebhookHeaders, 'signatures'> & { readonly signature: string } {
  const id = requireHeader(headers, 'webhook-id');
  const timestamp = requireHeader(headers, 'webhook-timestamp');
  const signature = requireHeader(headers, 'webhook-signature');
  if (!ID.test(id))
    throw new RequestError('ERR_HEADER_INVALID', 'webhook-id is not 1 to 256 visible characters without "."');
  if (!TIMESTAMP.test(timestamp))
    throw new RequestError('ERR_HEADER_INVALID', 'webhook-timestamp is not whole seconds');
  return { id, timestamp, timestampSeconds: Number(timestamp), signature };
}

/** @throws RequestError `ERR_HEADER_MISSING` or, beyond what any signature needs, `ERR_HEADER_INVALID` */
function requireHeader(headers: Headers, name: string): string {
  const value = headers[name];
  if (value === undefined || value === '') throw new RequestError('ERR_HEADER_MISSING', `${name} is missing`);
  if (value.length > MAX_SIGNATURE_HEADER_LENGTH) throw new RequestError('ERR_HEADER_INVALID', `${name} is too long`);
  return value;
}

function parseSignatures(header: string): readonly SignatureEntry[] {
  const parts = header.split(' ');
  if (parts.length > MAX_SIGNATURES)
    throw new RequestError('ERR_HEADER_INVALID', 'webhook-signature has too many entries');
  const entries: SignatureEntry[] = [];
  for (const part of parts) {
    const comma = part.indexOf(',');
    if (comma > 0 && comma < part.length - 1) {
      entries.push({ identifier: part.slice(0, comma), value: part.slice(comma + 1) });
    }
  }
  if (entries.length === 0)
    throw new RequestError('ERR_HEADER_INVALID', 'webhook-signature has no entry of the form "v1,…"');
  return entries;
}

/** @throws RequestError `ERR_TIMESTAMP_OUT_OF_TOLERANCE` */
export function checkTolerance(timestampSeconds: number, now: Date): void {
  if (Math.abs(now.getTime() / 1000 - timestampSeconds) > TOLERANCE_SECONDS) {
    throw new RequestError('ERR_TIMESTAMP_OUT_OF_TOLERANCE', 'webhook-timestamp is more than 300 s away');
  }
}
