/** `npm run bench -- [names]`: the benchmarks, one after the other; ends with 1 when a goal was missed. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { load } from './goal.ts';
import { missingBenchmarks } from './results.ts';

/** Those that others calculate with come first. */
const BENCHMARKS = [
  ...['first-delivery', 'store', 'recorder', 'verify', 'verifier', 'start-up', 'http', 'ledger', 'console'],
  ...['cost', 'scale', 'scale-local'],
];
const CALCULATED = ['cost', 'scale'];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !BENCHMARKS.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. Give some of ${BENCHMARKS.join(', ')}, or none for all.`);
  process.exit(2);
}
const asked = names.length > 0 ? names : BENCHMARKS;
const first = asked.some((name) => CALCULATED.includes(name)) ? missingBenchmarks() : [];
for (const name of new Set([...first, ...asked])) {
  console.log(`\n${name}. ${load()}\n`);
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
