/**
 * `npm run bench -- cost`: list prices of us-east-1 in US dollars, for a million webhooks and for a thousand jobs, beside
 * polling every 30 seconds for the same jobs. What is assumed of a job is named; change it and run again.
 */
import { renderTable } from '../../cli/table.ts';

/** Dollars for one. Projects: the services' pricing pages, as of 2026-11. */
const PRICE = {
  httpApiRequest: 1.0 / 1e6,
  lambdaRequest: 0.2 / 1e6,
  lambdaGibSecondArm: 0.0000133334,
  dynamodbWrite: 0.625 / 1e6,
  eventBridgeEvent: 1.0 / 1e6,
  archivedGb: 0.1,
  sqsRequest: 0.4 / 1e6,
  logsGb: 0.5,
  s3Put: 5.0 / 1e6,
  s3Get: 0.4 / 1e6,
} as const;

const ASSUMED = {
  verifierSeconds: 0.05,
  verifierGib: 0.5,
  fetcherSeconds: 1,
  fetcherGib: 1,
  recorderSeconds: 0.02,
  recorderGib: 0.25,
  /** Job resource, output, manifest. */
  objects: 3,
  eventKb: 1,
  logKbPerJob: 4,
  /** A Lambda that polls: one call of Gemini for each job that is under way. */
  pollSeconds: 0.3,
  pollGib: 0.25,
  pollEverySeconds: 30,
} as const;

interface Item {
  readonly part: 'receiving' | 'storing' | 'remembering';
  readonly name: string;
  readonly dollars: number;
}

/** For one job that sends one webhook and lands. */
const ITEMS: readonly Item[] = [
  { part: 'receiving', name: 'HTTP API, 1 request', dollars: PRICE.httpApiRequest },
  {
    part: 'receiving',
    name: 'Lambda, verifier',
    dollars: PRICE.lambdaRequest + ASSUMED.verifierSeconds * ASSUMED.verifierGib * PRICE.lambdaGibSecondArm,
  },
  { part: 'receiving', name: 'DynamoDB, 2 writes', dollars: 2 * PRICE.dynamodbWrite },
  {
    part: 'receiving',
    name: 'EventBridge, 2 events and their archive',
    dollars: 2 * PRICE.eventBridgeEvent + ((2 * ASSUMED.eventKb) / 1e6) * PRICE.archivedGb,
  },
  { part: 'receiving', name: 'SQS, 3 requests', dollars: 3 * PRICE.sqsRequest },
  { part: 'receiving', name: 'CloudWatch Logs', dollars: (ASSUMED.logKbPerJob / 1e6) * PRICE.logsGb },
  {
    part: 'storing',
    name: 'Lambda, fetcher',
    dollars: PRICE.lambdaRequest + ASSUMED.fetcherSeconds * ASSUMED.fetcherGib * PRICE.lambdaGibSecondArm,
  },
  { part: 'storing', name: 'S3, 3 PUT and 1 GET', dollars: ASSUMED.objects * PRICE.s3Put + PRICE.s3Get },
  // The job ledger hears of both events of a job.
  {
    part: 'remembering',
    name: 'Lambda, ledger, 2 runs',
    dollars: 2 * (PRICE.lambdaRequest + ASSUMED.recorderSeconds * ASSUMED.recorderGib * PRICE.lambdaGibSecondArm),
  },
  { part: 'remembering', name: 'SQS, 6 requests', dollars: 6 * PRICE.sqsRequest },
  { part: 'remembering', name: 'DynamoDB, 2 writes, each with its index', dollars: 4 * PRICE.dynamodbWrite },
];

const sum = (items: readonly Item[]) => items.reduce((total, { dollars }) => total + dollars, 0);
const row = (name: string, dollars: number) => [name, (dollars * 1e6).toFixed(2), (dollars * 1000).toFixed(4)];
const partOf = (part: Item['part']) => ITEMS.filter((item) => item.part === part);

const pollingFor = (minutes: number) => {
  const polls = (minutes * 60) / ASSUMED.pollEverySeconds;
  return polls * (PRICE.lambdaRequest + ASSUMED.pollSeconds * ASSUMED.pollGib * PRICE.lambdaGibSecondArm);
};

console.log(
  renderTable(
    ['', '$ per million webhooks', '$ per 1,000 jobs'],
    [
      ...ITEMS.map(({ name, dollars }) => row(name, dollars)),
      row('receiving', sum(partOf('receiving'))),
      row('storing', sum(partOf('storing'))),
      row('remembering', sum(partOf('remembering'))),
      row('all', sum(ITEMS)),
      row('instead: polling a job of 10 minutes', pollingFor(10)),
      row('instead: polling a batch of 24 hours', pollingFor(24 * 60)),
    ],
  ),
);
