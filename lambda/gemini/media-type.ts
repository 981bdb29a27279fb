/** Media types as Gemini writes them, and the extension that a file of the type gets. */

/** Raw PCM has no container: its rate stands in the content type of the object. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'application/json': 'json',
  'application/jsonl': 'jsonl',
  'application/pdf': 'pdf',
  'audio/aac': 'aac',
  'audio/flac': 'flac',
  'audio/l16': 'pcm',
  'audio/mp3': 'mp3',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
  'audio/pcm': 'pcm',
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'image/gif': 'gif',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/webp': 'webp',
  'text/csv': 'csv',
  'text/html': 'html',
  'text/markdown': 'md',
  'text/plain': 'txt',
  'video/mp4': 'mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
};

const UNKNOWN = 'application/octet-stream';
const TOKEN = "[\\w!#$&^.+'*-]{1,100}";
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:\\s*;\\s*${TOKEN}=${TOKEN}){0,8}$`);

/** The first candidate that is a media type. */
export function mediaTypeOf(...candidates: readonly unknown[]): string {
  const found = candidates.find((candidate) => typeof candidate === 'string' && MEDIA_TYPE.test(candidate));
  return typeof found === 'string' ? found : UNKNOWN;
}

/** Without a dot; `bin` when the type is not known. */
export function extensionOf(mediaType: string): string {
  return EXTENSIONS[mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? ''] ?? 'bin';
}
