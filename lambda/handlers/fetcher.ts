/** What the three fetchers have in common: composes the ports from the environment and works off queue messages. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import {
  dynamoDbClient,
  eventBridgeClient,
  s3Client,
  secretsManagerClient,
  sqsClient,
} from '../adapters/aws-clients.ts';
import { DynamoDbFetchLedger } from '../adapters/dynamodb-fetch-ledger.ts';
import { EnvironmentReader } from '../adapters/environment.ts';
import { EventBridgePublisher } from '../adapters/eventbridge-publisher.ts';
import { createApiKeySource, GeminiApi } from '../adapters/gemini-api.ts';
import { S3OutputStore } from '../adapters/s3-output-store.ts';
import { SecretReader } from '../adapters/secrets-manager.ts';
import { SqsJobQueue, toQueuedJob } from '../adapters/sqs-job-queue.ts';
import { createTelemetry } from '../adapters/telemetry.ts';
import { handleMessage } from '../app/handle-message.ts';
import type { JobKind } from '../app/job-kind.ts';
import { ENV, GEMINI_URL } from '../contract.ts';
import { TransientError } from '../domain/errors.ts';

/** Time to abort uploads and to put the message back before Lambda ends the process. */
const RESERVE_MS = 15_000;
const GEMINI_STALL_MS = 60_000;

export function createFetcher(kind: JobKind): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const env = new EnvironmentReader(process.env);
  const config = {
    eventBusName: env.required(ENV.eventBusName),
    bucketName: env.required(ENV.bucketName),
    sources: env.sources(ENV.sources, z.object({ apiKeySecretId: z.string() })),
    maxOutputBytes: env.integer(ENV.maxOutputBytes, { min: 1, max: 78 * 1024 ** 3 }),
    queueUrl: env.required(ENV.queueUrl),
    ledgerTableName: env.required(ENV.ledgerTableName),
    jobRetentionSeconds: env.integer(ENV.jobRetentionSeconds, { min: 3600, max: 55 * 24 * 3600 }),
    maxReceiveCount: env.integer(ENV.maxReceiveCount, { min: 1, max: 1000 }),
    geminiUrl: env.url(ENV.geminiUrl, GEMINI_URL),
  };
  env.check();

  const clock = () => new Date();
  const { log, metrics, flush } = createTelemetry(`fetch-${kind.jobType}`);
  const secrets = new SecretReader(secretsManagerClient());
  const geminis = new Map(
    Object.entries(config.sources).map(([source, { apiKeySecretId }]) => {
      const apiKey = createApiKeySource(secrets, apiKeySecretId, clock);
      return [source, new GeminiApi({ baseUrl: config.geminiUrl, apiKey, fetch, clock, stallMs: GEMINI_STALL_MS })];
    }),
  );
  const queue = new SqsJobQueue(sqsClient(), config.queueUrl);
  const ports = {
    geminiOf(source: string) {
      const gemini = geminis.get(source);
      if (gemini !== undefined) return gemini;
      throw new TransientError('ERR_SOURCE_UNKNOWN', `The source ${source} is not configured; deploy with it again`);
    },
    store: new S3OutputStore(s3Client(), config.bucketName),
    ledger: new DynamoDbFetchLedger({ client: dynamoDbClient(), tableName: config.ledgerTableName, clock }),
    retentionMs: config.jobRetentionSeconds * 1000,
    publisher: new EventBridgePublisher(eventBridgeClient(), config.eventBusName),
    ...{ clock, log, metrics, wait: (milliseconds: number) => wait(milliseconds) },
    maxOutputBytes: config.maxOutputBytes,
    maxReceiveCount: config.maxReceiveCount,
  };

  return async (event, context) => {
    const deadline = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MS));
    const batchItemFailures: { itemIdentifier: string }[] = [];
    try {
      for (const record of event.Records) {
        const release = queue.hold(record);
        const result = await handleMessage(ports, kind, toQueuedJob(record, kind.jobType), deadline).finally(release);
        if (result.outcome === 'done') continue;
        await queue.delay(record, result.delaySeconds);
        batchItemFailures.push({ itemIdentifier: record.messageId });
      }
      return { batchItemFailures };
    } finally {
      flush();
    }
  };
}
