/** What a job costs at the list prices of us-east-1, in US dollars, with the service times that the benchmarks measured. */
import type { ServiceTimes } from './service-times.ts';

/** Dollars for one, of the services' pricing pages as of 2026-11. */
export const PRICE = {
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
  /** Job resource, output, manifest. */
  objects: 3,
  eventKb: 1,
  logKbPerJob: 4,
  /** Of an invocation with one message. */
  recorderSeconds: 0.01,
} as const;

export interface Item {
  readonly part: 'receiving' | 'storing' | 'remembering';
  readonly name: string;
  readonly dollars: number;
}

export function lambda(seconds: number, memoryMiB: number, requests = 1): number {
  return requests * PRICE.lambdaRequest + seconds * (memoryMiB / 1024) * PRICE.lambdaGibSecondArm;
}

/**
 * For one job that sends one webhook and is stored.
 *
 * @param batch messages that one invocation of the recorder takes; 1 while little comes
 */
export function costOfJob({ verifier, fetcher, recorder }: ServiceTimes, batch: number): readonly Item[] {
  const records = 2;
  // An invocation waits for DynamoDB, however little it has to write.
  const recordSeconds = Math.max(recorder.seconds, ASSUMED.recorderSeconds / batch);
  const ofRecorder = lambda(records * recordSeconds, recorder.memoryMiB, records / batch);
  return [
    { part: 'receiving', name: 'HTTP API, 1 request', dollars: PRICE.httpApiRequest },
    { part: 'receiving', name: 'Lambda, verifier', dollars: lambda(verifier.seconds, verifier.memoryMiB) },
    { part: 'receiving', name: 'DynamoDB, 2 writes', dollars: 2 * PRICE.dynamodbWrite },
    {
      part: 'receiving',
      name: 'EventBridge, 2 events and their archive',
      dollars: 2 * PRICE.eventBridgeEvent + ((2 * ASSUMED.eventKb) / 1e6) * PRICE.archivedGb,
    },
    { part: 'receiving', name: 'SQS, 4 requests', dollars: 4 * PRICE.sqsRequest },
    { part: 'receiving', name: 'CloudWatch Logs', dollars: (ASSUMED.logKbPerJob / 1e6) * PRICE.logsGb },
    { part: 'storing', name: 'Lambda, fetcher', dollars: lambda(fetcher.seconds, fetcher.memoryMiB) },
    { part: 'storing', name: 'S3, 3 PUT and 1 GET', dollars: ASSUMED.objects * PRICE.s3Put + PRICE.s3Get },
    { part: 'remembering', name: 'Lambda, ledger', dollars: ofRecorder },
    { part: 'remembering', name: 'SQS, 2 messages', dollars: 2 * (1 + 2 / batch) * PRICE.sqsRequest },
    // Announced, begun, stored; and in the index put, changed, and taken from one state into another.
    { part: 'remembering', name: 'DynamoDB, 3 writes, and 4 of the index', dollars: 7 * PRICE.dynamodbWrite },
  ];
}

export const sum = (items: readonly Item[]) => items.reduce((total, { dollars }) => total + dollars, 0);
