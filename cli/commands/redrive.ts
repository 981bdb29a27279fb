/** `redrive`: what was given up goes back to where it is worked on. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '@aws-sdk/client-sqs';
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, show } from '../context.ts';
import { type DeadLetterQueue, deadLetterQueues, depthOf, fetcherQueue, move, receiveAll } from '../queues.ts';

export interface RedriveOptions {
  /** `batch`, `interaction`, `video`, `undelivered`, or `all`. */
  readonly queue: string;
  /** Messages a second. */
  readonly rate: number;
  readonly preview: boolean;
}

export async function redrive(context: CommandContext, { queue, rate, preview }: RedriveOptions): Promise<void> {
  const { deployment, terminal } = context;
  const queues = deadLetterQueues(deployment).filter(({ name }) => queue === 'all' || name === queue);
  const depths = await Promise.all(queues.map(({ url }) => depthOf(deployment, url)));
  const total = depths.reduce((sum, depth) => sum + depth, 0);
  const samples = await Promise.all(queues.map((one) => look(context, one)));
  show(context, ['queue', 'messages', 'event', 'job', 'why'], samples.flat(), 'Nothing is in these queues.');
  if (total === 0 || preview) return;
  await confirm(context, `Put ${total} message${total === 1 ? '' : 's'} back, ${rate} a second?`);
  let moved = 0;
  let left = 0;
  for (const one of queues) {
    for await (const message of receiveAll(deployment, one.url)) {
      const target = targetOf(context, one, message);
      if (target === undefined) {
        left += 1;
        continue;
      }
      await move(deployment, message, one.url, target);
      moved += 1;
      terminal.tell(progress(moved, total));
      await sleep(1000 / rate);
    }
  }
  terminal.tell(`${moved} put back.`);
  if (left > 0) {
    throw new CliError(`${left} stay: they are of no queue of this stack. Look at them in the queue "undelivered".`);
  }
}

function progress(done: number, total: number): string {
  const width = 30;
  const full = Math.min(width, Math.round((done / Math.max(done, total)) * width));
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${done} of about ${total}`;
}

interface Event {
  readonly 'detail-type'?: string;
  readonly detail?: { readonly jobType?: string; readonly jobId?: string };
}

function eventOf({ Body = '' }: Message): Event {
  try {
    return JSON.parse(Body) as Event;
  } catch {
    return {};
  }
}

/** Up to ten, which are not taken away. */
async function look({ deployment }: CommandContext, { name, url }: DeadLetterQueue): Promise<string[][]> {
  const depth = await depthOf(deployment, url);
  if (depth === 0) return [];
  const rows: string[][] = [];
  for await (const message of receiveAll(deployment, url, 0)) {
    const event = eventOf(message);
    const why = message.MessageAttributes?.['ERROR_MESSAGE']?.StringValue ?? 'given up by the fetcher';
    rows.push([name, String(depth), event['detail-type'] ?? '?', event.detail?.jobId ?? '?', why]);
  }
  return rows;
}

/** A fetcher's own queue; for what EventBridge could not deliver, that of the event's job type. */
function targetOf({ deployment }: CommandContext, { name }: DeadLetterQueue, message: Message): string | undefined {
  const jobType = name === 'undelivered' ? eventOf(message).detail?.jobType : name;
  const known = FETCHED_JOB_TYPES.find((type) => type === jobType);
  return known && fetcherQueue(deployment, known);
}
