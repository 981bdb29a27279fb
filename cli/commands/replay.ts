/** `replay`: events of the archive once more, to rules of this deployment. */
import { StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { FETCHED_JOB_TYPES, type FetchedJobType } from '../../lambda/contract.ts';
import type { DeploymentDescription } from '../../lambda/deployment-description.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, confirm, show } from '../context.ts';
import { timeOf } from '../since.ts';

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
  const { eventBusArn, archive } = deployment.description;
  if (archive === null)
    throw new CliError('The Region of this deployment has no event archives: nothing can be replayed.', 3);
  const [EventStartTime, EventEndTime] = [parse('--from', from), parse('--to', to)];
  if (EventStartTime >= EventEndTime) throw new CliError('--from is not before --to. Exchange them.', 2);
  const chosen = rulesOf(deployment.description, rules, type);
  const FilterArns = chosen.map(({ arn }) => arn);
  const kinds = new Set(chosen.map(({ kind }) => kind));
  terminal.note(`A replay is unordered. It is idempotent here. ${[...kinds].map((kind) => MEANING[kind]).join(' ')}`);
  terminal.note(`It goes to these rules and to no other:\n${FilterArns.map((arn) => `  ${arn}`).join('\n')}`);
  const names = chosen.map(({ name }) => name);
  await confirm(
    context,
    `Replay ${EventStartTime.toISOString()} to ${EventEndTime.toISOString()}, to ${names.join(', ')}?`,
  );
  const name = `operator-${now.getTime()}`;
  const answer = await deployment.clients.events.send(
    new StartReplayCommand({
      ReplayName: name,
      EventSourceArn: eventBusArn.replace(/:event-bus\/.*$/, `:archive/${archive}`),
      EventStartTime,
      EventEndTime,
      Destination: { Arn: eventBusArn, FilterArns },
    }),
  );
  show(
    context,
    [{ name, arn: answer.ReplayArn ?? null, state: answer.State ?? null, rules: names }],
    [
      { title: 'replay', text: (row) => row.name },
      { title: 'state', text: ({ state }) => state ?? '' },
      { title: 'rules', text: (row) => row.rules.join(', '), below: true },
    ],
  );
  terminal.note(`To see its progress:\n  aws events describe-replay --replay-name ${name}`);
}

interface ChosenRule {
  readonly kind: keyof typeof MEANING;
  /** As a person reads it. */
  readonly name: string;
  readonly arn: string;
}

function rulesOf(
  { fetchers, recorder }: DeploymentDescription,
  rules: string,
  type: string | undefined,
): readonly ChosenRule[] {
  if (rules === 'ledger' && type !== undefined) {
    throw new CliError("The ledger's rule takes all job types: leave --type out, or give --rules fetchers.", 2);
  }
  const types = FETCHED_JOB_TYPES.filter((one) => type === undefined || one === type);
  const ofFetcher = (one: FetchedJobType) => ({
    kind: 'fetchers' as const,
    name: `the ${one} fetcher`,
    arn: fetchers[one].ruleArn,
  });
  return [
    ...(rules === 'ledger' ? [] : types.map(ofFetcher)),
    ...(rules === 'fetchers' ? [] : [{ kind: 'ledger' as const, name: 'the ledger', arn: recorder.ruleArn }]),
  ];
}

function parse(option: string, text: string): Date {
  const date = timeOf(text);
  if (date !== undefined) return date;
  throw new CliError(`${option} is "${text}"; give a time like 2026-11-24T05:00:00Z.`, 2);
}
