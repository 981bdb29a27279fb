/** The verifier: answers the HTTP API. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { RECORD } from '../contract.ts';
import { PipelineError, TransientError } from '../shared/errors.ts';
import { toErrorResponse, toRawDelivery, toResponse } from './api-gateway.ts';
import { createTokenCheck } from './authenticate.ts';
import { createFormLog } from './form-log.ts';
import { DynamoDbQuarantine } from './quarantine.client.ts';
import { createQuarantine } from './quarantine.ts';
import { receiveWebhook } from './receive.ts';
import { createVerifierPorts, readVerifierConfig } from './verifier-ports.ts';
import { warmUp } from './warm-up.ts';

const config = readVerifierConfig(process.env);
const projectNames = Object.keys(config.projects);
const { client, events, origin, projects, flush, ...shared } = createVerifierPorts(config, 'verifier');
const quarantine =
  config.quarantine &&
  createQuarantine({
    ...shared,
    store: new DynamoDbQuarantine({ ...config.quarantine, client }),
    holdsToken: createTokenCheck(projects),
    createId: randomUUID,
  });
const ports = { ...shared, quarantine, noteForm: createFormLog(shared.log) };

await warmUp({
  projects,
  wait: (milliseconds) => wait(milliseconds, undefined, { ref: false }),
  calls: [
    async () => await origin?.secrets.current(),
    () => client.send(new GetItemCommand({ TableName: config.tableName, Key: { [RECORD.id]: { S: 'warm-up' } } })),
    // Refused, because there is nothing in it.
    () => events.send(new PutEventsCommand({ Entries: [] })),
  ],
});

export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  try {
    return toResponse(await receiveWebhook(ports, toRawDelivery(event, projectNames)));
  } catch (error) {
    if (error instanceof TransientError)
      ports.log.error('Answered 503', { code: error.code, reason: error.message, cause: causeOf(error) });
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
