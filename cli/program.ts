/** The command line: what can be asked for, in which words. */
import yargs, { type Argv } from 'yargs';
import { FETCHED_JOB_TYPES } from '../lambda/contract.ts';
import { CliError, type ExitCode } from './cli-error.ts';
import { serveConsole } from './commands/console.ts';
import { deliveries } from './commands/deliveries.ts';
import { quarantine } from './commands/quarantine.ts';
import { redrive } from './commands/redrive.ts';
import { refetch } from './commands/refetch.ts';
import { repair } from './commands/repair.ts';
import { replay } from './commands/replay.ts';
import { showJob } from './commands/show.ts';
import { status } from './commands/status.ts';
import { dynamicUrl, ping, rotate } from './commands/webhook.ts';
import type { CommandContext, Terminal } from './context.ts';
import { close, type Deployment, type DeploymentOptions, findDeployment } from './deployment.ts';

export interface ProgramOptions {
  readonly terminal: Terminal;
  readonly clock: () => Date;
  readonly find?: (options: DeploymentOptions) => Promise<Deployment>;
}

interface Common {
  readonly stack: string;
  readonly region: string | undefined;
  readonly local: string | undefined;
  readonly construct: string | undefined;
  readonly source: string | undefined;
  readonly json: boolean;
  readonly yes: boolean;
}

/** @returns the exit code: 0, or as CliError has them */
export async function run(args: readonly string[], options: ProgramOptions): Promise<0 | ExitCode> {
  const { terminal } = options;
  try {
    await createProgram(options).parseAsync([...args]);
    return 0;
  } catch (error) {
    if (error instanceof CliError) {
      terminal.tell(error.message);
      return error.exitCode;
    }
    // A refusal of AWS's, or of Gemini's: the name says which, the text why.
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    terminal.tell(`${text}\nIf you lack a permission, docs/cli.md lists what each command needs.`);
    return 3;
  }
}

function isWhole(value: number, min: number): boolean {
  return Number.isSafeInteger(value) && value >= min;
}

function createProgram({ terminal, clock, find = findDeployment }: ProgramOptions): Argv<Common> {
  const within = <Args extends Common>(use: (context: CommandContext, args: Args) => Promise<void>) => {
    return async (args: Args) => {
      const { stack, region, local, construct } = args;
      const deployment = await find({ stack, region, local, construct });
      try {
        const { source, json, yes } = args;
        await use({ deployment, terminal, source, json, yes, now: clock() }, args);
      } finally {
        close(deployment);
      }
    };
  };
  const program: Argv<Common> = yargs()
    .scriptName('gemini-webhooks')
    .usage('$0 <command>\n\nLooks after a deployment of the Gemini webhooks.')
    .option('stack', { type: 'string', default: 'GeminiWebhooks', describe: 'Name of the stack' })
    .option('region', { type: 'string', describe: 'Region of the stack; else that of the environment or the profile' })
    .option('local', { type: 'string', describe: 'State folder of a local run in the place of a stack, e.g. .local' })
    .option('construct', { type: 'string', describe: 'Which, where the stack has several: as its outputs begin' })
    .option('source', { type: 'string', describe: 'Gemini project, as configured; else all, or the default one' })
    .option('json', { type: 'boolean', default: false, describe: 'JSON in the place of tables' })
    .option('yes', { type: 'boolean', default: false, describe: 'Does not ask before it changes something' })
    .command(
      'status',
      'Health of everything; exit code 1 when something is not as it should be',
      (command) => command.example('$0 status --stack Mine --region eu-central-1', 'of a stack of your own'),
      within(status),
    )
    .command(
      'console',
      'Shows jobs, deliveries and health in a browser, on a page that only this machine sees',
      (command) =>
        command
          .option('port', { type: 'number', default: 4280, describe: 'Of the page; 0 takes any that is free' })
          .option('allow-changes', {
            type: 'boolean',
            default: false,
            describe: 'Lets the page redrive, fetch again and repair; a local run may always be changed',
          })
          .check(({ port }) => (isWhole(port, 0) && port <= 65_535) || '--port is out of range; give 0 to 65535.')
          .example('$0 console --stack Mine', 'read-only')
          .example('$0 console --local .local', 'of a local run'),
      within((context, { port, allowChanges, local }) => serveConsole(context, { port, allowChanges, local, clock })),
    )
    .command(
      'deliveries',
      'What came lately, newest first',
      (command) =>
        command
          .option('type', { type: 'string', describe: 'Event type, or its beginning: batch, batch.succeeded' })
          .option('job', { type: 'string', describe: 'Job id' })
          .option('outcome', { type: 'string', choices: ['completed', 'inprogress'], describe: 'State of the record' })
          .option('limit', { type: 'number', default: 20, describe: 'How many' })
          .check(({ limit }) => isWhole(limit, 1) || '--limit is no whole number from 1; give one like 50.')
          .example('$0 deliveries --type batch --limit 50', 'the last 50 of batches'),
      within((context, { type, job, outcome, limit }) => deliveries(context, { type, job, outcome, limit })),
    )
    .command(
      'show <id>',
      "One job's life: received, on the bus, fetched, landed",
      (command) =>
        command
          .positional('id', { type: 'string', demandOption: true, describe: 'Job id or webhook id' })
          .example('$0 show batches/k2q9x7d4', 'a job')
          .example('$0 show msg_2KWPBgLlAfxdpx2AI54pPJ85f4W', 'the job that a webhook was about'),
      within((context, { id }) => showJob(context, id)),
    )
    .command(
      'redrive <queue>',
      'Puts back what was given up',
      (command) =>
        command
          .positional('queue', {
            choices: [...FETCHED_JOB_TYPES, 'ledger', 'undelivered', 'all'],
            demandOption: true,
            describe: 'Of a fetcher, of the ledger, or what EventBridge could not deliver',
          })
          .option('rate', { type: 'number', default: 10, describe: 'Messages a second' })
          .option('preview', { type: 'boolean', default: false, describe: 'Shows up to ten, and moves none' })
          .check(({ rate }) => (rate >= 1 && rate <= 1000) || '--rate is out of range; give 1 to 1000.')
          .example('$0 redrive batch --preview', 'what is there, and where it would go')
          .example('$0 redrive undelivered --rate 50 --yes', 'each to who did not get it'),
      within((context, { queue, rate, preview }) => redrive(context, { queue, rate, preview })),
    )
    .command(
      'replay',
      'Events of the archive once more; unordered, and idempotent here',
      (command) =>
        command
          .option('from', { type: 'string', demandOption: true, describe: 'Time, e.g. 2026-11-24T05:00:00Z' })
          .option('to', { type: 'string', demandOption: true, describe: 'Time' })
          .option('type', { type: 'string', choices: [...FETCHED_JOB_TYPES], describe: 'Job type; else all' })
          .option('rules', {
            choices: ['fetchers', 'ledger', 'all'] as const,
            default: 'fetchers' as const,
            describe: 'To which rules of this deployment they go',
          })
          .example('$0 replay --from 2026-11-24T05:00:00Z --to 2026-11-24T06:00:00Z --type batch', 'to one fetcher')
          .example('$0 replay --from 2026-11-10 --to 2026-11-24 --rules ledger', 'writes the ledger again'),
      within((context, { from, to, type, rules }) => replay(context, { from, to, type, rules })),
    )
    .command(
      'refetch <job>',
      'Fetches a job once more',
      (command) =>
        command
          .positional('job', { type: 'string', demandOption: true, describe: 'Job id' })
          .example('$0 refetch batches/k2q9x7d4', ''),
      within((context, { job }) => refetch(context, job)),
    )
    .command(
      'ping',
      'Has Gemini ping the webhook',
      (command) =>
        command
          .option('api-key-secret', {
            type: 'string',
            describe: "Name of the secret with the project's API key; else that of the source",
          })
          .example('$0 ping --source acme', ''),
      within((context, args) => ping(context, args.apiKeySecret)),
    )
    .command(
      'repair',
      'Sets the webhook at Gemini right, as it was deployed',
      (command) => command.example('$0 repair --source acme', ''),
      within(repair),
    )
    .command(
      'rotate <secret>',
      'Rotates a secret now',
      (command) =>
        command
          .positional('secret', { choices: ['signing-secret', 'dynamic-token'] as const, demandOption: true })
          .example('$0 rotate signing-secret', ''),
      within((context, { secret }) => rotate(context, secret)),
    )
    .command(
      'dynamic-url',
      'Prints the URL for dynamic webhooks; treat it like a password',
      (command) => command.example('$0 dynamic-url --source acme', ''),
      within(dynamicUrl),
    )
    .command(
      'quarantine <action>',
      'Deliveries that did not verify: lists them, or verifies them once more',
      (command) =>
        command
          .positional('action', { choices: ['list', 'reverify'] as const, demandOption: true })
          .example('$0 quarantine reverify', ''),
      within((context, { action }) => quarantine(context, action)),
    )
    .completion('completion', 'Prints a script for completion in bash or zsh')
    .demandCommand(1, 'Say what to do.')
    .strict()
    .recommendCommands()
    .wrap(110)
    .version(false)
    .epilogue(
      'Exit codes: 0 done, 1 something is not as it should be, 2 not understood, 3 not reached. See docs/cli.md.',
    )
    .exitProcess(false)
    .fail((message, error) => {
      // Without a message it is a command that failed, and not what was asked for.
      throw message ? new CliError(`${message}\n"gemini-webhooks --help" lists what there is.`, 2) : error;
    });
  return program;
}
