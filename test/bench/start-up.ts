/**
 * `npm run bench -- start-up`: size of each deployed bundle, and the CPU time to import it in a fresh process, beside an empty
 * function, a plain bundle of the three AWS clients that the verifier needs, and one of all that it uses of others. Medians of
 * the processes, which take turns.
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
const GOAL = 1.05;
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const ENVIRONMENT = { AWS_REGION: 'us-east-1', POWERTOOLS_METRICS_NAMESPACE: 'bench' };
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
  const bundles = [empty(), plainClients(), libraries(), ...deployed()];
  const times = importTimes(bundles);
  const rows = bundles.map((bundle, index) => ({
    ...bundle,
    kb: statSync(bundle.file).size / 1000,
    ms: times[index] ?? Number.NaN,
  }));
  const plain = rows[1];
  const cells = rows.map(({ name, kb, ms }) => [
    name,
    kb.toFixed(0),
    (kb / (plain?.kb ?? 1)).toFixed(2),
    ms.toFixed(0),
    (ms / (plain?.ms ?? 1)).toFixed(2),
  ]);
  const verifier = rows.find(({ name }) => name === 'Verifier');
  const ratio = (verifier?.ms ?? Number.NaN) / (rows[2]?.ms ?? 1);
  console.log(renderTable(['function', 'kB', 'of plain clients', 'import CPU ms', 'of plain clients'], cells));
  console.log();
  judge(`the verifier: ${ratio.toFixed(2)} of the libraries that it uses, at most ${GOAL}`, ratio <= GOAL);
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
  const code = CLIENTS.map((name) => `export * from '@aws-sdk/${name}';`).join('\n');
  return { name: 'the three AWS clients, plain', file: build('clients', code, {}), environment: {} };
}

/** What the verifier imports of others, as it does, and the calls with which it warms up, without a line of its own. */
function libraries(): Bundle {
  const code = `
    import { DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
    import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
    import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
    import { Logger } from '@aws-lambda-powertools/logger';
    import { Metrics } from '@aws-lambda-powertools/metrics';
    import { createLocalJWKSet, errors, jwtVerify } from 'jose';
    import * as z from 'zod/mini';
    new Logger(), new Metrics();
    const secrets = new SecretsManagerClient();
    await Promise.allSettled([
      ...['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS', 'AWSCURRENT', 'AWSPREVIOUS'].map((VersionStage) =>
        secrets.send(new GetSecretValueCommand({ SecretId: 's', VersionStage }))),
      new DynamoDBClient().send(new GetItemCommand({ TableName: 't', Key: { id: { S: 'warm-up' } } })),
      new EventBridgeClient().send(new PutEventsCommand({ Entries: [] })),
    ]);
    export const used = [GetItemCommand, PutItemCommand, UpdateItemCommand, PutEventsCommand, GetSecretValueCommand];
    export const others = [createLocalJWKSet, errors, jwtVerify, z.object({ a: z.optional(z.string()) })];`;
  const alias = { '@aws-sdk/credential-provider-node': join(PROJECT, 'lambda/shared/environment-credentials.ts') };
  return { name: 'the libraries of the verifier', file: build('libraries', code, alias), environment: ENVIRONMENT };
}

function build(name: string, code: string, alias: Record<string, string>): string {
  const entry = join(PROJECT, '.local', `${name}.ts`);
  mkdirSync(join(PROJECT, '.local'), { recursive: true });
  writeFileSync(entry, code);
  const file = join(dir, `${name}.mjs`);
  buildSync({
    entryPoints: [entry],
    outfile: file,
    ...{ bundle: true, minify: true, format: 'esm', platform: 'node', target: 'node24', logLevel: 'error' },
    mainFields: ['module', 'main'],
    alias,
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  rmSync(entry);
  return file;
}

function deployed(): Bundle[] {
  const assembly = readAssembly(assemblyDir);
  const stack = readStack(assembly, { apiUrl: 'http://127.0.0.1', awsUrl: 'http://127.0.0.1' });
  return stack.all('AWS::Lambda::Function').map(({ id, properties }) => ({
    name: /(Verifier|BatchFetcher|InteractionFetcher|VideoFetcher)/.exec(id)?.[0] ?? id,
    file: join(assembly.assetDir(properties.Code.S3Key), 'index.mjs'),
    environment: { ...properties.Environment.Variables, ...ENVIRONMENT, NODE_OPTIONS: '' },
  }));
}

function importTimes(bundles: readonly Bundle[]): number[] {
  const times = bundles.map((): number[] => []);
  for (let round = 0; round < PROCESSES; round += 1) {
    for (const [index, bundle] of bundles.entries()) times[index]?.push(importTime(bundle));
  }
  return times.map((list) => list.toSorted((a, b) => a - b)[Math.floor(PROCESSES / 2)] ?? Number.NaN);
}

/** Milliseconds of CPU in a fresh process. Without credentials, so that nothing is called: see first-delivery.ts. */
function importTime({ file, environment }: Bundle): number {
  const script = `const start = process.cpuUsage(); await import(${JSON.stringify(pathToFileURL(file).href)}); const { user, system } = process.cpuUsage(start); console.error((user + system) / 1000); process.exit();`;
  const options = { encoding: 'utf8', env: { PATH: process.env['PATH'], ...environment } } as const;
  return Number(
    spawnSync(process.execPath, ['--input-type=module', '-e', script], options).stderr.trim().split('\n').at(-1),
  );
}
