/**
 * The simulator's only source of time and delay, so that a test can run 24 hours of retries in a few milliseconds.
 */

export interface Timers {
  now(): Date;
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  schedule(delayMs: number, task: () => void | Promise<void>): () => void;
  /** Cancels everything that is scheduled. */
  stop(): void;
}

/** Timers of the machine; `onError` hears of a task that threw, which is always a defect of the simulator. */
export function realTimers(onError: (error: unknown) => void): Timers {
  const pending = new Set<NodeJS.Timeout>();
  return {
    now: () => new Date(),
    schedule(delayMs, task) {
      const timer = setTimeout(() => {
        pending.delete(timer);
        Promise.try(task).catch(onError);
      }, delayMs);
      pending.add(timer);
      return () => {
        clearTimeout(timer);
        pending.delete(timer);
      };
    },
    stop() {
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    },
  };
}
