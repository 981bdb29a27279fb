/** A part of a file: asked for, and recognized in the answer. RFC 9110, 13 and 14 */
import type { HttpAnswer } from './http-get.ts';

export interface Wanted {
  readonly start: number;
  readonly length: number;
}

export interface Range {
  /** Of this answer. */
  readonly bytes: number;
  /** Of the whole file. */
  readonly total: number;
  readonly etag: string | undefined;
}

/** @param etag that the file has to have; one that is weak is no reason to serve a part (RFC 9110, 13.1.5) */
export function rangeHeaders(wanted: Wanted | undefined, etag: string | undefined): Record<string, string> {
  if (wanted === undefined) return {};
  const range = `bytes=${wanted.start}-${wanted.start + wanted.length - 1}`;
  return etag === undefined || etag.startsWith('W/') ? { range } : { range, 'if-range': etag };
}

/** Undefined when the answer is not exactly what was asked for, or what there is of it. */
export function rangeOf({ status, headers }: HttpAnswer, wanted: Wanted): Range | undefined {
  const parts = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(headers.get('content-range') ?? '');
  if (status !== 206 || parts === null || headers.get('content-encoding') !== null) return undefined;
  const [start = 0, end = 0, total = 0] = parts.slice(1).map(Number);
  const bytes = end + 1 - start;
  const length = headers.get('content-length');
  const isWhole = start === wanted.start && end + 1 === Math.min(total, wanted.start + wanted.length);
  if (!isWhole || bytes < 1 || (length !== null && Number(length) !== bytes)) return undefined;
  return { bytes, total, etag: headers.get('etag') ?? undefined };
}
