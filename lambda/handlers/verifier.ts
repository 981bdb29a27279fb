/** The verifier: composes the ports from the environment and answers the HTTP API. */
import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { toErrorResponse, toRawDelivery, toResponse } from '../adapters/api-gateway.ts';
import { dynamoDbClient, eventBridgeClient, secretsManagerClient } from '../adapters/aws-clients.ts';
import { DynamoDbDeliveryStore } from '../adapters/dynamodb-delivery-store.ts';
import { EnvironmentReader } from '../adapters/environment.ts';
import { EventBridgePublisher } from '../adapters/eventbridge-publisher.ts';
import { SecretReader } from '../adapters/secrets-manager.ts';
import { createTelemetry } from '../adapters/telemetry.ts';
import { createAuthenticatePorts } from '../adapters/verification-keys.ts';
import { createAuthenticate } from '../app/authenticate.ts';
import { receiveWebhook } from '../app/receive-webhook.ts';
import { ENV, GEMINI_URL } from '../contract.ts';
import { PipelineError, TransientError } from '../domain/errors.ts';

const env = new EnvironmentReader(process.env);
const config = {
  tableName: env.required(ENV.tableName),
  eventBusName: env.required(ENV.eventBusName),
  sources: env.sources(ENV.sources, z.object({ signingSecretId: z.string(), dynamicTokenSecretId: z.string() })),
  jwtAudiences: env.list(ENV.jwtAudiences),
  jwksUrl: env.url(ENV.jwksUrl, `${GEMINI_URL}/.well-known/jwks.json`),
  recordTtlSeconds: env.integer(ENV.recordTtlSeconds, { min: 48 * 3600, max: 366 * 24 * 3600 }),
  leaseSeconds: env.integer(ENV.leaseSeconds, { min: 1, max: 900 }),
};
env.check();
const sourceNames = Object.keys(config.sources);

const clock = () => new Date();
const { log, metrics, flush } = createTelemetry('verifier');
const secrets = new SecretReader(secretsManagerClient());
const ports = {
  authenticate: createAuthenticate(createAuthenticatePorts({ ...config, secrets, fetch, clock, metrics })),
  store: new DynamoDbDeliveryStore({ ...config, client: dynamoDbClient() }),
  publisher: new EventBridgePublisher(eventBridgeClient(), config.eventBusName),
  createOwner: randomUUID,
  clock,
  log,
  metrics,
};

export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  try {
    return toResponse(await receiveWebhook(ports, toRawDelivery(event, sourceNames)));
  } catch (error) {
    if (error instanceof TransientError)
      log.error('Answered 503', { code: error.code, reason: error.message, cause: causeOf(error) });
    const response = toErrorResponse(error);
    if (response === undefined) throw error;
    return response;
  } finally {
    flush();
  }
}

/** The class of the first cause that is not ours, e.g. `ThrottlingException`: its message may quote a request. */
function causeOf(error: Error): string | undefined {
  const { cause } = error;
  if (!(cause instanceof Error)) return undefined;
  return cause instanceof PipelineError ? (causeOf(cause) ?? cause.code) : cause.name;
}
