/** What a trial saw of the real Gemini, to be pasted into an issue: forms and numbers, no secret and no content. */
import type { GoogleGenAI } from '@google/genai';
import * as z from 'zod';
import { GEMINI_URL, NEW_FORM_LOGGED, VERSION } from '../../lambda/contract.ts';
import type { DescribedProject } from '../../lambda/deployment-description.ts';
import type { CommandContext } from '../context.ts';
import { readSecret } from '../gemini.ts';
import { type LogLine, readLog } from '../logs.ts';
import { printableLines } from '../printable.ts';
import type { Trial } from './follow-trial.ts';

interface Seen {
  readonly gemini: GoogleGenAI;
  readonly project: DescribedProject;
  readonly trials: readonly Trial[];
  readonly model: string;
}

/** CloudWatch shows a line some seconds after it was written. */
const LOG_DELAY_MS = 10_000;

export async function reportTrial(context: CommandContext, seen: Seen): Promise<void> {
  const { deployment, terminal, pause } = context;
  const { project, trials, model } = seen;
  const since = new Date(Math.min(...trials.map(({ submittedAt }) => submittedAt.getTime())) - 3_600_000);
  const pinged = await ping(seen);
  const range = await tryRange(context, seen);
  terminal.progress('waiting for the log of the verifier');
  await pause(LOG_DELAY_MS);
  terminal.progress('');
  const lines = await readLog(deployment, deployment.description.verifier, [NEW_FORM_LOGGED], since);
  const report = {
    version: VERSION,
    gemini: deployment.geminiUrl === undefined ? new URL(GEMINI_URL).host : 'another than Google’s',
    ...{ model, pinged },
    trials: trials.map(({ job, steps, row }) => ({
      jobType: job.jobType,
      state: row?.state ?? 'unknown',
      code: row?.failureCode ?? null,
      webhook: steps.find(({ step }) => step === 'webhook received')?.detail ?? '',
      seconds: Object.fromEntries(steps.map(({ step, seconds }) => [step, seconds])),
    })),
    range,
    // One of each, also of what came before the trial: a process logs a form once.
    deliveries: differing(lines).map(({ fields }) => ({
      eventType: fields['eventType'],
      ...{ route: fields['route'], scheme: fields['scheme'] },
      ...{ headers: fields['headers'], keys: fields['keys'] },
      ...{ dataId: fields['dataId'], metadataAt: fields['metadataAt'] },
    })),
  };
  terminal.print(printableLines(JSON.stringify(report, null, 2)));
  if (lines.length === 0) {
    terminal.note(
      'The verifier logs a form once in each of its processes: none was new in the last hour. Try again later, or after a deployment.',
    );
  }
  if (!pinged) terminal.note(`Gemini has no webhook of the project ${project.name} to ping.`);
}

/** Each form once, whatever the lengths in it. */
function differing(lines: readonly LogLine[]): readonly LogLine[] {
  const formOf = ({ fields }: LogLine) =>
    JSON.stringify([fields['eventType'], fields['route'], fields['headers'], fields['keys']]).replaceAll(/<\d+/g, '<');
  return [...new Map(lines.map((line) => [formOf(line), line])).values()];
}

async function ping({ gemini, project }: Seen): Promise<boolean> {
  const { webhooks = [] } = await gemini.webhooks.list({ page_size: 100 });
  const own = webhooks.find(({ uri }) => uri === project.webhookUrl);
  if (own?.id === undefined) return false;
  await gemini.webhooks.ping(own.id, { body: {} });
  return true;
}

const Batch = z.object({ response: z.optional(z.object({ responsesFile: z.optional(z.string()) })) });

/** Whether a download answers a request for a part of it; undefined without a file to ask for. */
async function tryRange({ deployment }: CommandContext, { project, trials }: Seen) {
  const batch = trials.find(({ job, row }) => job.jobType === 'batch' && row?.state === 'stored');
  if (batch === undefined) return 'not tried: it needs a batch that is stored (--batch)';
  const base = deployment.geminiUrl ?? GEMINI_URL;
  const headers = { 'x-goog-api-key': (await readSecret(deployment, project.apiKeySecret)).trim() };
  // By hand: the key goes to this host and to no other.
  const get = (path: string, more = {}) =>
    fetch(`${base}${path}`, { headers: { ...headers, ...more }, redirect: 'manual' });
  const job = Batch.safeParse(await (await get(`/v1beta/${batch.job.jobId}`)).json());
  const file = job.data?.response?.responsesFile;
  if (file === undefined || !/^files\/[\w-]+$/.test(file)) return 'not tried: the batch names no file';
  const answer = await get(`/download/v1beta/${file}:download?alt=media`, { range: 'bytes=1-' });
  await answer.body?.cancel();
  return {
    status: answer.status,
    headers: [...answer.headers.keys()].toSorted(),
    hasContentRange: answer.headers.has('content-range'),
  };
}
