/**
 * `npm run bench -- verifier`: one delivery from the HTTP API's event to its response, ours beside the usual composition of
 * standardwebhooks, Powertools' idempotency and PutEvents, on the same store and the same bus. Counts the calls, too.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import dynalite from 'dynalite';
import { Webhook } from 'standardwebhooks';
import { renderTable } from '../../cli/table.ts';
import { EventBridgePublisher } from '../../lambda/events/bus.client.ts';
import { DynamoDbIdempotencyStore } from '../../lambda/events/idempotency.client.ts';
import { toRawDelivery, toResponse } from '../../lambda/receive/api-gateway.ts';
import { createAuthenticate } from '../../lambda/receive/authenticate.ts';
import { receiveWebhook } from '../../lambda/receive/receive.ts';
import { parseSigningSecret } from '../../lambda/standard-webhooks/signature.ts';
import { signedHeaders } from '../fakes/signed.ts';
import { median } from './median.ts';

const DELIVERIES = 400;
const SECRET = `whsec_${btoa('k'.repeat(32))}`;
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

let calls = 0;
const store = dynalite({ createTableMs: 0 });
store.on('request', () => {
  calls += 1;
});
await once(store.listen(0, '127.0.0.1'), 'listening');
const bus = createServer((request, response) => {
  request.resume().on('end', () => response.end('{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}'));
});
await once(bus.listen(0, '127.0.0.1'), 'listening');
const urlOf = (server: { address(): unknown }) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const dynamodb = new DynamoDBClient({ endpoint: urlOf(store), region: 'us-east-1', credentials });
const eventbridge = new EventBridgeClient({ endpoint: urlOf(bus), region: 'us-east-1', credentials });
await dynamodb.send(
  new CreateTableCommand({
    TableName: 'Deliveries',
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  }),
);

function eventOf(id: string): APIGatewayProxyEventV2 {
  const body = '{"type":"batch.succeeded","data":{"id":"batches/abc"}}';
  const headers = signedHeaders(SECRET, id, body);
  return {
    routeKey: 'POST /webhooks/gemini',
    headers,
    body,
    isBase64Encoded: false,
  } as unknown as APIGatewayProxyEventV2;
}

const none = { current: async () => [], refreshed: async () => undefined };
const secrets = [parseSigningSecret(SECRET)].flatMap((secret) => secret ?? []);
const ports = {
  authenticate: createAuthenticate({
    projects: new Map([
      [
        'default',
        { signingSecrets: { current: async () => secrets, refreshed: async () => undefined }, dynamicTokens: none },
      ],
    ]),
    ...{ ed25519Keys: none, jwt: undefined },
  }),
  store: new DynamoDbIdempotencyStore({
    client: dynamodb,
    tableName: 'Deliveries',
    recordTtlSeconds: 604_800,
    leaseSeconds: 15,
  }),
  publisher: new EventBridgePublisher(eventbridge, 'bus'),
  findJob: async () => undefined,
  createOwner: randomUUID,
  clock: () => new Date(),
  log: { info: () => {}, warn: () => {}, error: () => {} },
  metrics: { count: () => {}, seconds: () => {} },
};
const ours = async (event: APIGatewayProxyEventV2) =>
  toResponse(await receiveWebhook(ports, toRawDelivery(event, ['default'])));

const config = new IdempotencyConfig({ eventKeyJmesPath: 'id', throwOnNoIdempotencyKey: true });
config.registerLambdaContext({ getRemainingTimeInMillis: () => 10_000 } as Context);
const publishOnce = makeIdempotent(
  async (delivery: { id: string; body: string }) => {
    const Detail = delivery.body;
    await eventbridge.send(
      new PutEventsCommand({ Entries: [{ EventBusName: 'bus', Source: 's', DetailType: 'd', Detail }] }),
    );
    return { status: 'accepted' };
  },
  {
    persistenceStore: new DynamoDBPersistenceLayer({ tableName: 'Deliveries', awsSdkV3Client: dynamodb }),
    config,
  },
);
const reference = new Webhook(SECRET);
const usual = async (event: APIGatewayProxyEventV2) => {
  reference.verify(event.body ?? '', event.headers as Record<string, string>);
  return await publishOnce({ id: event.headers['webhook-id'] ?? '', body: event.body ?? '' });
};

const candidates = [
  ['ours', ours],
  ['standardwebhooks + Powertools + PutEvents', usual],
] as const;

/** The candidates take turns, so that a busy machine is unfair to both alike. */
async function measure(ids: readonly (readonly string[])[]) {
  const times = candidates.map((): number[] => []);
  const made = candidates.map(() => 0);
  for (let delivery = 0; delivery < DELIVERIES; delivery += 1) {
    for (const [index, [, run]] of candidates.entries()) {
      const event = eventOf(ids[index]?.[delivery] ?? '');
      const before = calls;
      const startedAt = performance.now();
      await run(event);
      times[index]?.push(performance.now() - startedAt);
      made[index] = (made[index] ?? 0) + calls - before;
    }
  }
  return candidates.map(([name], index) => {
    return { name, median: median(times[index] ?? []), calls: (made[index] ?? 0) / DELIVERIES };
  });
}

const newIds = () => candidates.map(() => Array.from({ length: DELIVERIES }, () => randomUUID()));
await measure(newIds());
const ids = newIds();
const rows: string[][] = [];
for (const kind of ['new', 'duplicate']) {
  const measured = await measure(ids);
  const peer = measured.at(-1)?.median ?? Number.NaN;
  for (const { name, median: ms, calls: perDelivery } of measured) {
    rows.push([kind, name, ms.toFixed(2), (ms / peer).toFixed(2), perDelivery.toFixed(2)]);
  }
}
console.log(renderTable(['delivery', 'by', 'median ms', 'of the peer', 'DynamoDB calls'], rows));
dynamodb.destroy();
eventbridge.destroy();
store.close();
bus.close();
