/** What `store.ts` measures of inline JSON: outline and storing of a batch of 64 MB, from memory to nowhere. */

import { JsonCopy, JsonLines } from '../../lambda/fetch/json/extract.ts';
import { batchJob } from '../../lambda/gemini/jobs/batch.ts';
import { JsonOutline } from '../../lambda/gemini/json/outline.ts';
import { walkJson } from '../../lambda/gemini/json/walk.ts';

export type JsonRate = Readonly<Record<string, number>>;

const BYTES = 64_000_000;
const NOWHERE = { write: async () => {}, finish: async () => {} };
const LINES = ['response', 'inlinedResponses', 'inlinedResponses'];
const answer = (part: object) => ({
  candidates: [{ content: { parts: [part], role: 'model' }, finishReason: 'STOP' }],
});
const ITEMS: Readonly<Record<string, (at: number) => object>> = {
  texts: (at) => ({ response: answer({ text: `Line "${at}" of a text.\n`.repeat(40) }), metadata: { key: `r${at}` } }),
  embeddings: (at) => ({
    response: { embedding: { values: Array.from({ length: 768 }, (_, index) => Math.sin(at * 768 + index) / 7) } },
  }),
  images: (at) => ({
    response: answer({ inlineData: { mimeType: 'image/png', data: Buffer.alloc(750_000, at).toString('base64') } }),
  }),
};

function documentOf(item: (at: number) => object): Buffer {
  const count = Math.ceil(BYTES / 2 / JSON.stringify(item(0)).length);
  const output = { inlinedResponses: { inlinedResponses: Array.from({ length: count }, (_, at) => item(at)) } };
  // Twice, and with white space, as the API writes it.
  const metadata = { state: 'BATCH_STATE_SUCCEEDED', output };
  return Buffer.from(JSON.stringify({ name: 'batches/b', metadata, done: true, response: output }, null, 2));
}

async function* chunksOf(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** MB for each second of CPU. */
async function rateOf(bytes: Buffer): Promise<number> {
  const cpu = process.cpuUsage();
  await walkJson(chunksOf(bytes), new JsonOutline(batchJob.isBulk));
  const readers = [new JsonCopy(NOWHERE, batchJob.isBulk), new JsonLines(NOWHERE, LINES)];
  await walkJson(chunksOf(bytes), ...readers);
  for (const reader of readers) await reader.finish();
  const { user, system } = process.cpuUsage(cpu);
  return bytes.length / (user + system);
}

const rates: Record<string, number> = {};
for (const [name, item] of Object.entries(ITEMS)) rates[name] = await rateOf(documentOf(item));
process.send?.(rates satisfies JsonRate);
