/** `replay`: events of the archive once more, to the rules of this stack. */
import { StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, show } from '../context.ts';
import { partOf, resourceOf, resourcesOf } from '../deployment.ts';

export interface ReplayOptions {
  readonly from: string;
  readonly to: string;
  /** Job type whose fetcher gets them; all by default. */
  readonly type: string | undefined;
}

export async function replay(context: CommandContext, { from, to, type }: ReplayOptions): Promise<void> {
  const { deployment, terminal, now } = context;
  const [EventStartTime, EventEndTime] = [parse('--from', from), parse('--to', to)];
  if (EventStartTime >= EventEndTime) throw new CliError('--from is not before --to.', 2);
  const types = FETCHED_JOB_TYPES.filter((one) => type === undefined || one === type);
  const FilterArns = types.flatMap((one) =>
    resourcesOf(deployment, 'AWS::Events::Rule', `EventBus${partOf(one)}Jobs`).map(({ physicalId }) =>
      ruleArn(deployment.outputs['EventBusArn'] ?? '', physicalId),
    ),
  );
  terminal.tell(
    'A replay is unordered. It is idempotent here: a fetch that finds its manifest downloads nothing, and announces output.stored once more.',
  );
  await confirm(
    context,
    `Replay ${types.join(', ')} from ${EventStartTime.toISOString()} to ${EventEndTime.toISOString()}?`,
  );
  const archive = resourceOf(deployment, 'AWS::Events::Archive', 'Archive');
  const bus = deployment.outputs['EventBusArn'] ?? '';
  const answer = await deployment.clients.events.send(
    new StartReplayCommand({
      ReplayName: `operator-${now.getTime()}`,
      EventSourceArn: bus.replace(/:event-bus\/.*$/, `:archive/${archive}`),
      EventStartTime,
      EventEndTime,
      Destination: { Arn: bus, FilterArns },
    }),
  );
  show(context, ['replay', 'state'], [[answer.ReplayArn ?? '', answer.State ?? '']], '');
  terminal.tell('aws events describe-replay --replay-name <name> shows how far it is.');
}

/** CloudFormation knows a rule on a custom bus as `<bus>|<rule>`. */
function ruleArn(busArn: string, physicalId: string): string {
  if (physicalId.startsWith('arn:')) return physicalId;
  return `${busArn.replace(':event-bus/', ':rule/')}/${physicalId.split('|').at(-1)}`;
}

function parse(option: string, text: string): Date {
  const date = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new CliError(`${option} is "${text}"; give a time like 2026-11-24T05:00:00Z.`, 2);
}
