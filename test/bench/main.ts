/** `npm run bench`: every benchmark, one after the other; ends with 1 when a goal was missed (docs/benchmarks.md says why). */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHMARKS = ['verify', 'verifier', 'start-up', 'first-delivery', 'fetch-memory', 'http', 'cost', 'ledger'];

for (const name of BENCHMARKS) {
  console.log(`\n${name}\n`);
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
