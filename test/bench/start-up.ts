/**
 * `npm run bench:start-up`: size of each deployed bundle, and the time to import it in a fresh process, beside an empty
 * function and a plain bundle of the three AWS clients that the verifier needs. Medians of the processes.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { renderTable } from '../../cli/table.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { readAssembly } from '../../local/template/assembly.ts';
import { readStack } from '../../local/template/stack.ts';
import { judge } from './goal.ts';

const PROCESSES = 21;
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CLIENTS = ['client-dynamodb', 'client-eventbridge', 'client-secrets-manager'];

interface Bundle {
  readonly name: string;
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
}

const dir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-start-up-'));
const assemblyDir = join(dir, 'cdk.out');
try {
  await synthesize(assemblyDir);
  const bundles = [empty(), plainClients(), ...deployed()];
  const rows = bundles.map((bundle) => ({ ...bundle, kb: statSync(bundle.file).size / 1000, ms: importTime(bundle) }));
  const plain = rows[1];
  const cells = rows.map(({ name, kb, ms }) => [
    name,
    kb.toFixed(0),
    (kb / (plain?.kb ?? 1)).toFixed(2),
    ms.toFixed(0),
    (ms / (plain?.ms ?? 1)).toFixed(2),
  ]);
  const verifier = rows.find(({ name }) => name === 'Verifier');
  const size = (verifier?.kb ?? Number.NaN) / (plain?.kb ?? 1);
  console.log(renderTable(['function', 'kB', 'of plain clients', 'import ms', 'of plain clients'], cells));
  console.log();
  judge(`the verifier: ${size.toFixed(2)} of the plain clients, at most 0.33`, size <= 0.33);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function empty(): Bundle {
  const file = join(dir, 'empty.mjs');
  writeFileSync(file, 'export const handler = async () => {};\n');
  return { name: 'an empty function', file, environment: {} };
}

/** With the options of lib/node-function.ts, and nothing trimmed. */
function plainClients(): Bundle {
  const entry = join(PROJECT, '.local', 'plain-clients.ts');
  mkdirSync(join(PROJECT, '.local'), { recursive: true });
  writeFileSync(entry, CLIENTS.map((name) => `export * from '@aws-sdk/${name}';`).join('\n'));
  const file = join(dir, 'clients.mjs');
  buildSync({
    entryPoints: [entry],
    outfile: file,
    ...{ bundle: true, minify: true, format: 'esm', platform: 'node', target: 'node24', logLevel: 'error' },
    mainFields: ['module', 'main'],
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  rmSync(entry);
  return { name: 'the three AWS clients, plain', file, environment: {} };
}

function deployed(): Bundle[] {
  const assembly = readAssembly(assemblyDir);
  const stack = readStack(assembly, { apiUrl: 'http://127.0.0.1', awsUrl: 'http://127.0.0.1' });
  return stack.all('AWS::Lambda::Function').map(({ id, properties }) => ({
    name: /(Verifier|BatchFetcher|InteractionFetcher|VideoFetcher)/.exec(id)?.[0] ?? id,
    file: join(assembly.assetDir(properties.Code.S3Key), 'index.mjs'),
    environment: { ...properties.Environment.Variables, AWS_REGION: 'us-east-1' },
  }));
}

function importTime({ file, environment }: Bundle): number {
  const script = `const start = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(performance.now() - start); process.exit();`;
  const times = Array.from({ length: PROCESSES }, () => {
    const options = { encoding: 'utf8', env: { PATH: process.env['PATH'], ...environment } } as const;
    return Number(spawnSync(process.execPath, ['--input-type=module', '-e', script], options).stdout);
  });
  return times.toSorted((a, b) => a - b)[Math.floor(PROCESSES / 2)] ?? Number.NaN;
}
