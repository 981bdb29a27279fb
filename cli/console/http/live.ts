/** Keeps a page up to date: renders its regions again and again, and sends those that changed. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Region } from '../pages/layout.ts';
import { hashOf } from '../pages/layout.ts';

export interface Rendered {
  readonly regions: readonly Region[];
  /** Whether nothing will change any more. */
  readonly isFinal: boolean;
}

/** Browsers hold six connections to one host: a few tabs, and their requests, must fit beside each other. */
const MOST_STREAMS = 32;
/** Who does not hear anything cannot know whether we are still there. */
const SILENCE_MS = 15_000;

export class LiveRegions {
  #streams = 0;

  /** @param render rejects when the source is away; it is asked again then */
  serve(context: Context, refreshMs: number, render: () => Promise<Rendered>): Response {
    if (this.#streams >= MOST_STREAMS) return context.text('Too many pages are open. Close some of them.', 503);
    this.#streams += 1;
    return streamSSE(context, async (stream) => {
      const sent = new Map<string, string>();
      let saidAt = 0;
      const say = async (event: string, data: unknown) => {
        saidAt = Date.now();
        await stream.writeSSE({ event, data: JSON.stringify(data) });
      };
      try {
        while (!stream.aborted) {
          const rendered = await render().catch((error: unknown) => error);
          if (isRendered(rendered)) {
            let isChanged = false;
            for (const { id, content } of rendered.regions) {
              const html = String(await content);
              const hash = hashOf(html);
              if (sent.get(id) === hash) continue;
              isChanged = true;
              sent.set(id, hash);
              await say('region', { id, hash, html });
            }
            if (rendered.isFinal) return await say('done', {});
            if (!isChanged && Date.now() - saidAt > SILENCE_MS) await say('alive', {});
          } else await say('away', { message: rendered instanceof Error ? rendered.message : String(rendered) });
          await stream.sleep(refreshMs);
        }
      } finally {
        this.#streams -= 1;
      }
    });
  }
}

function isRendered(value: unknown): value is Rendered {
  return typeof value === 'object' && value !== null && 'regions' in value;
}
