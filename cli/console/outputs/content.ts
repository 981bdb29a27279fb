/** How an object may be shown. What it holds is somebody else's: only types that run nothing are sent as what they are. */

export type Kind = 'markdown' | 'image' | 'video' | 'audio' | 'json-lines' | 'json' | 'text' | 'other';

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];
const PLAYABLE = [
  'video/mp4',
  'video/webm',
  'audio/mpeg',
  'audio/mp3',
  'audio/wav',
  'audio/ogg',
  'audio/aac',
  'audio/flac',
  'audio/mp4',
];
const OPAQUE = 'application/octet-stream';

function bare(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

export function kindOf(key: string, contentType: string): Kind {
  const type = bare(contentType);
  const extension = key.slice(key.lastIndexOf('.') + 1).toLowerCase();
  if (type === 'text/markdown' || extension === 'md') return 'markdown';
  if (IMAGES.includes(type)) return 'image';
  if (pcmRateOf(contentType) !== undefined) return 'audio';
  if (PLAYABLE.includes(type)) return type.startsWith('video/') ? 'video' : 'audio';
  if (type === 'application/jsonl' || type === 'application/x-ndjson' || extension === 'jsonl') return 'json-lines';
  if (type === 'application/json' || extension === 'json') return 'json';
  return type.startsWith('text/') || type.endsWith('+xml') ? 'text' : 'other';
}

/** What the browser is sent. Markup of any kind, SVG too, is plain text: it may hold scripts. */
export function safeTypeOf(contentType: string): string {
  const type = bare(contentType);
  if (IMAGES.includes(type) || PLAYABLE.includes(type)) return type === 'audio/mp3' ? 'audio/mpeg' : type;
  if (type.startsWith('text/') || type.endsWith('+xml') || /^application\/(?:json|jsonl|x-ndjson)$/.test(type)) {
    return 'text/plain; charset=utf-8';
  }
  return OPAQUE;
}

export interface Range {
  readonly start: number;
  /** Included. */
  readonly end: number;
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2; several ranges, and what is no range, are the whole. */
export function rangeOf(header: string | undefined, bytes: number): Range | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const start = Math.max(0, bytes - Number(last));
    return Number(last) === 0 || bytes === 0 ? 'unsatisfiable' : { start, end: bytes - 1 };
  }
  const start = Number(first);
  if (start >= bytes) return 'unsatisfiable';
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  return end < start ? undefined : { start, end };
}

/** Samples a second of raw PCM, as Gemini's speech comes: 16 bits, mono. Undefined for anything else. */
export function pcmRateOf(contentType: string): number | undefined {
  if (!/^audio\/(?:l16|pcm)\b/i.test(contentType)) return undefined;
  const rate = Number(/;\s*rate=(\d{4,6})\b/i.exec(contentType)?.[1] ?? '24000');
  return Number.isFinite(rate) ? rate : undefined;
}

/** What makes a WAV file of raw samples: http://soundfile.sapp.org/doc/WaveFormat/ */
export function wavHeader(bytes: number, rate: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(bytes, 40);
  return header;
}
