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
  pending: PendingCall | undefined;
  isDone = false;
  isCrashed = false;
  #changed = Promise.withResolvers<void>();

  /** Resolves when the code waits at its first call, or is done. */
  async start(code: () => Promise<void>): Promise<void> {
    void code().then(
      () => this.#end(),
      () => this.#end(),
    );
    await this.#changed.promise;
  }

  get isInFlight(): boolean {
    return !this.isDone && !this.isCrashed;
  }

  /** A call of the outside: waits for its turn, and for how it ends. `failure` is an answer that says so, and no error. */
  call<Result>(name: string, effect: () => Result, error: () => Error, failure?: Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.pending = {
      name,
      proceed: async (outcome) => {
        this.pending = undefined;
        this.#changed = Promise.withResolvers<void>();
        const result = outcome === 'fail' ? undefined : attempt(effect);
        if (outcome === 'crash') {
          this.isCrashed = true;
          return;
        }
        if (outcome === 'ok' && result !== undefined) settle(result, resolve, reject);
        else if (outcome === 'fail' && failure !== undefined) resolve(failure);
        else reject(error());
        await this.#changed.promise;
      },
    };
    this.#changed.resolve();
    return promise;
  }

  #end(): void {
    this.isDone = true;
    this.#changed.resolve();
  }
}

type Settled<Result> = { readonly value: Result } | { readonly thrown: unknown };

/** An effect may itself refuse, e.g. by a condition that does not hold. */
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

/** Lets the chosen process make its call, in the chosen way. @returns what happened, or undefined when none waits */
export async function step(
  choose: Choose,
  processes: readonly Process[],
  faultsLeft: number,
): Promise<{ readonly name: string; readonly outcome: Outcome; readonly process: Process } | undefined> {
  const waiting = processes.filter(({ pending, isInFlight }) => pending !== undefined && isInFlight);
  const process = waiting[choose(Math.max(1, waiting.length))];
  const call = process?.pending;
  if (process === undefined || call === undefined) return undefined;
  const outcome = OUTCOMES[faultsLeft > 0 ? choose(OUTCOMES.length) : 0] ?? 'ok';
  await call.proceed(outcome);
  return { name: call.name, outcome, process };
}
