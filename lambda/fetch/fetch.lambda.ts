/** The fetcher of the job type that its environment names: works off the messages of its queue. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { ENV, GEMINI_URL } from '../contract.ts';
import { EventBridgePublisher } from '../events/bus.client.ts';
import { GeminiApi } from '../gemini/api.ts';
import { createApiKeySource } from '../gemini/api-key.ts';
import { jobKindOf } from '../gemini/jobs/index.ts';
import { DynamoDbFetchLedger } from '../ledger/attempts.client.ts';
import { dynamoDbClient, eventBridgeClient, s3Client, secretsManagerClient, sqsClient } from '../shared/aws.client.ts';
import { EnvironmentReader } from '../shared/environment.ts';
import { TransientError } from '../shared/errors.ts';
import { SecretReader } from '../shared/secrets.client.ts';
import { createTelemetry } from '../shared/telemetry.ts';
import { handleMessage } from './handle-message.ts';
import { S3OutputStore } from './output-store.client.ts';
import { SqsJobQueue, toQueuedJob } from './queue.client.ts';

/** Time to abort uploads and to put the message back before Lambda ends the process. */
const RESERVE_MS = 15_000;
const GEMINI_STALL_MS = 60_000;

const env = new EnvironmentReader(process.env);
const config = {
  jobType: env.required(ENV.jobType),
  eventBusName: env.required(ENV.eventBusName),
  bucketName: env.required(ENV.bucketName),
  projects: env.projects(ENV.projects, z.object({ apiKeySecretId: z.string() })),
  maxOutputBytes: env.integer(ENV.maxOutputBytes, { min: 1, max: 78 * 1024 ** 3 }),
  queueUrl: env.required(ENV.queueUrl),
  ledgerTableName: env.required(ENV.ledgerTableName),
  jobRetentionSeconds: env.integer(ENV.jobRetentionSeconds, { min: 3600, max: 55 * 24 * 3600 }),
  maxReceiveCount: env.integer(ENV.maxReceiveCount, { min: 1, max: 1000 }),
  geminiUrl: env.url(ENV.geminiUrl, GEMINI_URL),
};
env.check();
const kind = jobKindOf(config.jobType);

const clock = () => new Date();
const { log, metrics, flush } = createTelemetry('fetch');
const secrets = new SecretReader(secretsManagerClient());
const geminis = new Map(
  Object.entries(config.projects).map(([project, { apiKeySecretId }]) => {
    const apiKey = createApiKeySource(secrets, apiKeySecretId, clock);
    return [project, new GeminiApi({ baseUrl: config.geminiUrl, apiKey, clock, stallMs: GEMINI_STALL_MS })];
  }),
);
const queue = new SqsJobQueue(sqsClient(), config.queueUrl);
const ports = {
  geminiOf(project: string) {
    const gemini = geminis.get(project);
    if (gemini !== undefined) return gemini;
    throw new TransientError('ERR_PROJECT_UNKNOWN', `The project ${project} is not configured; deploy with it again`);
  },
  store: new S3OutputStore(s3Client(), config.bucketName),
  ledger: new DynamoDbFetchLedger({ client: dynamoDbClient(), tableName: config.ledgerTableName, clock }),
  retentionMs: config.jobRetentionSeconds * 1000,
  publisher: new EventBridgePublisher(eventBridgeClient(), config.eventBusName),
  ...{ clock, log, metrics, wait: (milliseconds: number) => wait(milliseconds) },
  maxOutputBytes: config.maxOutputBytes,
  maxReceiveCount: config.maxReceiveCount,
};

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
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
}
