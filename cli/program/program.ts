/** The command line: what can be asked for, in which words. */
import yargs, { type Argv } from 'yargs';
import { FETCHED_JOB_TYPES, VERSION } from '../../lambda/contract.ts';
import { PipelineError } from '../../lambda/shared/errors.ts';
import { CliError, type ExitCode } from '../cli-error.ts';
import { deliveries } from '../commands/deliveries.ts';
import { forget } from '../commands/forget.ts';
import { jobs } from '../commands/jobs.ts';
import { logs } from '../commands/logs.ts';
import { QUARANTINE_ACTIONS, quarantine } from '../commands/quarantine.ts';
import { redrive } from '../commands/redrive.ts';
import { refetch } from '../commands/refetch.ts';
import { repair } from '../commands/repair.ts';
import { replay } from '../commands/replay.ts';
import { showJob } from '../commands/show.ts';
import { status } from '../commands/status.ts';
import { TRIGGERED, trigger } from '../commands/trigger.ts';
import { tryOut } from '../commands/try.ts';
import { dynamicUrl, ping, ROTATED, rotate } from '../commands/webhook.ts';
import type { CommandContext } from '../context.ts';
import { close, type Deployment, type DeploymentOptions, findDeployment } from '../deployment.ts';
import { JOB_STATES } from '../job-row.ts';
import { parseSince } from '../since.ts';
import type { Terminal } from '../terminal.ts';
import { explainUsage } from './usage-error.ts';

export interface ProgramOptions {
  readonly terminal: Terminal;
  readonly clock: () => Date;
  /** @returns false when the command is to end */
  readonly pause: (milliseconds: number) => Promise<boolean>;
  readonly find?: (options: DeploymentOptions) => Promise<Deployment>;
}

interface Common {
  readonly stack: string;
  readonly region: string | undefined;
  readonly local: string | undefined;
  readonly construct: string | undefined;
  readonly project: string | undefined;
  readonly json: boolean;
  readonly yes: boolean;
}

/** @returns the exit code: 0, or as CliError has them */
export async function run(args: readonly string[], options: ProgramOptions): Promise<0 | ExitCode> {
  const { terminal } = options;
  try {
    await createProgram(options, Math.min(110, terminal.columns ?? 110)).parseAsync([...args]);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.note(explainUsage(error.message, await helpFor(args, options)));
      return 2;
    }
    if (error instanceof CliError) {
      terminal.note(error.message);
      return error.exitCode;
    }
    // A refusal of AWS's, or of Gemini's: the name says which, the text why.
    const cause = error instanceof PipelineError ? (error.cause ?? error) : error;
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    terminal.note(`${text}\nIf you lack a permission, docs/cli.md lists what each command needs.`);
    return 3;
  }
}

/** What yargs says about a command that it does not understand. */
class UsageError extends Error {}

/** The help of the command that was meant, or of all. */
async function helpFor(args: readonly string[], options: ProgramOptions): Promise<string> {
  const read = async (...words: string[]) => {
    let help = '';
    await createProgram(options, 300).parseAsync(
      [...words, '--help'],
      (_error: unknown, _args: unknown, output: string) => {
        help = output;
      },
    );
    return help;
  };
  const all = await read();
  const commands = new Set([...all.matchAll(/^ +gemini-webhooks ([a-z-]+)/gm)].map(([, name]) => name));
  const meant = args.find((word) => commands.has(word));
  return meant === undefined ? all : await read(meant);
}

function isWhole(value: number, min: number): boolean {
  return Number.isSafeInteger(value) && value >= min;
}

function createProgram(options: ProgramOptions, width: number): Argv<Common> {
  const { terminal, clock, pause, find = findDeployment } = options;
  const within = <Options>(use: (context: CommandContext, options: Options) => Promise<void>) => {
    return async (args: Common & Options) => {
      const { stack, region, local, construct } = args;
      const deployment = await find({ stack, region, local, construct });
      try {
        const { project, json, yes } = args;
        await use({ deployment, terminal, project, json, yes, now: clock(), clock, pause }, args);
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
    .option('local', { type: 'string', describe: 'State folder of a local run instead of a stack, e.g. .local' })
    .option('construct', {
      type: 'string',
      describe: 'Which construct, if the stack has several: what its outputs begin with',
    })
    .option('project', { type: 'string', describe: 'Gemini project, as configured; else all, or the default one' })
    .option('json', { type: 'boolean', default: false, describe: 'JSON instead of tables' })
    .option('yes', { type: 'boolean', default: false, describe: 'Does not ask for confirmation' })
    .command(
      'status',
      'Health of everything; exit code 1 when something is not as it should be',
      (command) => command.example('$0 status --stack Mine --region eu-central-1', 'of a stack of your own'),
      within(status),
    )
    .command(
      'try',
      'Submits one small job and follows it until its outputs are stored: does all of it work?',
      (command) =>
        command
          .option('batch', { type: 'boolean', default: false, describe: 'A batch of one request, too' })
          .option('dynamic', { type: 'boolean', default: false, describe: 'By the dynamic webhook' })
          .option('report', { type: 'boolean', default: false, describe: 'What was seen of Gemini, without contents' })
          .option('model', { type: 'string', default: 'gemini-2.5-flash', describe: 'Model of the job' })
          .option('timeout', { type: 'number', default: 300, describe: 'Seconds for each job' })
          .check(({ timeout }) => isWhole(timeout, 1) || '--timeout is no whole number from 1; give one like 600.')
          .example('$0 try', 'the first thing after a deployment')
          .example('$0 try --batch --report', 'to be pasted into an issue'),
      within(tryOut),
    )
    .command(
      'console',
      'Jobs, deliveries and health in a browser, on a page that only this machine sees',
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
      within(async (context, { port, allowChanges }) => {
        // Its server and its pages are loaded by no other command.
        const { serveConsole } = await import('./console.ts');
        await serveConsole(context, { port, allowChanges });
      }),
    )
    .command(
      'jobs',
      'Jobs and what became of them, newest first',
      (command) =>
        command
          .option('state', { choices: JOB_STATES, describe: 'Only these' })
          .option('type', { choices: FETCHED_JOB_TYPES, describe: 'Job type' })
          .option('since', { type: 'string', describe: 'Only jobs that changed since: 30m, 2h, 3d or a time' })
          .option('limit', { type: 'number', default: 20, describe: 'How many' })
          .option('follow', { type: 'boolean', default: false, describe: 'Goes on, and shows what changes' })
          .check(({ limit }) => isWhole(limit, 1) || '--limit is no whole number from 1; give one like 50.')
          .example('$0 jobs --state waiting', 'what has not come yet, and why')
          .example('$0 jobs --state failed --since 2h', 'what failed lately'),
      within(jobs),
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
          .option('follow', { type: 'boolean', default: false, describe: 'Goes on, and shows what comes' })
          .check(({ limit }) => isWhole(limit, 1) || '--limit is no whole number from 1; give one like 50.')
          .example('$0 deliveries --follow', 'what comes from now on')
          .example('$0 deliveries --type batch --limit 50', 'the last 50 of batches'),
      within(deliveries),
    )
    .command(
      'show <id>',
      "One job's life: received, on the bus, fetched, stored",
      (command) =>
        command
          .positional('id', { type: 'string', demandOption: true, describe: 'Job id or webhook id' })
          .example('$0 show batches/k2q9x7d4', 'a job')
          .example('$0 show msg_2KWPBgLlAfxdpx2AI54pPJ85f4W', 'the job that a webhook was about'),
      within((context, { id }) => showJob(context, id)),
    )
    .command(
      'logs <job>',
      'What all functions wrote about a job, in order',
      (command) =>
        command
          .positional('job', { type: 'string', demandOption: true, describe: 'Job id' })
          .option('since', { type: 'string', describe: '30m, 2h, 3d or a time; else since the job was submitted' })
          .example('$0 logs batches/k2q9x7d4', 'from the verifier to its fetcher'),
      within((context, { job, since }) =>
        logs(context, job, since === undefined ? undefined : parseSince(since, context.now)),
      ),
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
          .example('$0 redrive undelivered --rate 50 --yes', 'each to the queue that did not get it'),
      within(redrive),
    )
    .command(
      'replay',
      'Replays events of the archive; unordered, and safe to repeat',
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
      within(replay),
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
      'trigger <type>',
      'Puts a realistic event on the bus, under a source of its own, to try rules without Gemini',
      (command) =>
        command
          .positional('type', { type: 'string', demandOption: true, describe: `Event type: ${TRIGGERED.join(', ')}` })
          .option('set', {
            type: 'string',
            array: true,
            requiresArg: true,
            default: [] as string[],
            describe: 'path=value in the detail; a value is JSON, or text',
          })
          .example('$0 trigger output.stored', 'to a rule whose pattern has the source gemini.samples')
          .example('$0 trigger batch.succeeded --set userMetadata.team=search', ''),
      within((context, { type, set }) => trigger(context, type, set)),
    )
    .command(
      'forget <job>',
      'Deletes what is stored about a job, in all versions, and says what it cannot reach',
      (command) =>
        command
          .positional('job', { type: 'string', demandOption: true, describe: 'Job id' })
          .example('$0 forget batches/k2q9x7d4', ''),
      within((context, { job }) => forget(context, job)),
    )
    .command(
      'ping',
      'Has Gemini ping the webhook',
      (command) =>
        command
          .option('api-key-secret', {
            type: 'string',
            describe: "Name of the secret with the project's API key; else that of the project",
          })
          .example('$0 ping --project acme', ''),
      within((context, args) => ping(context, args.apiKeySecret)),
    )
    .command(
      'repair',
      'Sets the webhook at Gemini right, as it was deployed',
      (command) => command.example('$0 repair --project acme', ''),
      within(repair),
    )
    .command(
      'rotate <secret>',
      'Rotates a secret now',
      (command) =>
        command
          .positional('secret', { choices: ROTATED, demandOption: true })
          .option('revoke', {
            type: 'boolean',
            default: false,
            describe: 'Revokes the previous one at once, after a leak',
          })
          .example('$0 rotate signing-secret', 'the one before is accepted for a while')
          .example('$0 rotate dynamic-token --revoke', 'after a leak'),
      within((context, { secret, revoke }) => rotate(context, secret, { revoke })),
    )
    .command(
      'dynamic-url',
      'Prints the URL for dynamic webhooks; treat it like a password',
      (command) => command.example('$0 dynamic-url --project acme', ''),
      within(dynamicUrl),
    )
    .command(
      'quarantine <action> [id]',
      'Deliveries that did not verify: lists them, shows why, or verifies them once more',
      (command) =>
        command
          .positional('action', { choices: QUARANTINE_ACTIONS, demandOption: true })
          .positional('id', { type: 'string', describe: 'Which one to show' })
          .example('$0 quarantine show 5f2c', 'the form of its headers, and why it did not verify')
          .example('$0 quarantine reverify', ''),
      within((context, { action, id }) => quarantine(context, action, id)),
    )
    .completion('completion', 'Prints a script for completion in bash or zsh')
    .demandCommand(1, 'No command was given.')
    .strict()
    .recommendCommands()
    .wrap(width)
    .version(VERSION)
    .epilogue(
      'Exit codes: 0 done, 1 something is not as it should be, 2 not understood, 3 not reached. See docs/cli.md.',
    )
    .exitProcess(false)
    .fail((message, error) => {
      // Without a message it is a command that failed, and not what was asked for.
      throw message ? new UsageError(message) : error;
    });
  return program;
}
