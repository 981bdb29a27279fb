/** What the verifier and the reverification have in common: their configuration, and the ports made from it. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { dynamoDbClient, eventBridgeClient, secretsManagerClient } from '../adapters/aws-clients.ts';
import { DynamoDbDeliveryStore } from '../adapters/dynamodb-delivery-store.ts';
import { findJobIn } from '../adapters/dynamodb-known-jobs.ts';
import { EnvironmentReader } from '../adapters/environment.ts';
import { EventBridgePublisher } from '../adapters/eventbridge-publisher.ts';
import { SecretReader } from '../adapters/secrets-manager.ts';
import { createTelemetry } from '../adapters/telemetry.ts';
import { createAuthenticatePorts } from '../adapters/verification-keys.ts';
import { createAuthenticate, type SourceKeys } from '../app/authenticate.ts';
import { ENV, GEMINI_URL } from '../contract.ts';

export type VerifierConfig = ReturnType<typeof readVerifierConfig>;

/** @throws ConfigError with every fault */
export function readVerifierConfig(variables: NodeJS.ProcessEnv) {
  const env = new EnvironmentReader(variables);
  const quarantineTable = env.optional(ENV.quarantineTableName);
  const config = {
    tableName: env.required(ENV.tableName),
    ledgerTableName: env.required(ENV.ledgerTableName),
    eventBusName: env.required(ENV.eventBusName),
    sources: env.sources(ENV.sources, z.object({ signingSecretId: z.string(), dynamicTokenSecretId: z.string() })),
    jwtAudiences: env.list(ENV.jwtAudiences),
    jwksUrl: env.url(ENV.jwksUrl, `${GEMINI_URL}/.well-known/jwks.json`),
    recordTtlSeconds: env.integer(ENV.recordTtlSeconds, { min: 48 * 3600, max: 366 * 24 * 3600 }),
    leaseSeconds: env.integer(ENV.leaseSeconds, { min: 1, max: 900 }),
    quarantine: quarantineTable
      ? {
          tableName: quarantineTable,
          ttlSeconds: env.integer(ENV.quarantineTtlSeconds, { min: 3600, max: 31 * 24 * 3600 }),
          maxPerHour: env.integer(ENV.quarantineMaxPerHour, { min: 1, max: 10_000 }),
        }
      : undefined,
  };
  env.check();
  return config;
}

/** @param keys in the place of every source's own */
export function createVerifierPorts(config: VerifierConfig, service: string, keys: Partial<SourceKeys> = {}) {
  const clock = () => new Date();
  const { log, metrics, flush } = createTelemetry(service);
  const secrets = new SecretReader(secretsManagerClient());
  const own = createAuthenticatePorts({ ...config, secrets, fetch, clock, metrics });
  const sources = new Map([...own.sources].map(([name, source]) => [name, { ...source, ...keys }]));
  const client = dynamoDbClient();
  const events = eventBridgeClient();
  return {
    authenticate: createAuthenticate({ ...own, sources }),
    sources,
    store: new DynamoDbDeliveryStore({ ...config, client }),
    findJob: findJobIn(client, config.ledgerTableName),
    publisher: new EventBridgePublisher(events, config.eventBusName),
    createOwner: randomUUID,
    ...{ client, events, clock, log, metrics, flush },
  };
}
