/**
 * Where S3 refuses a write and the emulator takes it: `If-None-Match: *` where an object is (412) or is being written (409),
 * and a body that is not what its checksum says.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { buildApp } from 'fauxqs';

type App = ReturnType<typeof buildApp>;

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const EXISTS: Refusal = {
  status: 412,
  code: 'PreconditionFailed',
  message: 'At least one of the pre-conditions you specified did not hold',
};
/** Of two writes at a time the first to finish wins; what S3 says to the other one depends on the moment. */
const CONFLICT: Refusal = {
  status: 409,
  code: 'ConditionalRequestConflict',
  message: 'The conditional request cannot succeed due to a conflicting operation against this resource.',
};

export function answerPreconditions(app: App): void {
  const writing = new Set<string>();
  const owned = new WeakMap<object, string>();

  app.addHook('preHandler', async (request, reply) => {
    if (!['PUT', 'POST'].includes(request.method)) return;
    const refuse = ({ status, code, message }: Refusal) =>
      reply
        .code(status)
        .type('application/xml')
        .send(`<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
    const damage = request.method === 'PUT' ? damageOf(request.body, request.headers) : undefined;
    if (damage !== undefined) return refuse(damage);
    if (request.headers['if-none-match'] !== '*') return;
    const path = request.url.split('?', 1)[0] ?? '';
    if (writing.has(path)) return refuse(CONFLICT);
    writing.add(path);
    owned.set(request, path);
    const head = await app.inject({ method: 'HEAD', url: path });
    if (head.statusCode === 200) return refuse(EXISTS);
  });
  const release = async (request: object) => {
    const path = owned.get(request);
    if (path !== undefined) writing.delete(path);
  };
  app.addHook('onResponse', release);
  app.addHook('onRequestAbort', release);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
function damageOf(body: unknown, headers: Readonly<Record<string, unknown>>): Refusal | undefined {
  if (!Buffer.isBuffer(body)) return undefined;
  const sums: Record<string, () => string> = {
    CRC32: () => crc32Of(body),
    SHA256: () => createHash('sha256').update(body).digest('base64'),
  };
  for (const [name, sum] of Object.entries(sums)) {
    const said = headers[`x-amz-checksum-${name.toLowerCase()}`];
    if (said === undefined || said === sum()) continue;
    return {
      status: 400,
      code: 'BadDigest',
      message: `The ${name} you specified did not match the calculated checksum.`,
    };
  }
  return undefined;
}

function crc32Of(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}
