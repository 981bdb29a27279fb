/** Bundles as functions have them, and what their import costs in a fresh process. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';
import { BUNDLE_OPTIONS } from '../../lib/bundle.ts';
import { median } from './median.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CLIENTS = ['client-dynamodb', 'client-eventbridge', 'client-secrets-manager'];

export interface Bundle {
  readonly name: string;
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The AWS clients that the verifier needs, with the options of the functions' bundles and nothing trimmed. */
export function plainClients(dir: string, others = ''): Bundle {
  const code = [others, ...CLIENTS.map((name) => `export * as ${name.replaceAll('-', '')} from '@aws-sdk/${name}';`)];
  const file = build(dir, `clients-${others.length}`, code.join('\n'), { alias: {} });
  return { name: 'the three AWS clients, plain', file, environment: {} };
}

export function build(dir: string, name: string, code: string, options: BuildOptions = {}): string {
  const entry = join(PROJECT, '.local', `${name}.ts`);
  mkdirSync(join(PROJECT, '.local'), { recursive: true });
  writeFileSync(entry, code);
  const outfile = join(dir, `${name}.mjs`);
  buildSync({ ...BUNDLE_OPTIONS, ...options, entryPoints: [entry], outfile });
  rmSync(entry);
  return outfile;
}

/** Medians of the CPU milliseconds of that many processes for each, which take turns. */
export function importTimes(bundles: readonly Bundle[], processes: number): number[] {
  const times = bundles.map((): number[] => []);
  for (let round = 0; round < processes; round += 1) {
    for (const [index, bundle] of bundles.entries()) times[index]?.push(importTime(bundle));
  }
  return times.map(median);
}

/** Milliseconds of CPU in a fresh process. Without credentials, so that nothing is called: see first-delivery.ts. */
function importTime({ file, environment }: Bundle): number {
  const script = `const start = process.cpuUsage(); await import(${JSON.stringify(pathToFileURL(file).href)}); const { user, system } = process.cpuUsage(start); console.error((user + system) / 1000); process.exit();`;
  const options = { encoding: 'utf8', env: { PATH: process.env['PATH'], ...environment } } as const;
  return Number(
    spawnSync(process.execPath, ['--input-type=module', '-e', script], options).stderr.trim().split('\n').at(-1),
  );
}
