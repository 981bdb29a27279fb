/**
 * Every error of the pipeline. The class says what happens next, the code says why; neither the message nor the code
 * ever holds a secret, a token, a signature or a body.
 */

/** The sender's fault: answered 4xx, not retried by us. The caller learns the status, never the code. */
export type RequestErrorCode =
  | 'ERR_BODY_INVALID'
  | 'ERR_BODY_TOO_LARGE'
  | 'ERR_HEADER_INVALID'
  | 'ERR_HEADER_MISSING'
  | 'ERR_ORIGIN_MISMATCH'
  | 'ERR_SIGNATURE_MISMATCH'
  | 'ERR_TIMESTAMP_OUT_OF_TOLERANCE'
  | 'ERR_TOKEN_MISMATCH';

/** May hold later: answered 503, or the queue's message goes back, so that Gemini or SQS tries again. */
export type TransientErrorCode =
  | 'ERR_API_KEY_REFUSED'
  | 'ERR_FETCH_TIMED_OUT'
  | 'ERR_GEMINI_REFUSED'
  | 'ERR_GEMINI_UNAVAILABLE'
  | 'ERR_JOB_NOT_FOUND'
  | 'ERR_KEYS_UNAVAILABLE'
  | 'ERR_OUTPUT_NOT_READY'
  | 'ERR_OUTPUT_TRUNCATED'
  | 'ERR_PUBLISH_FAILED'
  | 'ERR_RATE_LIMITED'
  | 'ERR_REDIRECT_REFUSED'
  | 'ERR_PROJECT_UNKNOWN'
  | 'ERR_STORE_UNAVAILABLE';

/** Will never hold: announced as `output.failed`, and the message is done. */
export type PermanentErrorCode =
  | 'ERR_JOB_NEVER_ENDED'
  | 'ERR_JOB_NOT_OURS'
  | 'ERR_OUTPUT_GONE'
  | 'ERR_OUTPUT_INVALID'
  | 'ERR_OUTPUT_TOO_LARGE';

/** A webhook at Gemini, or its secrets, could not be looked after. */
export type ManagementErrorCode =
  | 'ERR_API_KEY_MISSING'
  | 'ERR_API_KEY_REFUSED'
  | 'ERR_GEMINI_UNAVAILABLE'
  | 'ERR_REGISTRATION_REFUSED'
  | 'ERR_ROTATION_INVALID'
  | 'ERR_SECRET_NOT_STORED';

export type PipelineErrorCode =
  | RequestErrorCode
  | TransientErrorCode
  | PermanentErrorCode
  | ManagementErrorCode
  | 'ERR_CONFIG_INVALID';

export abstract class PipelineError<Code extends PipelineErrorCode = PipelineErrorCode> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

export class RequestError extends PipelineError<RequestErrorCode> {}

export class TransientError extends PipelineError<TransientErrorCode> {
  /** What the other side asked for (Retry-After, RetryInfo), in seconds; undefined when it did not say. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: TransientErrorCode, message: string, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(code, message, options);
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }
}

/** A table or a bucket. */
export function storeUnavailable(message: string, cause: unknown): TransientError {
  return new TransientError('ERR_STORE_UNAVAILABLE', message, { cause });
}

export class PermanentError extends PipelineError<PermanentErrorCode> {}

/** Its message is one sentence or two for who deploys: what happened, and what to do. */
export class ManagementError extends PipelineError<ManagementErrorCode> {
  /** Whether the call may have taken effect all the same: its answer was lost, or a server failed on the way. */
  readonly mayHaveHappened: boolean;

  constructor(code: ManagementErrorCode, message: string, options?: ErrorOptions & { mayHaveHappened?: boolean }) {
    super(code, message, options);
    this.mayHaveHappened = options?.mayHaveHappened ?? false;
  }
}

/** The function cannot start: every fault, with what to do about it. */
export class ConfigError extends PipelineError<'ERR_CONFIG_INVALID'> {
  constructor(faults: readonly string[]) {
    super('ERR_CONFIG_INVALID', `Invalid configuration:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
  }
}

/** The message of an error that is not ours may quote a request. */
export function describeError(error: unknown): { readonly code: string; readonly reason: string } {
  if (error instanceof PipelineError) return { code: error.code, reason: error.message };
  return { code: 'ERR_INTERNAL', reason: error instanceof Error ? error.name : 'unknown' };
}
