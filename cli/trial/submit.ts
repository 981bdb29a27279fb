/** The small job of a trial: one background interaction, or a batch of one request from a file. */
import type { GoogleGenAI } from '@google/genai';
import type { FetchedJobType } from '../../lambda/contract.ts';

export interface TrialJob {
  readonly jobType: FetchedJobType;
  readonly jobId: string;
}

export interface TrialRequest {
  readonly model: string;
  /** URL of a dynamic webhook; undefined leaves the job to the registered one. */
  readonly dynamicUrl: string | undefined;
}

const PROMPT = 'Answer with the word "received".';
/** Comes back with a dynamic webhook, if Gemini sends it at all. */
const USER_METADATA = { from: 'gemini-webhooks try' };

export async function submitInteraction(gemini: GoogleGenAI, { model, dynamicUrl }: TrialRequest): Promise<TrialJob> {
  const { id } = await gemini.interactions.create(
    {
      ...{ model, input: PROMPT, background: true },
      ...(dynamicUrl !== undefined && { webhook_config: { uris: [dynamicUrl], user_metadata: USER_METADATA } }),
    },
    { maxRetries: 0 },
  );
  return { jobType: 'interaction', jobId: id };
}

export async function submitBatch(gemini: GoogleGenAI, { model, dynamicUrl }: TrialRequest): Promise<TrialJob> {
  const line = JSON.stringify({ key: 'request-1', request: { contents: [{ parts: [{ text: PROMPT }] }] } });
  const mimeType = 'application/jsonl';
  const { name: src = '' } = await gemini.files.upload({
    file: new Blob([`${line}\n`], { type: mimeType }),
    config: { mimeType },
  });
  const { name = '' } = await gemini.batches.create({
    ...{ model, src },
    config: {
      displayName: 'gemini-webhooks try',
      ...(dynamicUrl !== undefined && { webhookConfig: { uris: [dynamicUrl] } }),
    },
  });
  return { jobType: 'batch', jobId: name };
}
