/** Where the fetchers write to. */
import type { Manifest } from '../events/manifest.ts';
import type { Download } from '../gemini/ports.ts';

/** Sees the bytes of an object in order. */
export interface ByteObserver {
  write(chunk: Uint8Array): void;
}

export interface WrittenObject {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** One object on its way. Nothing of it can be seen before `finish`. Either in one stream or in parts, never both. */
export interface OutputWriter {
  /** Resolves when there is room for more: at most two parts are in memory. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * The part of this index, from 0, in a buffer of `partBytes` that `fill` fills; all but the last are whole. So many parts
   * are in memory as there are calls at a time, none of which may leave out an index before its own.
   *
   * @param fill gives back how many bytes it put there
   */
  writePart(index: number, fill: (buffer: Buffer) => Promise<number>): Promise<void>;
  /** Undefined when another object has its place: no object is ever replaced. */
  finish(): Promise<WrittenObject | undefined>;
  /** Never rejects. */
  abort(): Promise<void>;
}

/** Where outputs land. Every method throws `TransientError('ERR_STORE_UNAVAILABLE')`. */
export interface OutputStore {
  readonly bucket: string;
  readonly partBytes: number;
  open(key: string, contentType: string, signal: AbortSignal, observer?: ByteObserver): OutputWriter;
  /** Undefined when there is no such object. */
  read(key: string, signal: AbortSignal): Promise<Download | undefined>;
  readManifest(key: string): Promise<Manifest | undefined>;
  /** False when there is one already; it is left as it is. */
  writeManifest(key: string, manifest: Manifest): Promise<boolean>;
}
