/** The trace header of whoever sent a message, which SQS keeps with it and the emulator does not. */
import type { buildApp } from 'fauxqs';
import * as z from 'zod';

const Sent = z.object({ MessageId: z.string() });
const SentBatch = z.object({ Successful: z.array(Sent) });

/** @returns gives the trace header by message id */
export function traceMessages(app: ReturnType<typeof buildApp>): (messageId: string) => string | undefined {
  const traces = new Map<string, string>();
  app.addHook('onSend', async (request, _reply, payload) => {
    const { 'x-amz-target': target = '', 'x-amzn-trace-id': trace } = request.headers;
    if (typeof trace !== 'string' || !/^AmazonSQS\.SendMessage(?:Batch)?$/.test(String(target))) return;
    const answer: unknown = JSON.parse(String(payload));
    const sent = SentBatch.safeParse(answer).data?.Successful ?? [Sent.safeParse(answer).data];
    for (const message of sent) if (message !== undefined) traces.set(message.MessageId, trace);
  });
  return (messageId) => traces.get(messageId);
}
