/**
 * `npm run bench -- first-delivery`: CPU that the deployed verifier takes to start, for its first delivery and for later ones, each in
 * a process of its own, beside cheap ends in another, as a ratio to what importing three plain AWS clients takes here and now.
 * Medians of the processes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { renderTable } from '../../cli/table.ts';
import { ENV } from '../../lambda/contract.ts';
import { importTimes, plainClients } from './bundles.ts';
import { judge } from './goal.ts';
import { median } from './median.ts';
import { keepFigures } from './results.ts';
import { readTemplate } from './template.ts';

const PROCESSES = 11;
/** Of what importing the plain AWS clients takes: 20 ms where that takes 76. */
const GOAL = 0.26;

const LABELS = { start: 'start of the verifier', first: 'first delivery', later: 'a later one' } as const;

const dir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-first-'));
const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const ends = spawn(process.execPath, [fileOf('first-delivery-ends.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const [port] = (await once(ends.stdout, 'data')) as [Buffer];
  const { file, variables } = await verifier();
  const runs = Array.from({ length: PROCESSES }, () => measure(file, variables, Number(port)));
  const of = (name: keyof Run) => median(runs.map((run) => run[name]));
  const [clients = Number.NaN] = importTimes([plainClients(dir)], PROCESSES);
  const rows = [
    ['import of the three AWS clients, plain', clients],
    ...(['start', 'first', 'later'] as const).map((name) => [LABELS[name], of(name)] as const),
  ] as const;
  keepFigures({ verifierCpuMs: of('later') });
  const cells = rows.map(([name, ms]) => [name, ms.toFixed(1), (ms / clients).toFixed(2)]);
  console.log(renderTable(['', 'CPU ms', 'of plain clients'], cells));
  console.log();
  const ratio = (of('first') / clients).toFixed(2);
  judge(`the first delivery: ${ratio} of the plain clients' import, at most ${GOAL}`, Number(ratio) <= GOAL);
} finally {
  ends.kill();
  rmSync(dir, { recursive: true, force: true });
}

async function verifier() {
  const { assembly, stack } = await readTemplate(join(dir, 'cdk.out'));
  const found = stack.all('AWS::Lambda::Function').find(({ id }) => id.includes('Verifier'));
  if (found === undefined) throw new Error('The template has no verifier.');
  const { Code, Environment } = found.properties;
  return { file: join(assembly.assetDir(Code.S3Key), 'index.mjs'), variables: Environment.Variables };
}

interface Run {
  readonly start: number;
  readonly first: number;
  readonly later: number;
}

function measure(file: string, variables: Readonly<Record<string, string>>, port: number): Run {
  const env = {
    PATH: process.env['PATH'],
    ...variables,
    [ENV.projects]: '{"default":{"signingSecretId":"signing","dynamicTokenSecretId":"token"}}',
    ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  };
  const args = [fileOf('first-delivery-run.ts'), pathToFileURL(file).href];
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  return JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as Run;
}
