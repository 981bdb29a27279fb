/**
 * `npm run fuzz [-- <runs>]`: 200,000 deliveries that somebody tampered with, and a twentieth as many key sets and connections.
 */
import { renderTable } from '../../cli/table.ts';
import { fuzz } from './fuzz.ts';
import { fuzzKeySets } from './key-sets.ts';
import { fuzzSockets } from './sockets.ts';

const runs = Number(process.argv[2] ?? 200_000);
const seed = Number(process.argv[3] ?? 20_261_124);
const startedAt = performance.now();
const report = await fuzz(runs, seed, (count) => process.stderr.write(`\r${count} of ${runs} …`));
const others = Math.ceil(runs / 20);
process.stderr.write(`\r\x1b[K${others} key sets …`);
await fuzzKeySets(others, seed);
process.stderr.write(`\r\x1b[K${others} connections …`);
const { reached, accepted } = await fuzzSockets(others, seed);
process.stderr.write('\r\x1b[K');

const statuses = [400, 401, 413, 200];
const rows = [...report.byMutation]
  .toSorted(([a], [b]) => a.localeCompare(b))
  .map(([name, counts]) => {
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return [name, String(total), ...statuses.map((status) => String(counts.get(status) ?? 0))];
  });
console.log(renderTable(['first mutation', 'deliveries', ...statuses.map(String)], rows));
const seconds = (performance.now() - startedAt) / 1000;
console.log(`
${report.runs} deliveries in ${seconds.toFixed(0)} s, seed ${seed}. Answered 200: ${report.accepted}, each of them still genuine by
standardwebhooks, node:crypto or jose (what was changed was not signed). None was a 500; no log line held a secret, a token, a
signature or a body.
${others} key sets with anything in them: the good key was found in each, and no other was used. ${others} connections: ${reached} requests
reached the verifier, and the ${accepted} that were published are genuine by the same three.`);
