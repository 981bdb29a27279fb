/**
 * The Files API: resumable upload as the SDK does it, lookups, and downloads behind a redirect.
 */
import { ApiError, notFound, notYours } from './api-error.ts';
import { bytesContent } from './file-content.ts';
import type { StoredFile } from './file-store.ts';
import { type Answer, type Call, json, param, type Route } from './http.ts';
import { nanoTimestamp, randomId } from './ids.ts';
import { page } from './paging.ts';
import type { World } from './state.ts';
import { parseUpload } from './wire.ts';

/** https://ai.google.dev/gemini-api/docs/files */
const RETENTION_MS = 48 * 60 * 60 * 1000;

export function fileRoutes(world: World): Route[] {
  const { files, uploads } = world.files;

  function lookUp(call: Call): StoredFile {
    const file = files.get(`files/${param(call, 'id')}`);
    const { expireFiles, lateFilesMs } = world.switches.current;
    const age = world.timers.now().getTime() - (file?.createdAt.getTime() ?? 0);
    if (!file || expireFiles || age < lateFilesMs || age > RETENTION_MS) throw notFound();
    if (file.foreign) throw notYours();
    return file;
  }

  function list(call: Call): Answer {
    const own = [...files.values()].filter((file) => !file.foreign);
    const { items, nextPageToken } = page(own, call.query.get('pageSize'), call.query.get('pageToken'));
    return {
      json: {
        ...(items.length > 0 ? { files: items.map((file) => fileResource(world, file)) } : {}),
        ...(nextPageToken ? { nextPageToken } : {}),
      },
    };
  }

  function download(call: Call): Answer {
    const { content, mimeType, activeAt } = lookUp(call);
    if (world.timers.now() < activeAt) throw new ApiError(400, 'The File is not in an ACTIVE state.');
    const { refuseRanges, stallDownloadsAfter } = world.switches.current;
    const range = refuseRanges ? undefined : rangeOf(call, content.size);
    const { from, to } = range ?? { from: 0, to: content.size };
    const answer = {
      ...{ content, from, to },
      ...(range && { status: 206 }),
      headers: {
        'content-type': mimeType,
        ...(range && { 'content-range': `bytes ${from}-${to - 1}/${content.size}` }),
      },
      ...(stallDownloadsAfter !== null && { stallAfter: stallDownloadsAfter }),
    };
    if (!world.switches.take('truncateDownloads')) return answer;
    return { ...answer, cutAfter: Math.floor((to - from) / 2) };
  }

  return [
    { method: 'GET', path: '/files', name: 'files.list', errors: 'classic', handle: list },
    {
      method: 'GET',
      path: '/files/{id}',
      name: 'files.get',
      errors: 'classic',
      handle: (call) => ({ json: fileResource(world, lookUp(call)) }),
    },
    {
      method: 'DELETE',
      path: '/files/{id}',
      name: 'files.delete',
      errors: 'classic',
      handle(call) {
        files.delete(lookUp(call).name);
        return { json: {} };
      },
    },
    {
      method: 'GET',
      path: '/files/{id}:download',
      name: 'files.redirect',
      errors: 'classic',
      // The key must be sent again to the second address: https://github.com/maximhq/bifrost/issues/3037
      handle: (call) => ({
        status: 302,
        headers: { location: `${world.url}/download/v1beta/${lookUp(call).name}:download?alt=media` },
      }),
    },
    {
      method: 'GET',
      path: '/download/files/{id}:download',
      name: 'files.download',
      errors: 'classic',
      handle: download,
    },
    {
      method: 'POST',
      path: '/upload/files',
      name: 'files.upload',
      errors: 'classic',
      handle: (call) => (call.query.has('upload_id') ? receive(call) : begin(call)),
    },
  ];

  function begin(call: Call): Answer {
    if (call.headers['x-goog-upload-protocol'] !== 'resumable') {
      throw new ApiError(400, 'The simulator takes resumable uploads only (X-Goog-Upload-Protocol: resumable).');
    }
    const id = randomId(24);
    const { displayName, mimeType } = parseUpload(json(call));
    const headerType = call.headers['x-goog-upload-header-content-type'];
    uploads.set(id, {
      displayName,
      mimeType: mimeType ?? String(headerType ?? 'application/octet-stream'),
      chunks: [],
    });
    return {
      json: {},
      headers: {
        'x-goog-upload-status': 'active',
        'x-goog-upload-url': `${world.url}/upload/v1beta/files?upload_id=${id}&upload_protocol=resumable`,
      },
    };
  }

  function receive(call: Call): Answer {
    const id = call.query.get('upload_id') ?? '';
    const upload = uploads.get(id);
    if (!upload) throw notFound();
    const received = upload.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (Number(call.headers['x-goog-upload-offset']) !== received) {
      throw new ApiError(400, `X-Goog-Upload-Offset must be ${received}.`);
    }
    upload.chunks.push(call.body);
    if (!String(call.headers['x-goog-upload-command']).includes('finalize')) {
      return { json: {}, headers: { 'x-goog-upload-status': 'active' } };
    }
    uploads.delete(id);
    const now = world.timers.now();
    const file: StoredFile = {
      name: `files/${randomId(12)}`,
      displayName: upload.displayName,
      mimeType: upload.mimeType,
      content: bytesContent(Buffer.concat(upload.chunks)),
      source: 'UPLOADED',
      createdAt: now,
      activeAt: now,
      foreign: false,
    };
    files.set(file.name, file);
    return { json: { file: fileResource(world, file) }, headers: { 'x-goog-upload-status': 'final' } };
  }
}

/** Gemini documents no ranges; these are RFC 9110's. */
function rangeOf({ headers }: Call, size: number): { from: number; to: number } | undefined {
  const asked = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(headers.range ?? '');
  if (asked === null) return undefined;
  const from = Number(asked[1]);
  if (from >= size) throw new ApiError(416, 'The range begins after the end of the File.');
  return { from, to: asked[2] === '' ? size : Math.min(size, Number(asked[2]) + 1) };
}

function expiresAt(file: StoredFile): Date {
  return new Date(file.createdAt.getTime() + RETENTION_MS);
}

function fileResource(world: World, file: StoredFile): object {
  const active = world.timers.now() >= file.activeAt;
  const { sha256 } = file.content;
  return {
    name: file.name,
    ...(file.displayName === undefined ? {} : { displayName: file.displayName }),
    mimeType: file.mimeType,
    sizeBytes: String(file.content.size),
    createTime: nanoTimestamp(file.createdAt),
    updateTime: nanoTimestamp(active ? file.activeAt : file.createdAt),
    expirationTime: nanoTimestamp(expiresAt(file)),
    // base64 of the hex text, not of the digest: so the wire has it.
    ...(sha256 === undefined ? {} : { sha256Hash: Buffer.from(sha256).toString('base64') }),
    uri: `${world.url}/v1beta/${file.name}`,
    ...(file.source === 'GENERATED' ? { downloadUri: `${world.url}/v1beta/${file.name}:download?alt=media` } : {}),
    state: active ? 'ACTIVE' : 'PROCESSING',
    source: file.source,
  };
}
