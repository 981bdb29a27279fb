/** One cold start: imports the bundle that is named, and hands it deliveries. Writes milliseconds of CPU to stderr. */

import { signedHeaders } from '../fakes/signed.ts';
import { median } from './median.ts';

const DELIVERIES = 30;
const [, , bundle = ''] = process.argv;

async function cpuOf<Result>(run: () => Promise<Result>): Promise<{ readonly ms: number; readonly result: Result }> {
  const start = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(start);
  return { ms: (user + system) / 1000, result };
}

function eventOf(index: number): object {
  const id = `msg_${index}`;
  const body = JSON.stringify({ type: 'batch.succeeded', data: { id: `batches/${index}` } });
  const headers = signedHeaders(`whsec_${btoa('k'.repeat(32))}`, id, body);
  return { routeKey: 'POST /webhooks/gemini', headers, body, isBase64Encoded: false };
}

const { ms: start, result: module } = await cpuOf(() => import(bundle));
const times: number[] = [];
for (let index = 0; index < DELIVERIES; index += 1) {
  const { ms, result } = await cpuOf(() => module.handler(eventOf(index)));
  if ((result as { statusCode: number }).statusCode !== 200) throw new Error('A delivery was not accepted');
  times.push(ms);
}
console.error(JSON.stringify({ start, first: times[0], later: median(times.slice(DELIVERIES / 3)) }));
process.exit();
