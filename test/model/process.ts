/** A run of real code whose every call of the outside waits to be let through, and may end in four ways. */
import type { Choose } from './explore.ts';

/**
 * `ok`; `fail`: no effect, and an error; `lost`: the effect, and an error, as when an answer is lost; `crash`: the effect,
 * and the process is gone.
 */
const OUTCOMES = ['ok', 'fail', 'lost', 'crash'] as const;
export type Outcome = (typeof OUTCOMES)[number];

interface PendingCall {
  readonly name: string;
  readonly proceed: (outcome: Outcome) => Promise<void>;
}

export class Process {
  /** Calls that wait, several where the code makes them at a time. */
  pending: readonly PendingCall[] = [];
  isDone = false;
  isCrashed = false;

  /** Resolves when the code waits at its first calls, or is done. */
  async start(code: () => Promise<void>): Promise<void> {
    const end = () => {
      this.isDone = true;
    };
    void code().then(end, end);
    await quiet();
  }

  get isInFlight(): boolean {
    return !this.isDone && !this.isCrashed;
  }

  /** Whether one of these calls waits. */
  waitsAt(names: readonly string[]): boolean {
    return this.isInFlight && this.pending.some(({ name }) => names.includes(name));
  }

  /** Lets all that comes go well. */
  async runOn(): Promise<void> {
    while (this.isInFlight) await this.pending[0]?.proceed('ok');
  }

  /** A call of the outside: waits for its turn, and for how it ends. `failure` is an answer that says so, and no error. */
  call<Result>(name: string, effect: () => Result, error: () => Error, failure?: Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const call: PendingCall = {
      name,
      proceed: async (outcome) => {
        this.pending = this.pending.filter((other) => other !== call);
        const result = outcome === 'fail' ? undefined : attempt(effect);
        if (outcome === 'crash') {
          this.isCrashed = true;
          return;
        }
        if (outcome === 'ok' && result !== undefined) settle(result, resolve, reject);
        else if (outcome === 'fail' && failure !== undefined) resolve(failure);
        else reject(error());
        await quiet();
      },
    };
    this.pending = [...this.pending, call];
    return promise;
  }
}

/** The code goes on by promises alone: when all of those are through, it waits at calls, or is done. */
const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));

type Settled<Result> = { readonly value: Result } | { readonly thrown: unknown };

/** An effect may itself refuse, e.g. by a condition that fails. */
function attempt<Result>(effect: () => Result): Settled<Result> {
  try {
    return { value: effect() };
  } catch (thrown) {
    return { thrown };
  }
}

function settle<Result>(result: Settled<Result>, resolve: (value: Result) => void, reject: (error: unknown) => void) {
  if ('thrown' in result) reject(result.thrown);
  else resolve(result.value);
}

/**
 * Lets the chosen process make its call, in the chosen way.
 *
 * @param names of the calls that are meant. @default - any
 * @returns what happened, or undefined when none waits
 */
export async function step(
  choose: Choose,
  processes: readonly Process[],
  faultsLeft: number,
  names?: readonly string[],
): Promise<{ readonly name: string; readonly outcome: Outcome; readonly process: Process } | undefined> {
  const waiting = processes.flatMap((process) => {
    // What one process does at a time is about different things: in whatever order, the runs are the same.
    const call = process.pending.find(({ name }) => names?.includes(name) ?? true);
    return process.isInFlight && call !== undefined ? [{ process, call }] : [];
  });
  const chosen = waiting[choose(Math.max(1, waiting.length))];
  if (chosen === undefined) return undefined;
  const outcome = OUTCOMES[faultsLeft > 0 ? choose(OUTCOMES.length) : 0] ?? 'ok';
  await chosen.call.proceed(outcome);
  return { name: chosen.call.name, outcome, process: chosen.process };
}
