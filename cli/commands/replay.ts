/** `replay`: events of the archive once more, to rules of this deployment. */
import { StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, show } from '../context.ts';
import { partOf, resourceOf } from '../deployment.ts';

export interface ReplayOptions {
  readonly from: string;
  readonly to: string;
  /** Job type whose fetcher gets them; all by default. */
  readonly type: string | undefined;
  /** `fetchers`, `ledger`, or `all` of them. */
  readonly rules: string;
}

/** What a replay does to who is behind a rule. */
const MEANING = {
  fetchers: 'A fetch that finds its manifest downloads nothing, and announces output.stored once more.',
  ledger: 'The ledger writes down what it does not know, and nothing is fetched.',
} as const;

export async function replay(context: CommandContext, { from, to, type, rules }: ReplayOptions): Promise<void> {
  const { deployment, terminal, now } = context;
  const [EventStartTime, EventEndTime] = [parse('--from', from), parse('--to', to)];
  if (EventStartTime >= EventEndTime) throw new CliError('--from is not before --to. Exchange them.', 2);
  const chosen = rulesOf(rules, type);
  const bus = deployment.outputs['EventBusArn'] ?? '';
  const FilterArns = chosen.map(({ part }) => ruleArn(bus, resourceOf(deployment, 'AWS::Events::Rule', part)));
  const archive = resourceOf(deployment, 'AWS::Events::Archive', 'EventBusArchive');
  const kinds = new Set(chosen.map(({ kind }) => kind));
  terminal.tell(`A replay is unordered. It is idempotent here. ${[...kinds].map((kind) => MEANING[kind]).join(' ')}`);
  terminal.tell(`It goes to these rules and to no other:\n${FilterArns.map((arn) => `  ${arn}`).join('\n')}`);
  const names = chosen.map(({ name }) => name).join(', ');
  await confirm(context, `Replay ${EventStartTime.toISOString()} to ${EventEndTime.toISOString()}, to ${names}?`);
  const answer = await deployment.clients.events.send(
    new StartReplayCommand({
      ReplayName: `operator-${now.getTime()}`,
      EventSourceArn: bus.replace(/:event-bus\/.*$/, `:archive/${archive}`),
      EventStartTime,
      EventEndTime,
      Destination: { Arn: bus, FilterArns },
    }),
  );
  show(context, ['replay', 'state', 'rules'], [[answer.ReplayArn ?? '', answer.State ?? '', names]], '');
  terminal.tell(`aws events describe-replay --replay-name operator-${now.getTime()} shows how far it is.`);
}

interface ChosenRule {
  readonly kind: keyof typeof MEANING;
  /** As a person reads it. */
  readonly name: string;
  /** In the construct. */
  readonly part: string;
}

function rulesOf(rules: string, type: string | undefined): readonly ChosenRule[] {
  if (rules === 'ledger' && type !== undefined) {
    throw new CliError("The ledger's rule takes all job types: leave --type out, or give --rules fetchers.", 2);
  }
  const types = FETCHED_JOB_TYPES.filter((one) => type === undefined || one === type);
  return [
    ...(rules === 'ledger'
      ? []
      : types.map((one) => ({
          kind: 'fetchers' as const,
          name: `the ${one} fetcher`,
          part: `EventBus${partOf(one)}Jobs`,
        }))),
    ...(rules === 'fetchers' ? [] : [{ kind: 'ledger' as const, name: 'the ledger', part: 'EventBusLedgerEvents' }]),
  ];
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
