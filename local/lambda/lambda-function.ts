/**
 * A function: a pool of sandboxes that grows with the invocations at a time, reused while they live. They start one after
 * another: where Lambda has a core for each, a laptop has none, and the first that is ready is soon free for what waits.
 */
import { append } from '../shared/append.ts';
import { lineageOf } from './lineage.ts';
import { type InvocationResult, Sandbox, type SandboxOptions } from './sandbox.ts';

/** As many as a new account may run at a time. */
const MAX_SANDBOXES = 10;

const STATUS = { answered: 'success', failed: 'error', dropped: 'recursion' } as const;

export class LambdaFunction {
  readonly options: SandboxOptions;
  readonly #sandboxes = new Set<Sandbox>();
  readonly #idle: Sandbox[] = [];
  readonly #queue: (() => void)[] = [];
  readonly #starting = new Set<Promise<Sandbox>>();
  #isClosed = false;

  constructor(options: SandboxOptions) {
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
    for (const resume of this.#queue.splice(0)) resume();
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.close()));
  }

  /** Undefined once the function is closed. */
  async #acquire(): Promise<Sandbox | undefined> {
    if (this.#isClosed) return undefined;
    for (let sandbox = this.#idle.pop(); sandbox; sandbox = this.#idle.pop()) {
      if (!sandbox.isLost) return sandbox;
      this.#sandboxes.delete(sandbox);
    }
    if (this.#starting.size > 0 || this.#sandboxes.size >= MAX_SANDBOXES) {
      await new Promise<void>((resume) => this.#queue.push(resume));
      return this.#acquire();
    }
    return await this.#start();
  }

  async #start(): Promise<Sandbox> {
    const starting = Sandbox.start(this.options);
    this.#starting.add(starting);
    const goOn = () => {
      this.#starting.delete(starting);
      this.#queue.shift()?.();
    };
    try {
      const sandbox = await starting;
      this.#sandboxes.add(sandbox);
      void sandbox.ready.then(goOn);
      return sandbox;
    } catch (error) {
      goOn();
      throw error;
    }
  }

  #release(sandbox: Sandbox): void {
    if (sandbox.isLost) this.#sandboxes.delete(sandbox);
    else this.#idle.push(sandbox);
    this.#queue.shift()?.();
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
