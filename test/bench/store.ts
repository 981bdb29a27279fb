/**
 * How outputs get into S3: `npm run bench -- store`, or `node test/bench/store.ts [--large] [--runs 3] [--only core]`.
 *
 * The function runs on one core, Gemini and AWS in processes of their own on another. Everything is a ratio to something
 * named, of medians of runs made in turns; a busy machine shows in the load, and least in CPU seconds.
 */
import { parseArgs } from 'node:util';
import { renderTable } from '../../cli/table.ts';
import type { AwsEndOptions } from './ends/aws.ts';
import type { GeminiEndOptions } from './ends/gemini.ts';
import { measure, startEnd } from './ends/start.ts';
import { isBusy, judge } from './goal.ts';
import type { JsonRate } from './json.ts';
import { median } from './median.ts';
import { keepFigures } from './results.ts';
import type { Measured } from './store-function.ts';

const { values } = parseArgs({
  options: {
    large: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true, default: ['core', 'connection', 'memory', 'interaction', 'json'] },
  },
});
const RUNS = Number(values.runs);
const GOAL_INTERACTION_MS = 240;
const FUNCTION = new URL('store-function.ts', import.meta.url);

type Variant = readonly [what: 'bare' | 'product', job: string];

/** Each variant in its turn, so that what else the machine does is the same for all. */
async function medians(
  variants: readonly Variant[],
  gemini: GeminiEndOptions = {},
  aws: AwsEndOptions = {},
): Promise<Measured[]> {
  const ends = await Promise.all([startEnd('gemini', gemini), startEnd('aws', aws)]);
  const env = environment(ends[0].url, ends[1].url);
  const results: Measured[][] = variants.map(() => []);
  for (let run = 0; run < RUNS; run += 1) {
    for (const [index, variant] of variants.entries()) {
      results[index]?.push(await measure<Measured>(FUNCTION, variant, env));
    }
  }
  for (const end of ends) end.close();
  return results.map((runs) => ({
    wallMs: median(runs.map(({ wallMs }) => wallMs)),
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
    peakMiB: median(runs.map(({ peakMiB }) => peakMiB)),
  }));
}

function environment(geminiUrl: string, awsUrl: string): Record<string, string> {
  return {
    ...{ GEMINI_URL: geminiUrl, AWS_ENDPOINT_URL: awsUrl, AWS_REGION: 'us-east-1', NODE_OPTIONS: '' },
    ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', POWERTOOLS_METRICS_NAMESPACE: 'Bench' },
    ...{ EVENT_BUS_NAME: 'bus', BUCKET_NAME: 'bucket', LEDGER_TABLE_NAME: 'ledger', QUEUE_URL: `${awsUrl}/1/queue` },
    ...{ PROJECTS: '{"default":{"apiKeySecretId":"key"}}', MAX_OUTPUT_BYTES: String(20 * 1024 ** 3) },
    ...{ MAX_RECEIVE_COUNT: '30', JOB_RETENTION_SECONDS: '172800' },
  };
}

const rows: string[][] = [];
function row(name: string, { wallMs, cpuMs, peakMiB }: Measured, mib: number): void {
  const perGib = mib > 0 ? ((cpuMs / mib) * 1.024).toFixed(1) : '';
  rows.push([name, (wallMs / 1000).toFixed(2), (cpuMs / 1000).toFixed(2), perGib, peakMiB.toFixed(0)]);
}

const goals: [goal: string, isMet: boolean][] = [];
const ratio = (one: number, other: number) => (one / other).toFixed(2);

async function oneCore(): Promise<void> {
  const job = 'batches/file-1024';
  const [bare, product] = await medians([
    ['bare', job],
    ['product', job],
  ]);
  if (bare === undefined || product === undefined) return;
  row('1 GiB, bare pipe', bare, 1024);
  row('1 GiB, product', product, 1024);
  const [wall, cpu] = [ratio(product.wallMs, bare.wallMs), ratio(product.cpuMs, bare.cpuMs)];
  // What takes all of a core takes its CPU seconds of wall, but where the machine has more to do than cores.
  const judged = isBusy() ? cpu : wall;
  goals.push([
    `one core: ${wall} of the bare pipe's wall, ${cpu} of its CPU seconds; ${judged} counts, at most 1.25`,
    Number(judged) <= 1.25,
  ]);
}

async function oneConnection(): Promise<void> {
  const job = 'batches/file-512';
  const limited = { bytesPerSecond: 30_000_000, latencyMs: 20 };
  const [bare, product] = await medians(
    [
      ['bare', job],
      ['product', job],
    ],
    limited,
  );
  if (bare === undefined || product === undefined) return;
  row('512 MiB at 30 MB/s a connection, single stream', bare, 512);
  row('512 MiB at 30 MB/s a connection, product', product, 512);
  const gain = ratio(bare.wallMs, product.wallMs);
  goals.push([`where a connection is the limit: ${gain} times a single stream, at least 3.5`, Number(gain) >= 3.5]);
}

async function memory(): Promise<void> {
  const sizes = [64, 1024, ...(values.large ? [4096] : [])];
  const results = await medians(sizes.map((mib) => ['product', `batches/file-${mib}`]));
  const smallest = results[0]?.peakMiB ?? Number.NaN;
  if (results[0] !== undefined) keepFigures({ batchMs: results[0].wallMs, batchCpuMs: results[0].cpuMs });
  for (const [index, mib] of sizes.entries()) {
    const result = results[index];
    if (result === undefined) continue;
    row(`${mib} MiB, product`, result, mib);
    const peak = ratio(result.peakMiB, smallest);
    goals.push([`memory of ${mib} MiB: ${peak} of that of 64 MiB, at most 1.2`, Number(peak) <= 1.2]);
  }
}

async function interaction(): Promise<void> {
  const job = 'interactions/report-20000';
  const [product] = await medians([['product', job]], { latencyMs: 80 }, { s3Ms: 25, dynamoDbMs: 6 });
  if (product === undefined) return;
  keepFigures({ interactionMs: product.wallMs, interactionCpuMs: product.cpuMs });
  row('interaction of 20 kB at 80/25/6 ms, product', product, 0);
  const { wallMs } = product;
  goals.push([`interaction: ${wallMs.toFixed(0)} ms, at most ${GOAL_INTERACTION_MS}`, wallMs <= GOAL_INTERACTION_MS]);
}

async function json(): Promise<void> {
  const runs: JsonRate[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    runs.push(await measure<JsonRate>(new URL('json.ts', import.meta.url), [], { NODE_OPTIONS: '' }));
  }
  for (const name of Object.keys(runs[0] ?? {})) {
    const rate = median(runs.map((rates) => rates[name] ?? 0)).toFixed(0);
    goals.push([
      `inline JSON, ${name}: ${rate} MB for each second of CPU, planned and stored, at least 130`,
      Number(rate) >= 130,
    ]);
  }
}

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  ...{ core: oneCore, connection: oneConnection, memory, interaction, json },
};
for (const name of values.only) await PARTS[name]?.();
console.log(renderTable(['stored', 'wall s', 'CPU s', 'CPU s a GiB', 'peak MiB'], rows));
console.log(`\nMedians of ${RUNS}.\n`);
for (const [goal, isMet] of goals) judge(goal, isMet);
