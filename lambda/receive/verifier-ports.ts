/** What the verifier and the reverification have in common: their configuration, and the ports made from it. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { ENV, GEMINI_URL } from '../contract.ts';
import { EventBridgePublisher } from '../events/bus.client.ts';
import { DynamoDbIdempotencyStore } from '../events/idempotency.client.ts';
import { findJobIn } from '../ledger/known-jobs.client.ts';
import { dynamoDbClient, eventBridgeClient, secretsManagerClient } from '../shared/aws.client.ts';
import { EnvironmentReader } from '../shared/environment.ts';
import { SecretReader } from '../shared/secrets.client.ts';
import { createTelemetry } from '../shared/telemetry.ts';
import { createAuthenticate, type ProjectKeys } from './authenticate.ts';
import { createAuthenticatePorts } from './keys.ts';

export type VerifierConfig = ReturnType<typeof readVerifierConfig>;

/** @throws ConfigError with every fault */
export function readVerifierConfig(variables: NodeJS.ProcessEnv) {
  const env = new EnvironmentReader(variables);
  const quarantineTable = env.optional(ENV.quarantineTableName);
  const originHeader = env.optional(ENV.originHeader);
  const config = {
    origin: originHeader ? { header: originHeader, secretId: env.required(ENV.originSecretId) } : undefined,
    tableName: env.required(ENV.tableName),
    ledgerTableName: env.required(ENV.ledgerTableName),
    eventBusName: env.required(ENV.eventBusName),
    projects: env.projects(ENV.projects, z.object({ signingSecretId: z.string(), dynamicTokenSecretId: z.string() })),
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

/** @param keys in the place of every project's own */
export function createVerifierPorts(config: VerifierConfig, service: string, keys: Partial<ProjectKeys> = {}) {
  const clock = () => new Date();
  const { log, metrics, flush } = createTelemetry(service);
  const secrets = new SecretReader(secretsManagerClient());
  const own = createAuthenticatePorts({ ...config, secrets, fetch, clock, metrics });
  const projects = new Map([...own.projects].map(([name, project]) => [name, { ...project, ...keys }]));
  const client = dynamoDbClient();
  const events = eventBridgeClient();
  return {
    authenticate: createAuthenticate({ ...own, projects }),
    origin: own.origin,
    projects,
    store: new DynamoDbIdempotencyStore({ ...config, client }),
    findJob: findJobIn(client, config.ledgerTableName),
    publisher: new EventBridgePublisher(events, config.eventBusName),
    createOwner: randomUUID,
    ...{ client, events, clock, log, metrics, flush },
  };
}
