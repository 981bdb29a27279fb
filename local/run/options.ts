/** The command line of the local run: every fault at once, each with what to do. */
import { parseArgs } from 'node:util';
import { LocalRunError } from '../shared/local-run-error.ts';

export const USAGE = `npm start -- [options]

Runs the stack on this machine, from the template and the bundles that would be deployed.

  (no option)          submits jobs of every kind, shows how they are stored, and keeps serving
  --once               the same, and then ends: with 0 if every job stored, else with 1
  --rotate             rotates the signing secret and the dynamic token while webhooks arrive, shows what became of each
                       of them, and ends: with 0 if none was refused, else with 1
  --reconcile          loses webhooks, delays them, has Gemini disable the webhook, shows who announced the jobs, and
                       ends: with 0 if each stored and was announced once, else with 1
  --serve              serves without submitting anything
  --port <number>      of the webhook's URL (default 3000; 0 takes any that is free)
  --state-dir <dir>    for objects, logs, events and endpoints.json (default .local)
  --help               this text

  --assembly <dir>     runs what "cdk synth" wrote there, and synthesizes nothing

Another Gemini in the place of the simulator, all three together:
  --gemini-url <url>   its origin, e.g. https://generativelanguage.googleapis.com
  --jwks-url <url>     where its keys for dynamic webhooks are
  --api-key <key>      what fetchers look jobs up with
  --register           registers the webhook there, too, and deletes it at the end; it must reach 127.0.0.1

While it runs, <state-dir>/endpoints.json says where everything is, and
  npm run send -- <event type> <job id>   sends a signed webhook.
`;

export interface OtherGemini {
  readonly url: string;
  readonly jwksUrl: string;
  readonly apiKey: string;
}

export interface Options {
  readonly mode: 'demo' | 'once' | 'rotate' | 'reconcile' | 'serve' | 'help';
  readonly port: number;
  readonly stateDir: string;
  /** Undefined synthesizes. */
  readonly assemblyDir: string | undefined;
  /** Undefined for the simulator. */
  readonly gemini: OtherGemini | undefined;
  /** Whether the webhook is registered at another Gemini as well. */
  readonly register: boolean;
}

const OPTIONS = {
  once: { type: 'boolean' },
  rotate: { type: 'boolean' },
  reconcile: { type: 'boolean' },
  serve: { type: 'boolean' },
  port: { type: 'string' },
  'state-dir': { type: 'string' },
  assembly: { type: 'string' },
  'gemini-url': { type: 'string' },
  'jwks-url': { type: 'string' },
  'api-key': { type: 'string' },
  register: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** @throws LocalRunError with every fault */
export function parseOptions(args: readonly string[]): Options {
  const { values, faults } = parse(args);
  const { serve = false, port = '3000', help = false } = values;
  const ending = (['once', 'rotate', 'reconcile'] as const).filter((mode) => values[mode]);
  const others = [values['gemini-url'], values['jwks-url'], values['api-key']];
  const given = others.filter((value) => value !== undefined).length;

  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    faults.push(`--port is "${port}"; give a number from 0 to 65535`);
  if (values['state-dir'] === '') faults.push('--state-dir is empty; give a folder, or leave it out for .local');
  if (ending.length + Number(serve) > 1)
    faults.push('--once, --rotate, --reconcile and --serve exclude each other; give one of them');
  if (ending.length > 0 && given > 0)
    faults.push(`--${ending[0]} needs the simulator; use --serve with another Gemini`);
  if (values.assembly === '') faults.push('--assembly is empty; give the folder that cdk synth wrote');
  if (values.register && given === 0)
    faults.push('--register is about another Gemini; give --gemini-url, --jwks-url and --api-key, or leave it out');
  if (given > 0 && given < 3) faults.push('--gemini-url, --jwks-url and --api-key belong together; give all three');
  for (const name of ['gemini-url', 'jwks-url'] as const) {
    const url = values[name];
    if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
      faults.push(`--${name} is "${url}"; give an http or https URL`);
    }
  }
  if (values['api-key'] === '')
    faults.push('--api-key is empty; give the key, or any text to a stand-in that takes none');
  if (faults.length > 0 && !help) throw fault(faults);

  const [url = '', jwksUrl = '', apiKey = ''] = others;
  const isServing = serve || given > 0;
  return {
    mode: help ? 'help' : (ending[0] ?? (isServing ? 'serve' : 'demo')),
    port: Number(port),
    stateDir: values['state-dir'] ?? '.local',
    assemblyDir: values.assembly,
    gemini: given > 0 ? { url, jwksUrl, apiKey } : undefined,
    register: values.register ?? false,
  };
}

/** The strict parser stops at the first argument that it does not know; here they are listed with the rest. */
function parse(args: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const faults: string[] = [];
  const unknown = new Set<number>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'option' && Object.hasOwn(OPTIONS, token.name)) continue;
    unknown.add(token.index);
    faults.push(
      token.kind === 'option'
        ? `Unknown option '${token.rawName}'`
        : `Unexpected argument '${token.value}'; leave it out`,
    );
  }
  try {
    const { values } = parseArgs({ args: args.filter((_, index) => !unknown.has(index)), options: OPTIONS });
    return { values, faults };
  } catch (error) {
    throw fault([...faults, error instanceof Error ? error.message : String(error)]);
  }
}

function fault(faults: readonly string[]): LocalRunError {
  return new LocalRunError(`${faults.map((text) => `- ${text}`).join('\n')}\nSee npm start -- --help`);
}
