/** One process of a function, with a runtime API of its own: it takes one invocation at a time, and may be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A function's time begins when its process asks for work, as at Lambda; this is for one that never does. */
const START_LIMIT_MS = 60_000;
const CLIENT = fileURLToPath(new URL('runtime-client.mjs', import.meta.url));

export interface SandboxOptions {
  readonly functionName: string;
  readonly arn: string;
  readonly codeDir: string;
  readonly handler: string;
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  /** The whole environment, but for what Lambda adds. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
}

export type InvocationResult =
  | { readonly outcome: 'answered'; readonly payload: unknown; readonly maxRssKiB: number }
  /** The handler threw. */
  | { readonly outcome: 'failed'; readonly errorType: string }
  /** The process is gone: it ran out of time or of memory, or was killed. */
  | { readonly outcome: 'lost'; readonly reason: 'timeout' | 'exit' | 'init' }
  /** The function was not invoked: it had caused its own invocation too often. */
  | { readonly outcome: 'dropped' };

interface Invocation {
  readonly id: string;
  readonly body: string;
  readonly lineage: string;
  readonly settle: (result: InvocationResult) => void;
}

export class Sandbox {
  readonly #options: SandboxOptions;
  readonly #server: Server;
  #child: ChildProcess | undefined;
  #invocation: Invocation | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The process that asks for work, while there is none. */
  #waiting: ServerResponse | undefined;
  readonly #ready = Promise.withResolvers<void>();
  #lostBy: 'timeout' | 'exit' | 'init' | undefined;

  private constructor(options: SandboxOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(options: SandboxOptions): Promise<Sandbox> {
    const sandbox = new Sandbox(options);
    sandbox.#server.listen(0, '127.0.0.1');
    await once(sandbox.#server, 'listening');
    sandbox.#limit(START_LIMIT_MS);
    sandbox.#spawn((sandbox.#server.address() as AddressInfo).port);
    return sandbox;
  }

  /** Resolves when the process has asked for work, or is gone. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get isLost(): boolean {
    return this.#lostBy !== undefined;
  }

  get pid(): number | undefined {
    return this.isLost ? undefined : this.#child?.pid;
  }

  /** Once it is ready, and one at a time. Never rejects. @param lineage how often which function was invoked before in the same chain */
  async invoke(event: unknown, lineage: string): Promise<InvocationResult> {
    if (this.#lostBy) return { outcome: 'lost', reason: this.#lostBy };
    const result = new Promise<InvocationResult>((settle) => {
      this.#invocation = { id: randomUUID(), body: JSON.stringify(event), lineage, settle };
    });
    this.#limit(START_LIMIT_MS);
    this.#hand();
    return result.finally(() => clearTimeout(this.#timer));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
    if (signal === 'SIGKILL') this.#lose('exit');
  }

  /** Resolves when the process is gone. */
  async close(): Promise<void> {
    const child = this.#child;
    const isRunning = child !== undefined && child.exitCode === null && child.signalCode === null;
    const exited = isRunning ? once(child, 'exit') : Promise.resolve();
    this.#lose('exit');
    await exited;
  }

  #spawn(port: number): void {
    const { functionName, handler, memoryMiB, codeDir, environment, logFile } = this.#options;
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, [`--max-old-space-size=${memoryMiB}`, CLIENT], {
      cwd: codeDir,
      // A group of its own: what a terminal sends on Ctrl-C is for the run, which still needs its functions then.
      detached: true,
      stdio: ['pipe', log, log],
      env: {
        PATH: process.env['PATH'],
        ...environment,
        _HANDLER: handler,
        LAMBDA_TASK_ROOT: codeDir,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
        AWS_LAMBDA_FUNCTION_NAME: functionName,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMiB),
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
        AWS_LAMBDA_LOG_STREAM_NAME: randomUUID(),
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        TZ: ':UTC',
      },
    });
    // The process has its own now.
    closeSync(log);
    this.#child = child;
    child.on('exit', () => this.#lose('exit'));
    child.on('error', () => this.#lose('exit'));
    // The process may be gone before its end of the pipe is closed here.
    child.stdin?.on('error', () => {});
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace('/2018-06-01/runtime', '');
    if (path === '/invocation/next') {
      this.#waiting = response;
      clearTimeout(this.#timer);
      this.#ready.resolve();
      this.#hand();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const payload: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    response.writeHead(202).end('{}');
    if (path === '/init/error') {
      this.#lose('init');
    } else if (path.endsWith('/response')) {
      const maxRssKiB = Number(request.headers['x-local-max-rss-kib']);
      this.#settle({ outcome: 'answered', payload, maxRssKiB });
    } else {
      const { errorType } = payload as { errorType: string };
      this.#settle({ outcome: 'failed', errorType });
    }
  }

  /** Gives the invocation at hand to the process, once both are there. */
  #hand(): void {
    const response = this.#waiting;
    const invocation = this.#invocation;
    if (response === undefined || invocation === undefined) return;
    this.#waiting = undefined;
    const timeoutMs = this.#options.timeoutSeconds * 1000;
    this.#limit(timeoutMs);
    response.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.id,
      'lambda-runtime-deadline-ms': String(Date.now() + timeoutMs),
      'lambda-runtime-invoked-function-arn': this.#options.arn,
      'lambda-runtime-trace-id': `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${invocation.id.replaceAll('-', '').slice(0, 24)};Sampled=0;Lineage=${invocation.lineage}`,
    });
    response.end(invocation.body);
  }

  #limit(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose('timeout'), milliseconds);
  }

  #settle(result: InvocationResult): void {
    const invocation = this.#invocation;
    this.#invocation = undefined;
    invocation?.settle(result);
  }

  #lose(reason: 'timeout' | 'exit' | 'init'): void {
    if (this.#lostBy === undefined) {
      this.#lostBy = reason;
      clearTimeout(this.#timer);
      this.#child?.kill('SIGKILL');
      this.#server.closeAllConnections();
      this.#server.close();
      this.#ready.resolve();
    }
    this.#settle({ outcome: 'lost', reason });
  }
}
