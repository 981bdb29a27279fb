/**
 * Small media that stand in for what models make, valid as far as their containers go.
 */
import { crc32, deflateSync } from 'node:zlib';

const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, check]);
}

/** A gradient that an image viewer opens, 8-bit RGB. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const stride = 1 + width * 3;
  const pixels = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels.set([(x * 255) / width, (y * 255) / height, 160], y * stride + 1 + x * 3);
    }
  }
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(pixels)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The `ftyp` box with which every MP4 file starts. */
const FTYP = Buffer.from('000000186674797069736f6d0000020069736f6d6d703432', 'hex');

/** An MP4 without tracks: `ftyp` and one `mdat` box, `size` bytes in all. */
export function* mp4(size: number): Generator<Buffer> {
  yield FTYP;
  const box = Buffer.alloc(16);
  box.writeUInt32BE(1, 0);
  box.write('mdat', 4, 'latin1');
  // A box size of 1 announces a 64-bit size, so that the same form serves files over 4 GiB.
  box.writeBigUInt64BE(BigInt(size - FTYP.length), 8);
  yield box;
  const filler = Buffer.alloc(64 * 1024, 'gemini-simulator ');
  for (let left = size - FTYP.length - box.length; left > 0; left -= filler.length) {
    yield left < filler.length ? filler.subarray(0, left) : filler;
  }
}

/** One second of a 440 Hz tone: 16-bit mono PCM at 24 kHz, little-endian as Gemini's speech samples are (RFC 2586 says big-endian). */
export function tone(): Buffer {
  const rate = 24_000;
  const samples = Buffer.alloc(rate * 2);
  for (let i = 0; i < rate; i++) {
    samples.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 440 * i) / rate)), i * 2);
  }
  return samples;
}
