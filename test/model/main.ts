/** `npm run model [-- --short]`: explores the models, prints how many runs that were, and fails when an invariant does. */
import { renderTable } from '../../cli/table.ts';
import { SHORT, WHOLE } from './models.ts';

const models = process.argv.includes('--short') ? SHORT : WHOLE;
const rows: string[][] = [];
for (const model of models) {
  const startedAt = performance.now();
  const { runs, failure } = await model.explore((count) => process.stderr.write(`\r${model.name}: ${count} runs …`));
  process.stderr.write('\r\x1b[K');
  rows.push([
    model.name,
    String(runs),
    ((performance.now() - startedAt) / 1000).toFixed(1),
    failure ? 'FAILS' : 'holds',
  ]);
  if (failure === undefined) continue;
  process.exitCode = 1;
  const message = failure.error instanceof Error ? failure.error.message : String(failure.error);
  console.error(`${model.name}: ${message}\n  in run ${runs}, choices ${failure.choices.join(' ')}`);
}
console.log(renderTable(['model', 'runs explored', 'seconds', 'invariants'], rows));
