/**
 * The verifier's code, its real adapters included, under every order of the calls of overlapping deliveries and every
 * way in which each call can end.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { EventBridgePublisher } from '../../lambda/events/bus.client.ts';
import { DynamoDbIdempotencyStore } from '../../lambda/events/idempotency.client.ts';
import { toErrorResponse, toResponse } from '../../lambda/receive/api-gateway.ts';
import { createAuthenticate } from '../../lambda/receive/authenticate.ts';
import { type ReceiveWebhookPorts, receiveWebhook } from '../../lambda/receive/receive.ts';
import { TransientError } from '../../lambda/shared/errors.ts';
import type { RawDelivery } from '../../lambda/standard-webhooks/delivery.ts';
import { parseSigningSecret } from '../../lambda/standard-webhooks/signature.ts';
import { DynamoDbTable, type UpdateInput } from '../fakes/dynamodb-table.ts';
import { signedHeaders } from '../fakes/signed.ts';
import type { Choose } from './explore.ts';
import { Process, step } from './process.ts';

const START = Date.parse('2026-11-24T05:00:00Z');
const LEASE_SECONDS = 15;
const TTL_SECONDS = 7 * 24 * 3600;
const SECRET = `whsec_${btoa('k'.repeat(32))}`;
const BODY = Buffer.from('{"type":"batch.succeeded","data":{"id":"batches/abc"}}');

export interface VerifierModelOptions {
  /** Of the same event, overlapping. */
  readonly deliveries: number;
  /** Calls that do not go well, of all deliveries together. */
  readonly maxFaults: number;
  /** Whether the record may expire between two deliveries. */
  readonly withExpiry: boolean;
}

/** Everything that outlives a process. */
class World {
  now = START;
  readonly table = new DynamoDbTable();
  publishes = 0;
  publishesBeforeExpiry = 0;
  /** Calls after which a second publish is no surprise. */
  excuses = 0;
  hasExpired = false;
  owners = 0;
}

const UNSEEN = ['secrets', 'claim'];

/** @throws when an invariant is broken in this run */
export async function runVerifierModel(options: VerifierModelOptions, choose: Choose): Promise<void> {
  const world = new World();
  const processes: Process[] = [];
  let faultsLeft = options.maxFaults;
  let leaseLeft = true;
  const stepOf = async (candidates: readonly Process[], names?: readonly string[]) => {
    const made = await step(choose, candidates, faultsLeft, names);
    if (made === undefined || made.outcome === 'ok') return;
    faultsLeft -= 1;
    world.excuses += Number(isExcuse(made.name, made.outcome));
  };
  for (;;) {
    const inFlight = processes.filter(({ isInFlight }) => isInFlight);
    const moves = [
      ...(inFlight.length > 0 ? ['step'] : []),
      ...(processes.length < options.deliveries ? ['start'] : []),
      // A function outlives no lease, so that time passes it only when nothing is in flight.
      ...(inFlight.length === 0 && leaseLeft && processes.length > 0 ? ['lease'] : []),
      ...(options.withExpiry && inFlight.length === 0 && !world.hasExpired && processes.length > 0 ? ['expire'] : []),
    ];
    if (inFlight.length === 0 && processes.length === options.deliveries) break;
    const move = moves[choose(moves.length)];
    if (move === 'start') {
      const process = new Process();
      processes.push(process);
      await process.start(async () => void (await deliver(world, process)));
      // Reading a secret touches nothing that others see, and a delivery that has not yet claimed is as good as one that
      // has not yet come: in whatever order these happen, the runs are the same.
      while (process.waitsAt(UNSEEN)) await stepOf([process], UNSEEN);
    } else if (move === 'lease') {
      leaseLeft = false;
      world.now += (LEASE_SECONDS + 1) * 1000;
    } else if (move === 'expire') {
      world.hasExpired = true;
      world.publishesBeforeExpiry = world.publishes;
      world.now += (TTL_SECONDS + 60) * 1000;
    } else {
      await stepOf(processes);
    }
  }
  await retryUntilAcknowledged(world);
}

/** Between publish and complete, only these leave an event on the bus that its record does not know of. */
function isExcuse(name: string, outcome: string): boolean {
  return (name === 'PutEvents' && outcome !== 'fail') || (name === 'complete' && outcome === 'fail');
}

/** One delivery, and what must hold when it is answered. */
async function deliver(world: World, process: Process): Promise<number> {
  const status = await answer(world, process);
  if (status === 200 && world.publishes === 0) fail('acknowledged, and not on the bus');
  return status;
}

const failures: string[] = [];
/** Thrown where nobody catches it: the code under test must not mistake it for a fault of the outside. */
function fail(message: string): void {
  failures.push(message);
}

async function answer(world: World, process: Process): Promise<number> {
  try {
    return toResponse(await receiveWebhook(portsOf(world, process), genuineDelivery(world))).statusCode ?? 0;
  } catch (error) {
    return toErrorResponse(error)?.statusCode ?? 500;
  }
}

function genuineDelivery(world: World): RawDelivery {
  return {
    route: { kind: 'static', project: 'default' },
    headers: signedHeaders(SECRET, 'msg_1', BODY, Math.floor(world.now / 1000)),
    body: BODY,
  };
}

/** PutEvents answers 200 for an entry that it refused. */
const REFUSED = { FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure' }] };

function portsOf(world: World, process: Process): ReceiveWebhookPorts {
  const away = () => new Error('away');
  const secret = parseSigningSecret(SECRET);
  const secrets = {
    current: () =>
      process.call(
        'secrets',
        () => (secret ? [secret] : []),
        () => new TransientError('ERR_KEYS_UNAVAILABLE', 'away'),
      ),
    refreshed: async () => undefined,
  };
  const none = { current: async () => [], refreshed: async () => undefined };
  const dynamodb = {
    send: ({ input }: { input: UpdateInput }) => process.call(nameOf(input), () => world.table.update(input), away),
  };
  const eventbridge = {
    send: () => process.call('PutEvents', () => publish(world), away, REFUSED),
  };
  return {
    authenticate: createAuthenticate({
      projects: new Map([['default', { signingSecrets: secrets, dynamicTokens: none }]]),
      ed25519Keys: none,
      jwt: undefined,
    }),
    store: new DynamoDbIdempotencyStore({
      client: dynamodb as unknown as DynamoDBClient,
      tableName: 'T',
      recordTtlSeconds: TTL_SECONDS,
      leaseSeconds: LEASE_SECONDS,
    }),
    publisher: new EventBridgePublisher(eventbridge as unknown as EventBridgeClient, 'bus'),
    findJob: async () => undefined,
    createOwner: () => `owner-${++world.owners}`,
    clock: () => new Date(world.now),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: { count: () => {}, seconds: () => {} },
  };
}

function nameOf({ ExpressionAttributeValues, UpdateExpression }: UpdateInput): string {
  if (UpdateExpression.includes('if_not_exists')) return 'claim';
  return ExpressionAttributeValues[':status'] ? 'complete' : 'release';
}

function publish(world: World): object {
  const [item] = world.table.items.values();
  const isExpired = Number(item?.['expiration']?.N ?? 0) * 1000 <= world.now;
  if (item?.['status']?.S === 'COMPLETED' && !isExpired) fail('published again after it was completed');
  world.publishes += 1;
  return { FailedEntryCount: 0, Entries: [{ EventId: String(world.publishes) }] };
}

/** Gemini goes on for 24 hours; from here on nothing fails but what the code itself does wrong. */
async function retryUntilAcknowledged(world: World): Promise<void> {
  let status = 0;
  for (let attempt = 0; attempt < 5 && status !== 200; attempt += 1) {
    const process = new Process();
    let answered: number | undefined;
    await process.start(async () => {
      answered = await deliver(world, process);
    });
    await process.runOn();
    status = answered ?? 0;
    world.now += (LEASE_SECONDS + 1) * 1000;
  }
  if (status !== 200) fail(`never acknowledged: ${status}`);
  const doubled = world.publishes - 1 - Number(world.hasExpired && world.publishesBeforeExpiry > 0);
  if (doubled > world.excuses) fail(`published ${world.publishes} times for ${world.excuses} reasons`);
  const [first] = failures.splice(0);
  if (first !== undefined) throw new Error(first);
}
