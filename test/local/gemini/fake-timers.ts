/** Time that a test moves by hand: a day of retries in no time. */
import type { Timers } from '../../../local/gemini/timers.ts';

export class FakeTimers implements Timers {
  #now: number;
  #tasks: { readonly at: number; readonly run: () => void | Promise<void> }[] = [];

  constructor(start: Date) {
    this.#now = start.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  schedule(delayMs: number, run: () => void | Promise<void>): () => void {
    const task = { at: this.#now + delayMs, run };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  }

  stop(): void {
    this.#tasks = [];
  }

  /** Runs what falls due, one after the other, what is scheduled meanwhile included. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#tasks.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#tasks = this.#tasks.filter((task) => task !== next);
      this.#now = next.at;
      await next.run();
    }
    this.#now = end;
  }
}
