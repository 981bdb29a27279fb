/** Records a second that one invocation of the job ledger writes at 6 ms of DynamoDB, on one core; median of three processes. */
import { renderTable } from '../../cli/table.ts';
import { measure, startEnd } from './ends/start.ts';
import { isBusy, judge } from './goal.ts';
import { median } from './median.ts';
import type { Recorded } from './recorder-function.ts';
import { keepFigures } from './results.ts';

const RUNS = 3;
const DYNAMODB_MS = 6;
const GOAL = 700;

const end = await startEnd('aws', { dynamoDbMs: DYNAMODB_MS });
const env = {
  ...{ AWS_ENDPOINT_URL: end.url, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
  ...{ LEDGER_TABLE_NAME: 'ledger', POWERTOOLS_METRICS_NAMESPACE: 'Bench', NODE_OPTIONS: '' },
};
const runs: Recorded[] = [];
for (let run = 0; run < RUNS; run += 1) {
  runs.push(await measure<Recorded>(new URL('recorder-function.ts', import.meta.url), [], env));
}
end.close();
const recordMs = median(runs.map(({ wallMs }) => wallMs));
const recordCpuMs = median(runs.map(({ cpuMs }) => cpuMs));
keepFigures({ recordMs, recordCpuMs });

const oneAfterTheOther = 1000 / DYNAMODB_MS;
const perSecond = 1000 / recordMs;
/** What DynamoDB takes is shared by a hundred; the rest is CPU. */
const ofCpu = 1000 / recordCpuMs;
const rows = [
  ['one after the other, DynamoDB alone', oneAfterTheOther.toFixed(0), ''],
  ['100 messages of 100 jobs at a time', perSecond.toFixed(0), recordCpuMs.toFixed(2)],
];
console.log(renderTable(['recorded', 'a second', 'CPU ms each'], rows));
console.log();
const goal = `the recorder: ${perSecond.toFixed(0)} records a second at ${DYNAMODB_MS} ms, ${ofCpu.toFixed(0)} for each second of CPU`;
judge(
  `${goal}; ${isBusy() ? 'the second counts' : 'the first counts'}, at least ${GOAL}`,
  (isBusy() ? ofCpu : perSecond) >= GOAL,
);
