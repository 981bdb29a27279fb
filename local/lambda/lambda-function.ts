/**
 * A function: a pool of sandboxes that grows while invocations wait, reused while they live. They start one after another, and
 * an invocation takes whichever is free first: where Lambda has a core for each process that starts, a laptop has none.
 */
import { append } from '../shared/append.ts';
import { lineageOf } from './lineage.ts';
import { type InvocationResult, Sandbox, type SandboxOptions } from './sandbox.ts';

export interface FunctionOptions extends SandboxOptions {
  /** @default 10, as many as a new account may run at a time */
  readonly maxSandboxes?: number | undefined;
}

const STATUS = { answered: 'success', failed: 'error', dropped: 'recursion' } as const;

export class LambdaFunction {
  readonly options: FunctionOptions;
  readonly #sandboxes = new Set<Sandbox>();
  readonly #idle: Sandbox[] = [];
  /** Invocations that wait; given nothing when the function is closed. */
  readonly #queue: ((sandbox: Sandbox | undefined) => void)[] = [];
  #starting: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: FunctionOptions) {
    this.options = options;
  }

  get pids(): readonly number[] {
    return [...this.#sandboxes].flatMap(({ pid }) => pid ?? []);
  }

  /** Never rejects; waits when every sandbox is busy. @param cause trace header of the call that led to the invocation */
  async invoke(event: unknown, cause?: string): Promise<InvocationResult> {
    const lineage = lineageOf(this.options.arn, cause);
    if (lineage === undefined) {
      this.#report({ outcome: 'dropped' }, 0);
      return { outcome: 'dropped' };
    }
    const sandbox = await this.#acquire();
    if (sandbox === undefined) return { outcome: 'lost', reason: 'exit' };
    const startedAt = Date.now();
    const result = await sandbox.invoke(event, lineage);
    this.#report(result, Date.now() - startedAt);
    this.#release(sandbox);
    return result;
  }

  kill(signal: NodeJS.Signals): void {
    for (const sandbox of this.#sandboxes) sandbox.kill(signal);
  }

  /** Resolves when every process is gone; what runs or waits is lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const give of this.#queue.splice(0)) give(undefined);
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.close()));
    await this.#starting;
  }

  /** Undefined once the function is closed. */
  async #acquire(): Promise<Sandbox | undefined> {
    if (this.#isClosed) return undefined;
    for (let sandbox = this.#idle.pop(); sandbox; sandbox = this.#idle.pop()) {
      if (!sandbox.isLost) return sandbox;
      this.#sandboxes.delete(sandbox);
    }
    const { promise, resolve } = Promise.withResolvers<Sandbox | undefined>();
    this.#queue.push(resolve);
    this.#grow();
    return promise;
  }

  #grow(): void {
    const { maxSandboxes = 10 } = this.options;
    if (this.#queue.length === 0 || this.#starting || this.#sandboxes.size >= maxSandboxes) return;
    this.#starting = this.#start().finally(() => {
      this.#starting = undefined;
      this.#grow();
    });
  }

  async #start(): Promise<void> {
    const sandbox = await Sandbox.start(this.options);
    this.#sandboxes.add(sandbox);
    if (this.#isClosed) await sandbox.close();
    await sandbox.ready;
    this.#hand(sandbox);
  }

  /** Also one that is lost before its first invocation, which is lost with it. */
  #hand(sandbox: Sandbox): void {
    const give = this.#queue.shift();
    if (give) give(sandbox);
    else if (sandbox.isLost) this.#sandboxes.delete(sandbox);
    else this.#idle.push(sandbox);
  }

  #release(sandbox: Sandbox): void {
    if (sandbox.isLost) {
      this.#sandboxes.delete(sandbox);
      this.#grow();
    } else this.#hand(sandbox);
  }

  /** In the form of Lambda's own line. */
  #report(result: InvocationResult, durationMs: number): void {
    const { logFile, memoryMiB } = this.options;
    const status = 'reason' in result ? result.reason : STATUS[result.outcome];
    const maxMemoryUsedMB = result.outcome === 'answered' ? Math.ceil(result.maxRssKiB / 1024) : undefined;
    const record = { status, metrics: { durationMs, memorySizeMB: memoryMiB, maxMemoryUsedMB } };
    const line = { time: new Date().toISOString(), type: 'platform.report', record };
    append(logFile, `${JSON.stringify(line)}\n`);
  }
}
