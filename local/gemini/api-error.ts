/**
 * Gemini's two forms of an error body. Batches, files and operations answer google.rpc.Status; interactions and webhooks
 * answer a string code without status and details.
 */

export type ErrorStyle = 'classic' | 'next-gen';

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

const STRING_CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  403: 'permission_denied',
  404: 'not_found',
  429: 'rate_limit_exceeded',
  500: 'internal',
  503: 'unavailable',
};

export class ApiError extends Error {
  readonly status: number;
  readonly details: readonly object[];
  readonly headers: Readonly<Record<string, string>>;
  /** Set where the answer has one form whatever the route, as everything before authentication does. */
  readonly style: ErrorStyle | undefined;

  constructor(
    status: number,
    message: string,
    options: { details?: readonly object[]; headers?: Record<string, string>; style?: ErrorStyle } = {},
  ) {
    super(message);
    this.status = status;
    this.details = options.details ?? [];
    this.headers = options.headers ?? {};
    this.style = options.style;
  }

  /** The body as the route's family of the API writes it. */
  body(routeStyle: ErrorStyle): object {
    if ((this.style ?? routeStyle) === 'next-gen') {
      return { error: { message: this.message, code: STRING_CODES[this.status] ?? 'internal' } };
    }
    return {
      error: {
        code: this.status,
        message: this.message,
        status: STATUS_NAMES[this.status] ?? 'UNKNOWN',
        ...(this.details.length > 0 ? { details: this.details } : {}),
      },
    };
  }
}

export function invalidApiKey(): ApiError {
  return new ApiError(400, 'API key not valid. Please pass a valid API key.', {
    style: 'classic',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'API_KEY_INVALID',
        domain: 'googleapis.com',
        metadata: { service: 'generativelanguage.googleapis.com' },
      },
    ],
  });
}

export function notFound(): ApiError {
  return new ApiError(404, 'Requested entity was not found.');
}

/** What a caller of another project sees, for a job and for its files alike. */
export function notYours(): ApiError {
  return new ApiError(403, 'You do not have permission to access this resource or it may not exist.');
}

export function rateLimited(retryDelaySeconds: number | null, retryAfterSeconds: number | null): ApiError {
  const quota = {
    '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
    violations: [
      {
        quotaMetric: 'generativelanguage.googleapis.com/read_requests',
        quotaId: 'GenerateRequestsPerMinutePerProjectPerModel',
      },
    ],
  };
  const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryDelaySeconds}s` };
  return new ApiError(429, 'You exceeded your current quota.', {
    details: retryDelaySeconds === null ? [quota] : [quota, retryInfo],
    headers: retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) },
  });
}
