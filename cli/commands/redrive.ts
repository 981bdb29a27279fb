/** `redrive`: what was given up goes back to where it is worked on. */
import type { Message } from '@aws-sdk/client-sqs';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, show } from '../context.ts';
import { jobRecordsOf } from '../job-listing.ts';
import type { Preview, Redriven } from '../json-output.ts';
import { type DeadLetterQueue, deadLetterQueues, depthOf, homeOf, look, move, receiveAll } from '../queues.ts';
import { type Column, counted, renderRows } from '../table.ts';

export interface RedriveOptions {
  /** `batch`, `interaction`, `video`, `ledger`, `undelivered`, or `all`. */
  readonly queue: string;
  /** Messages a second. */
  readonly rate: number;
  readonly preview: boolean;
}

export async function redrive(context: CommandContext, { queue, rate, preview }: RedriveOptions): Promise<void> {
  const { deployment, terminal, json } = context;
  const queues = deadLetterQueues(deployment).filter(({ name }) => queue === 'all' || name === queue);
  const depths = await Promise.all(queues.map(({ url }) => depthOf(deployment, url)));
  const total = depths.reduce((sum, depth) => sum + depth, 0);
  const samples = await Promise.all(queues.map((one, index) => sampleOf(context, one, depths[index] ?? 0)));
  if (preview || total === 0) return show(context, samples.flat(), PREVIEW, 'Nothing is in these queues.');
  // Beside the result, which is what goes to standard output.
  if (!json) terminal.note(renderRows(PREVIEW, samples.flat(), terminal.columns));
  await confirm(context, `Put ${counted(total, 'message')} back, ${rate} a second?`);
  const results: Redriven[] = [];
  for (const one of queues.filter((_, index) => (depths[index] ?? 0) > 0)) {
    const before = results.reduce((sum, { putBack }) => sum + putBack, 0);
    const onMove = (moved: number) => terminal.progress(progress(before + moved, total, rate));
    results.push(await putBack(context, one, rate, onMove));
  }
  const moved = results.reduce((sum, result) => sum + result.putBack, 0);
  terminal.progress('');
  terminal.note(`${counted(moved, 'message')} put back.`);
  show(context, results, [
    { title: 'queue', text: (row) => row.queue },
    { title: 'put back', text: (row) => String(row.putBack) },
    { title: 'left, for others', text: ({ foreignTargets }) => String(foreignTargets.length) },
    { title: 'remaining', text: ({ remaining }) => String(remaining) },
  ]);
  if (!json && results.some(({ remaining }) => remaining > 0)) {
    terminal.note('What remains is an estimate of SQS, which may be a minute old.');
  }
  const foreign = results.flatMap(({ foreignTargets }) => foreignTargets);
  if (foreign.length > 0) {
    throw new CliError(
      `${counted(foreign.length, 'message')} stayed, because the target is not a queue of this deployment: ${[...new Set(foreign)].join(', ')}. Repair that target, and replay the archive to its rule; see docs/runbook.md#undelivered-events.`,
    );
  }
}

async function putBack(
  { deployment, pause }: CommandContext,
  { name, url }: DeadLetterQueue,
  rate: number,
  onMove: (moved: number) => void,
): Promise<Redriven> {
  let moved = 0;
  const foreignTargets: string[] = [];
  for await (const message of receiveAll(deployment, url)) {
    const home = homeOf(deployment, { name, url }, message);
    if (home === undefined) {
      foreignTargets.push(targetOf(message) ?? 'an unknown one');
      continue;
    }
    await move(deployment, message, url, home);
    moved += 1;
    onMove(moved);
    if (!(await pause(1000 / rate))) break;
  }
  return { queue: name, putBack: moved, foreignTargets, remaining: await depthOf(deployment, url) };
}

/** `███░░ 3 of 5, 10/s, 1 s left` */
function progress(done: number, counted: number, rate: number): string {
  const total = Math.max(done, counted);
  const width = 20;
  const full = Math.round((done / total) * width);
  const bar = '█'.repeat(full) + '░'.repeat(width - full);
  return `${bar} ${done} of ${total}, ${rate}/s, ${Math.ceil((total - done) / rate)} s left`;
}

const PREVIEW: readonly Column<Preview>[] = [
  { title: 'queue', text: ({ queue }) => queue },
  { title: 'messages', text: ({ queueDepth }) => String(queueDepth), drop: 2 },
  { title: 'event', text: ({ eventType }) => eventType ?? '?' },
  { title: 'job', text: ({ jobId }) => jobId ?? '?', below: true },
  { title: 'why it was given up', text: ({ reason }) => reason, below: true },
  { title: 'goes to', text: ({ goesTo }) => goesTo ?? 'nowhere: it stays', drop: 1 },
];

interface Event {
  readonly 'detail-type'?: string;
  readonly detail?: { readonly jobId?: string; readonly project?: string; readonly jobType?: string };
}

function eventOf({ Body = '' }: Message): Event {
  try {
    return JSON.parse(Body) as Event;
  } catch {
    return {};
  }
}

function targetOf({ MessageAttributes }: Message): string | undefined {
  return MessageAttributes?.['TARGET_ARN']?.StringValue;
}

async function sampleOf(context: CommandContext, queue: DeadLetterQueue, depth: number): Promise<Preview[]> {
  if (depth === 0) return [];
  const { deployment } = context;
  return await Promise.all(
    (await look(deployment, queue.url)).map(async (message) => {
      const event = eventOf(message);
      return {
        ...{ queue: queue.name, queueDepth: depth },
        eventType: event['detail-type'] ?? null,
        jobId: event.detail?.jobId ?? null,
        reason: await reasonOf(context, queue, message, event),
        goesTo: homeOf(deployment, queue, message)?.split('/').at(-1) ?? null,
      };
    }),
  );
}

/** What EventBridge says on the message, or what the ledger has of the fetch. */
async function reasonOf(
  { deployment }: CommandContext,
  { name }: DeadLetterQueue,
  message: Message,
  { detail }: Event,
): Promise<string> {
  const attribute = (key: string) => message.MessageAttributes?.[key]?.StringValue;
  const said = [attribute('ERROR_CODE'), attribute('ERROR_MESSAGE')].filter((text) => text !== undefined).join(': ');
  if (name === 'undelivered') return said || 'EventBridge could not deliver it';
  if (name === 'ledger') return 'it could not be recorded';
  if (detail?.jobId === undefined || detail.project === undefined) return 'it is no event of this deployment';
  const records = await jobRecordsOf(deployment).find([detail.project], detail.jobId);
  const record = records.find(({ jobType }) => jobType === detail.jobType);
  const code = record?.lastCode ?? record?.failureCode;
  if (code === undefined) return 'its fetch failed to the last attempt';
  return record?.attempts ? `${code}, after ${record.attempts} attempts` : code;
}
