import { setTimeout as sleep } from 'node:timers/promises';

/** Works again and again, one after the other; the returned function ends that, and waits for the last. */
export function repeat(work: () => Promise<void>, everyMs: number): () => Promise<void> {
  const end = new AbortController();
  const loop = async () => {
    while (!end.signal.aborted) {
      await sleep(everyMs, undefined, { signal: end.signal }).catch(() => {});
      if (!end.signal.aborted) await work();
    }
  };
  const done = loop();
  return async () => {
    end.abort();
    await done;
  };
}
