/** `redrive`: what was given up goes back to where it is worked on. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '@aws-sdk/client-sqs';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, show } from '../context.ts';
import { type DeadLetterQueue, deadLetterQueues, depthOf, homeOf, look, move, receiveAll } from '../queues.ts';
import { renderTable } from '../table.ts';

export interface RedriveOptions {
  /** `batch`, `interaction`, `video`, `ledger`, `undelivered`, or `all`. */
  readonly queue: string;
  /** Messages a second. */
  readonly rate: number;
  readonly preview: boolean;
}

const PREVIEW = ['queue', 'messages', 'event', 'job', 'why', 'goes to'] as const;

export async function redrive(context: CommandContext, { queue, rate, preview }: RedriveOptions): Promise<void> {
  const { deployment, terminal, json } = context;
  const queues = deadLetterQueues(deployment).filter(({ name }) => queue === 'all' || name === queue);
  const depths = await Promise.all(queues.map(({ url }) => depthOf(deployment, url)));
  const total = depths.reduce((sum, depth) => sum + depth, 0);
  const samples = await Promise.all(queues.map((one, index) => sampleOf(context, one, depths[index] ?? 0)));
  if (preview || total === 0) {
    show(context, PREVIEW, samples.flat(), 'Nothing is in these queues.');
    return;
  }
  // Beside the result, which is what goes to standard output.
  terminal.tell(renderTable(PREVIEW, samples.flat()));
  await confirm(context, `Put ${total} message${total === 1 ? '' : 's'} back, ${rate} a second?`);
  const results: Result[] = [];
  for (const one of queues.filter((_, index) => (depths[index] ?? 0) > 0)) {
    const before = results.reduce((sum, { moved }) => sum + moved, 0);
    results.push(
      await putBack(context, one, { rate, tell: (moved) => terminal.tell(progress(before + moved, total)) }),
    );
  }
  const rows = results.map(({ name, moved, strangers, remaining }) => [
    name,
    String(moved),
    String(strangers.length),
    String(remaining),
  ]);
  terminal.tell(`${results.reduce((sum, { moved }) => sum + moved, 0)} put back.`);
  show(context, ['queue', 'put back', 'no queue of ours', 'remaining'], rows, '');
  if (!json && results.some(({ remaining }) => remaining > 0)) {
    terminal.tell('SQS counts what remains roughly, and up to a minute late.');
  }
  const strangers = results.flatMap((result) => result.strangers);
  if (strangers.length > 0) {
    throw new CliError(
      `${strangers.length} stay, which are for no queue of this deployment: ${[...new Set(strangers)].join(', ')}. Repair that target, and replay the archive to its rule; see docs/runbook.md#undelivered-events.`,
    );
  }
}

interface Result {
  readonly name: string;
  readonly moved: number;
  /** The targets of messages that stay. */
  readonly strangers: readonly string[];
  readonly remaining: number;
}

async function putBack(
  { deployment }: CommandContext,
  queue: DeadLetterQueue,
  { rate, tell }: { readonly rate: number; readonly tell: (moved: number) => void },
): Promise<Result> {
  let moved = 0;
  const strangers: string[] = [];
  for await (const message of receiveAll(deployment, queue.url)) {
    const home = homeOf(deployment, queue, message);
    if (home === undefined) {
      strangers.push(message.MessageAttributes?.['TARGET_ARN']?.StringValue ?? 'a target that is not told');
      continue;
    }
    await move(deployment, message, queue.url, home);
    moved += 1;
    tell(moved);
    await sleep(1000 / rate);
  }
  return { name: queue.name, moved, strangers, remaining: await depthOf(deployment, queue.url) };
}

function progress(done: number, total: number): string {
  const width = 30;
  const full = Math.min(width, Math.round((done / Math.max(done, total)) * width));
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${done} of about ${total}`;
}

interface Event {
  readonly 'detail-type'?: string;
  readonly detail?: { readonly jobId?: string };
}

function eventOf({ Body = '' }: Message): Event {
  try {
    return JSON.parse(Body) as Event;
  } catch {
    return {};
  }
}

const GIVEN_UP = { ledger: 'could not be recorded', undelivered: 'could not be delivered' } as const;

async function sampleOf({ deployment }: CommandContext, queue: DeadLetterQueue, depth: number): Promise<string[][]> {
  if (depth === 0) return [];
  const { name, url } = queue;
  const messages = await look(deployment, url);
  return messages.map((message) => {
    const event = eventOf(message);
    const told = message.MessageAttributes?.['ERROR_MESSAGE']?.StringValue;
    const home = homeOf(deployment, queue, message)?.split('/').at(-1);
    const target = message.MessageAttributes?.['TARGET_ARN']?.StringValue;
    return [
      name,
      String(depth),
      event['detail-type'] ?? '?',
      event.detail?.jobId ?? '?',
      told ?? (name === 'ledger' || name === 'undelivered' ? GIVEN_UP[name] : 'given up by the fetcher'),
      home ?? `stays: ${target ?? 'nobody says for whom it is'}`,
    ];
  });
}
