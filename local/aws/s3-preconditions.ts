/** `If-None-Match: *`, which S3 answers with 412 when the object exists, and the emulator ignores. */
import type { buildApp } from 'fauxqs';

type App = ReturnType<typeof buildApp>;

const PRECONDITION_FAILED = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message><Condition>If-None-Match</Condition></Error>`;

/**
 * The object is looked for before the write, and two writes at once could both find none: writes with the condition
 * wait for one another, as S3 decides them one after the other.
 */
export function answerPreconditions(app: App): void {
  const writing = new Map<string, Promise<void>>();
  const release = new WeakMap<object, () => void>();

  app.addHook('preHandler', async (request, reply) => {
    if (request.headers['if-none-match'] !== '*' || !['PUT', 'POST'].includes(request.method)) return;
    const path = request.url.split('?', 1)[0] ?? '';
    const before = writing.get(path);
    const { promise, resolve } = Promise.withResolvers<void>();
    writing.set(path, promise);
    release.set(request, () => {
      if (writing.get(path) === promise) writing.delete(path);
      resolve();
    });
    await before;
    const head = await app.inject({ method: 'HEAD', url: path });
    if (head.statusCode === 200) await reply.code(412).type('application/xml').send(PRECONDITION_FAILED);
  });
  app.addHook('onResponse', async (request) => release.get(request)?.());
  app.addHook('onRequestAbort', async (request) => release.get(request)?.());
}
