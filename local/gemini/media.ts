/**
 * Small media that stand in for what models make, valid as far as their containers go.
 */
import { readFileSync } from 'node:fs';
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

/** Three seconds of an arrow, H.264 without sound: 320 by 180, ten pictures a second. */
const CLIP = readFileSync(new URL('clip.mp4', import.meta.url));
/** The `ftyp` box with which every MP4 file starts. */
const FTYP = CLIP.subarray(0, CLIP.readUInt32BE(0));
const BOX_HEAD_BYTES = 16;

/** An MP4 of `size` bytes: a clip that plays, and after it what players pass by. Where the clip has no room, none plays. */
export function* mp4(size: number): Generator<Buffer> {
  const fits = size >= CLIP.length + BOX_HEAD_BYTES;
  const start = fits ? CLIP : FTYP;
  yield start;
  const box = Buffer.alloc(BOX_HEAD_BYTES);
  box.writeUInt32BE(1, 0);
  box.write(fits ? 'free' : 'mdat', 4, 'latin1');
  // A box size of 1 announces a 64-bit size, so that the same form serves files over 4 GiB.
  box.writeBigUInt64BE(BigInt(size - start.length), 8);
  yield box;
  const filler = Buffer.alloc(64 * 1024, 'gemini-simulator ');
  for (let left = size - start.length - box.length; left > 0; left -= filler.length) {
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
