/** Looks, on a schedule, for jobs of a source that ended without a webhook. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { dynamoDbClient, eventBridgeClient, s3Client, secretsManagerClient } from '../adapters/aws-clients.ts';
import { DynamoDbDeliveryStore } from '../adapters/dynamodb-delivery-store.ts';
import { DynamoDbJobLedger } from '../adapters/dynamodb-job-ledger.ts';
import { EnvironmentReader } from '../adapters/environment.ts';
import { EventBridgePublisher } from '../adapters/eventbridge-publisher.ts';
import { createApiKeySource, GeminiApi } from '../adapters/gemini-api.ts';
import { S3LandedOutputs } from '../adapters/s3-landed-outputs.ts';
import { SecretReader } from '../adapters/secrets-manager.ts';
import { createTelemetry } from '../adapters/telemetry.ts';
import { type ReconcileReport, reconcile } from '../app/reconcile.ts';
import { ENV, GEMINI_URL } from '../contract.ts';

/** Time to finish the job at hand and to write how far it came. */
const RESERVE_MS = 20_000;
const GEMINI_STALL_MS = 30_000;
const ASKED_AT_ONCE = 4;
/** A run goes on with what the one before left: ten minutes of what the fetchers take in. */
const MAX_PUBLISHED = 5_000;
/** Of what has a file: batches and videos. https://ai.google.dev/gemini-api/docs/files */
const FILE_RETENTION_MS = 48 * 3600_000;

const env = new EnvironmentReader(process.env);
const config = {
  source: env.required(ENV.source),
  apiKeySecretId: env.required(ENV.apiKeySecretId),
  subscribedEvents: env.list(ENV.subscribedEvents),
  tableName: env.required(ENV.tableName),
  ledgerTableName: env.required(ENV.ledgerTableName),
  eventBusName: env.required(ENV.eventBusName),
  bucket: env.required(ENV.bucketName),
  recordTtlSeconds: env.integer(ENV.recordTtlSeconds, { min: 48 * 3600, max: 366 * 24 * 3600 }),
  leaseSeconds: env.integer(ENV.leaseSeconds, { min: 1, max: 900 }),
  graceSeconds: env.integer(ENV.graceSeconds, { min: 0, max: 24 * 3600 }),
  horizonSeconds: env.integer(ENV.horizonSeconds, { min: 3600, max: 31 * 24 * 3600 }),
  interactionSeconds: env.integer(ENV.interactionRetentionSeconds, { min: 3600, max: 55 * 24 * 3600 }),
  baseUrl: env.url(ENV.geminiUrl, GEMINI_URL),
};
env.check();

const clock = () => new Date();
const { log, metrics, flush } = createTelemetry('reconciler', { source: config.source });
const client = dynamoDbClient();
const ledger = new DynamoDbJobLedger({ client, tableName: config.ledgerTableName, now: clock });
const apiKey = createApiKeySource(new SecretReader(secretsManagerClient()), config.apiKeySecretId, clock);
const ports = {
  gemini: new GeminiApi({ baseUrl: config.baseUrl, apiKey, fetch, clock, stallMs: GEMINI_STALL_MS }),
  ledger,
  outputs: new S3LandedOutputs(s3Client(), config.bucket),
  store: new DynamoDbDeliveryStore({ ...config, client }),
  publisher: new EventBridgePublisher(eventBridgeClient(), config.eventBusName),
  createOwner: randomUUID,
  ...{ clock, log, metrics },
};

/** Answers an operator who invokes it by hand; a schedule does not listen. */
export async function handler(_event: unknown, context: Context): Promise<ReconcileReport> {
  const { source, subscribedEvents, bucket } = config;
  try {
    return await reconcile(ports, {
      ...{ source, subscribedEvents, bucket },
      graceMs: config.graceSeconds * 1000,
      horizonMs: config.horizonSeconds * 1000,
      askedAtOnce: ASKED_AT_ONCE,
      maxPublished: MAX_PUBLISHED,
      retentionMs: {
        batch: FILE_RETENTION_MS,
        video: FILE_RETENTION_MS,
        interaction: config.interactionSeconds * 1000,
      },
      signal: AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MS)),
    });
  } finally {
    flush();
  }
}
