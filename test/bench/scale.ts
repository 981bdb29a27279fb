/**
 * `npm run bench -- scale [--job batch] [--region eu-central-1] [--concurrency 10] [--gemini-rpm 10000]`: what a minute of 1 to 10,000 jobs a second would do to a
 * deployment, simulated with the quotas of quotas.ts and the service times that the other benchmarks measured here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTable } from '../../cli/table.ts';
import type { Stack } from '../../local/template/stack.ts';
import { costOfJob, sum } from './prices.ts';
import { deployedProps, type Props, stationsOf } from './quotas.ts';
import { needFigures } from './results.ts';
import { type ServiceTimes, serviceTimes } from './service-times.ts';
import { type Station, simulate } from './simulate.ts';
import { readTemplate } from './template.ts';

const RATES = [1, 10, 100, 1000, 10_000];
const FOR_SECONDS = 60;
const MOST_JOBS = 60_000;
/** Of what a station carries: above it queues grow long by chance alone. */
const LOAD = 0.75;
/** Of the recorder's messages. */
const BATCH = 100;
/** In one deployment. */
const MAX_PROJECTS = 8;

const { values } = parseArgs({
  options: {
    job: { type: 'string', default: 'interaction' },
    region: { type: 'string', default: 'us-east-1' },
    concurrency: { type: 'string', default: '1000' },
    'gemini-rpm': { type: 'string', default: '10000' },
  },
});
const job = values.job === 'batch' ? 'batch' : 'interaction';
const { region } = values;
const account = { region, concurrency: Number(values.concurrency), geminiPerMinute: Number(values['gemini-rpm']) };
const stack = await template();
const memoryOf = (part: string) =>
  stack.all('AWS::Lambda::Function').find(({ id }) => id.includes(part))?.properties.MemorySize ?? Number.NaN;
const memory = { verifier: memoryOf('Verifier'), fetcher: memoryOf('Fetcher'), recorder: memoryOf('Recorder') };
const times = serviceTimes(needFigures(), job, memory);
const deployed = deployedProps(stack, job === 'batch' ? 'Batch' : 'Interaction');

console.log(
  `${job}s in ${region}; ${account.concurrency} concurrent executions; ${account.geminiPerMinute} requests a`,
);
console.log(`minute of Gemini for each project. Service times in Lambda: ${describe(times)}.\n`);
const carried = scarcest(deployed).map(({ name, carries, knob }) => [name, rounded(carries), knob]);
console.log(renderTable(['by default', 'carries, jobs/s', 'raised by'], carried));
console.log(`\n${FOR_SECONDS} s of jobs, at most ${MOST_JOBS.toLocaleString('en')}, with the defaults:\n`);
print(() => deployed);
console.log('\nThe same with the props that the rate needs:\n');
print((perSecond) => raised(deployed, perSecond));

async function template(): Promise<Stack> {
  const dir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-scale-'));
  try {
    return (await readTemplate(dir)).stack;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function describe({ verifier, fetcher, recorder }: ServiceTimes): string {
  const ms = (seconds: number) => `${(seconds * 1000).toPrecision(3)} ms`;
  return `verifier ${ms(verifier.seconds)}, fetcher ${ms(fetcher.seconds)}, recorder ${ms(recorder.seconds)} a message`;
}

/** What carries least comes first. */
function scarcest(props: Props): readonly Station[] {
  return stationsOf(props, account, times)
    .flat()
    .toSorted((one, other) => one.carries - other.carries)
    .filter(({ name, carries }, index, all) => carries < Infinity && all[index - 1]?.name !== name);
}

function raised(props: Props, perSecond: number): Props {
  const atLeast = (value: number, needed: number) => Math.max(value, Math.ceil(needed / LOAD));
  const projects = Math.min(MAX_PROJECTS, atLeast(props.projects, (60 * perSecond) / account.geminiPerMinute));
  const throttleRate = atLeast(props.throttleRate, perSecond / projects);
  return {
    ...{ projects, window: props.window, throttleRate },
    throttleBurst: Math.max(props.throttleBurst, Math.min(5000, throttleRate)),
    tableWrites: atLeast(props.tableWrites, 2 * perSecond),
    // Half of the account is left to the verifier and to others.
    fetchers: Math.min(atLeast(props.fetchers, perSecond * times.fetcher.seconds), account.concurrency / 2),
    recorders: atLeast(props.recorders, 2 * perSecond * times.recorder.seconds),
  };
}

function print(propsOf: (perSecond: number) => Props): void {
  const rows = RATES.map((perSecond) => {
    const props = propsOf(perSecond);
    const { projects, throttleRate, fetchers, recorders, window } = props;
    const [first] = scarcest(props);
    const forSeconds = Math.min(FOR_SECONDS, MOST_JOBS / perSecond);
    const result = simulate(...stationsOf(props, account, times), perSecond, forSeconds);
    const { seconds, secondsAfter, refused, lost, end } = result;
    const at = (list: readonly number[], share: number) => duration(list[Math.floor(share * (list.length - 1))] ?? 0);
    const batch = Math.min(BATCH, Math.max(1, (2 * perSecond * window) / recorders));
    const dollars = sum(costOfJob(times, batch));
    return [
      perSecond.toLocaleString('en'),
      [projects, throttleRate, fetchers, recorders].join(', '),
      `${first?.name}: ${rounded(first?.carries ?? 0)}`,
      ...[at(seconds, 0.5), at(seconds, 0.99), duration(end), at(secondsAfter, 0.99), refused.toLocaleString('en')],
      ...[String(lost), (dollars * perSecond * 3600).toFixed(2), (dollars * 1000).toFixed(3)],
      first === undefined || first.carries >= perSecond ? '' : first.knob,
    ];
  });
  const set = 'projects, throttleRate, fetchers, recorders';
  const lag = ['half stored', '99 % stored', 'all done after', '99 % known to the ledger', 'refused', 'lost'];
  console.log(renderTable(['jobs/s', set, 'carries least', ...lag, '$ an hour', '$ per 1,000', 'raise'], rows));
}

function rounded(carries: number): string {
  return carries < 10 ? carries.toFixed(1) : Math.round(carries).toLocaleString('en');
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toPrecision(2)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
