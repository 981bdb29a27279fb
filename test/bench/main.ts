/** `npm run bench -- [names]`: the benchmarks, one after the other; ends with 1 when a goal was missed. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHMARKS = ['verify', 'verifier', 'start-up', 'first-delivery', 'store', 'http', 'cost', 'ledger', 'console'];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !BENCHMARKS.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. Give some of ${BENCHMARKS.join(', ')}, or none for all.`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : BENCHMARKS) {
  console.log(`\n${name}\n`);
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
