/** Which refused deliveries are worth keeping: those that a changed signature scheme, or a wrong secret, could explain. */

import { RequestError } from '../shared/errors.ts';
import type { DeliveryRoute, RawDelivery } from '../standard-webhooks/delivery.ts';
import { checkTolerance, parseIdentification } from '../standard-webhooks/headers.ts';

/** Gemini's events are far smaller; what is larger costs more to keep than it can be worth. */
const MAX_KEPT_BODY_BYTES = 64 * 1024;

/** What is kept of the headers: those that are signed, the signature, and nothing that a proxy or a caller added. */
const KEPT_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

/** As it came, neither parsed nor believed. The token of a dynamic route is not in it: it held when the delivery came. */
export interface KeptDelivery {
  readonly id: string;
  readonly project: string;
  readonly kind: DeliveryRoute['kind'];
  readonly receivedAt: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Whether headers, time and size are in order, and only the signature is invalid, or of an unknown form. */
export function isKeepable({ headers, body }: RawDelivery, error: unknown, now: Date): boolean {
  if (!(error instanceof RequestError)) return false;
  if (error.code !== 'ERR_SIGNATURE_MISMATCH' && error.code !== 'ERR_HEADER_INVALID') return false;
  if (body.length === 0 || body.length > MAX_KEPT_BODY_BYTES) return false;
  try {
    checkTolerance(parseIdentification(headers).timestampSeconds, now);
    return true;
  } catch {
    return false;
  }
}

export function toKept(id: string, { route, headers, body }: RawDelivery, receivedAt: Date): KeptDelivery {
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { id, project: route.project, kind: route.kind, receivedAt, headers: Object.fromEntries(kept), body };
}
