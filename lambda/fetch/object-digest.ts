/** What an object's bytes come to, in order: its SHA-256 for the manifest, its CRC-32 for S3. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ByteObserver } from './ports.ts';

export class ObjectDigest {
  readonly #observer: ByteObserver | undefined;
  readonly #sha256 = createHash('sha256');
  #crc32 = 0;
  #bytes = 0;

  constructor(observer: ByteObserver | undefined) {
    this.#observer = observer;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** As S3 writes it: base64 of four bytes. */
  get crc32(): string {
    return base64(this.#crc32);
  }

  add(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#crc32 = crc32(bytes, this.#crc32);
    this.#bytes += bytes.length;
    this.#observer?.write(bytes);
  }

  /** Once, and last. */
  sha256(): Buffer {
    return this.#sha256.digest();
  }
}

export function crc32Of(bytes: Uint8Array): string {
  return base64(crc32(bytes));
}

function base64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}
