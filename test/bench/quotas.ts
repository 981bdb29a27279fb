/** What a job passes through, with the quotas of AWS and Gemini, and the limits that the template sets itself. */
import { LEDGER_SHARDS } from '../../lambda/contract.ts';
import type { Stack } from '../../local/template/stack.ts';
import type { ServiceTimes } from './service-times.ts';
import { rate, type Station, servers } from './simulate.ts';

/**
 * Defaults of accounts, as of 2026-11.
 * - API Gateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 * - Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
 * - its pollers of SQS: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 * - DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
 * - S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
 */
const QUOTA = {
  httpApi: { perSecond: 10_000, burst: 5000 },
  lambdaStarts: { first: 1000, morePerSecond: 100 },
  pollers: { first: 5, morePerSecond: 5 },
  /** Of a new table; it grows to twice its last peak. */
  tableWrites: 4000,
  partitionWrites: 1000,
  /** Of keys with one prefix; S3 splits them as they grow. */
  s3Puts: 3500,
} as const;

/** PutEvents, and invocations of targets by rules. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
const EVENTBRIDGE: Readonly<Record<string, readonly [puts: number, invocations: number]>> = {
  ...{ 'us-east-1': [10_000, 18_750], 'us-west-2': [10_000, 18_750], 'eu-west-1': [10_000, 18_750] },
  ...{ 'us-east-2': [2400, 4500], 'eu-central-1': [2400, 4500] },
  ...{ 'us-west-1': [1200, 2250], 'eu-west-2': [1200, 2250], 'ap-northeast-1': [1200, 2250] },
  ...{ 'ap-southeast-1': [1200, 2250], 'ap-southeast-2': [1200, 2250] },
};
const OTHER_REGIONS = [600, 1100] as const;

export interface Account {
  readonly region: string;
  readonly concurrency: number;
  /** Assumed: Gemini publishes no limit of look-ups, and of what creates jobs only by model and tier. */
  readonly geminiPerMinute: number;
}

/** What an operator can turn. */
export interface Props {
  readonly projects: number;
  readonly throttleRate: number;
  readonly throttleBurst: number;
  readonly tableWrites: number;
  readonly fetchers: number;
  readonly recorders: number;
  /** How long the recorder waits for more messages, in seconds. */
  readonly window: number;
}

export function deployedProps(stack: Stack, jobType: 'Interaction' | 'Batch'): Props {
  const [stage] = stack.all('AWS::ApiGatewayV2::Stage');
  const { ThrottlingRateLimit = 0, ThrottlingBurstLimit = 0 } = stage?.properties.DefaultRouteSettings ?? {};
  const mappings = stack.all('AWS::Lambda::EventSourceMapping');
  const mappingOf = (part: string) => mappings.find(({ id }) => id.includes(part))?.properties;
  const concurrencyOf = (part: string) => mappingOf(part)?.ScalingConfig.MaximumConcurrency ?? Number.NaN;
  const [writes] = stack.all('AWS::DynamoDB::GlobalTable').flatMap(({ properties }) => {
    return (properties.WriteOnDemandThroughputSettings as { MaxWriteRequestUnits: number } | undefined) ?? [];
  });
  return {
    ...{ projects: 1, window: Number(mappingOf('Recorder')?.MaximumBatchingWindowInSeconds) },
    ...{ throttleRate: ThrottlingRateLimit, throttleBurst: ThrottlingBurstLimit },
    tableWrites: writes?.MaxWriteRequestUnits ?? Number.NaN,
    ...{ fetchers: concurrencyOf(`${jobType}Fetcher`), recorders: concurrencyOf('Recorder') },
  };
}

/** What a job passes until its outputs are stored, and then until the ledger knows both that it ended and that it is stored. */
export function stationsOf(props: Props, account: Account, times: ServiceTimes): readonly [Station[], Station[]] {
  const { projects, fetchers, recorders, throttleRate, throttleBurst } = props;
  const { verifier, fetcher, recorder } = times;
  const [puts, invocations] = EVENTBRIDGE[account.region] ?? OTHER_REGIONS;
  const refuses = true;
  const grows = 'grows by itself';
  // Each project's registered webhook has a route of its own.
  const route = { perSecond: projects * throttleRate, burst: projects * throttleBurst };
  const verifiers = { ...QUOTA.lambdaStarts, most: Math.max(1, account.concurrency - fetchers - recorders) };
  const tableWrites = Math.min(props.tableWrites, QUOTA.tableWrites);
  const putEvents = rate({ name: 'PutEvents', knob: 'quota of PutEvents', refuses, perSecond: puts, entries: 2 });
  const geminis = (projects * account.geminiPerMinute) / 60;
  // A key for each project, job type, state and shard.
  const indexWrites = projects * LEDGER_SHARDS * QUOTA.partitionWrites;
  return [
    [
      rate({ name: 'throttle of the routes', knob: 'throttleRate, throttleBurst', refuses, ...route }),
      rate({ name: 'HTTP API', knob: 'quota L-8A5B8E43', refuses, ...QUOTA.httpApi }),
      servers({ name: 'verifier', knob: 'concurrency of the account', refuses, ...verifier, ...verifiers }),
      // Claimed and completed.
      rate({ name: 'idempotency table', knob: grows, refuses, perSecond: tableWrites, units: 2 }),
      putEvents,
      // The ended job to queue, ledger and archive; the stored outputs to ledger and archive.
      rate({ name: 'rules', knob: 'quota of invocations', perSecond: invocations, units: 5 }),
      rate({ name: 'Gemini', knob: 'tier at Gemini, or projects', perSecond: geminis }),
      servers({ name: 'fetchers', knob: 'maxConcurrency', ...QUOTA.pollers, ...fetcher, most: fetchers }),
      rate({ name: 'S3', knob: grows, perSecond: QUOTA.s3Puts, units: 3 }),
      // A fetcher that is refused has its message again later.
      { ...putEvents, enter: (now) => putEvents.enter(now) ?? now + 5 },
    ],
    [
      { name: 'window', knob: '', carries: Infinity, enter: (now) => now + props.window },
      // Two messages.
      servers({
        ...{ name: 'recorder', knob: 'jobLedger.maxConcurrency', ...QUOTA.pollers, most: recorders },
        seconds: 2 * recorder.seconds,
      }),
      // Of both, and of the fetch that begins.
      rate({ name: 'ledger table', knob: grows, perSecond: QUOTA.tableWrites, units: 3 }),
      rate({ name: 'ledger index', knob: 'projects', perSecond: indexWrites, units: 3 }),
    ],
  ];
}
