/**
 * What a batch answers to each of its requests, inline and as a line of a result file.
 */
import { createHash } from 'node:crypto';
import { randomId } from './ids.ts';

export interface BatchRequest {
  readonly key: string | undefined;
  readonly metadata: object | undefined;
  readonly prompt: string;
}

export interface BatchResult {
  readonly request: BatchRequest;
  /** The `response`, or the google.rpc.Status under `error`. */
  readonly outcome: { readonly response: object } | { readonly error: object };
}

/** `partly` lets every second request fail, the first one included. */
export function answerRequests(
  requests: readonly BatchRequest[],
  options: { readonly embeddings: boolean; readonly partly: boolean; readonly model: string },
): BatchResult[] {
  return requests.map((request, index) => {
    if (options.partly && index % 2 === 0) {
      return { request, outcome: { error: { code: 3, message: 'Request contains an invalid argument.' } } };
    }
    return { request, outcome: { response: options.embeddings ? embed(request) : generate(request, options.model) } };
  });
}

/** As it stands in `inlinedResponses`. */
export function inlinedResponse({ request, outcome }: BatchResult): object {
  return request.metadata === undefined ? outcome : { ...outcome, metadata: request.metadata };
}

/** As it stands in the result file; Gemini's own order of the keys varies. */
export function resultLine({ request, outcome }: BatchResult, index: number): string {
  const key = request.key === undefined ? {} : { key: request.key };
  return `${JSON.stringify(index % 2 === 0 ? { ...key, ...outcome } : { ...outcome, ...key })}\n`;
}

function generate({ prompt }: BatchRequest, model: string): object {
  const promptTokenCount = tokens(prompt);
  const text = `A simulated answer to: ${prompt}`;
  return {
    candidates: [{ content: { parts: [{ text }], role: 'model' }, finishReason: 'STOP', index: 0 }],
    usageMetadata: {
      promptTokenCount,
      candidatesTokenCount: tokens(text),
      totalTokenCount: promptTokenCount + tokens(text),
    },
    modelVersion: model,
    responseId: randomId(22),
  };
}

function embed({ prompt }: BatchRequest): object {
  const digest = createHash('sha256').update(prompt).digest();
  const values = Array.from({ length: 16 }, (_, i) => digest.readInt16BE(i * 2) / 32_768);
  return { tokenCount: String(tokens(prompt)), embedding: { values } };
}

function tokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}
