/** Looks, on a schedule, for jobs of a project that ended without a webhook. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { ENV, FETCHED_JOB_TYPES, GEMINI_URL } from '../contract.ts';
import { EventBridgePublisher } from '../events/bus.client.ts';
import { DynamoDbIdempotencyStore } from '../events/idempotency.client.ts';
import { GeminiApi } from '../gemini/api.ts';
import { createApiKeySource } from '../gemini/api-key.ts';
import { DynamoDbJobLedger } from '../ledger/ledger.client.ts';
import { dynamoDbClient, eventBridgeClient, s3Client, secretsManagerClient } from '../shared/aws.client.ts';
import { EnvironmentReader } from '../shared/environment.ts';
import { SecretReader } from '../shared/secrets.client.ts';
import { createTelemetry } from '../shared/telemetry.ts';
import { type ReconcileReport, reconcile } from './reconcile.ts';
import { S3StoredOutputs } from './stored-outputs.client.ts';

/** Time to finish the job at hand and to write how far it came. */
const RESERVE_MS = 20_000;
const GEMINI_STALL_MS = 30_000;
const ASKED_AT_ONCE = 4;
/** A run goes on with what the one before left: ten minutes of what the fetchers take in. */
const MAX_PUBLISHED = 5_000;

const env = new EnvironmentReader(process.env);
const config = {
  project: env.required(ENV.project),
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
  retentionMs: env.millisecondsBy(ENV.jobRetentionSeconds, FETCHED_JOB_TYPES),
  baseUrl: env.url(ENV.geminiUrl, GEMINI_URL),
};
env.check();

const clock = () => new Date();
const { log, metrics, flush } = createTelemetry('reconciler', { project: config.project });
const client = dynamoDbClient();
const ledger = new DynamoDbJobLedger({ client, tableName: config.ledgerTableName, now: clock });
const apiKey = createApiKeySource(new SecretReader(secretsManagerClient()), config.apiKeySecretId, clock);
const ports = {
  gemini: new GeminiApi({ baseUrl: config.baseUrl, apiKey, clock, stallMs: GEMINI_STALL_MS }),
  ledger,
  outputs: new S3StoredOutputs(s3Client(), config.bucket),
  store: new DynamoDbIdempotencyStore({ ...config, client }),
  publisher: new EventBridgePublisher(eventBridgeClient(), config.eventBusName),
  createOwner: randomUUID,
  ...{ clock, log, metrics },
};

/** Answers an operator who invokes it by hand; a schedule does not listen. */
export async function handler(_event: unknown, context: Context): Promise<ReconcileReport> {
  const { project, subscribedEvents, bucket } = config;
  try {
    return await reconcile(ports, {
      ...{ project, subscribedEvents, bucket },
      graceMs: config.graceSeconds * 1000,
      horizonMs: config.horizonSeconds * 1000,
      askedAtOnce: ASKED_AT_ONCE,
      maxPublished: MAX_PUBLISHED,
      retentionMs: config.retentionMs,
      signal: AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MS)),
    });
  } finally {
    flush();
  }
}
