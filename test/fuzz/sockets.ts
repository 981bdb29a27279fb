/**
 * Requests as bytes on a connection, in one piece or in many, cut, with header lines twice, lengths that are wrong and bits that
 * are flipped: through the HTTP server and the HTTP API's event to the verifier. Whatever is published must be genuine by others.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as fc from 'fast-check';
import { pathsOf } from '../../lambda/contract.ts';
import { listen } from '../../local/aws/http-api.ts';
import { type Delivery, genuine, handle, isGenuine } from './harness.ts';

const STAGE = 'stage';
/** Enough to send everything; the throttle is not what is tried here. */
const SETTINGS = { ThrottlingBurstLimit: 1e9, ThrottlingRateLimit: 1e9 };
/** Closes by itself a connection that says no more. */
const PATIENCE_MS = 5000;

interface Judged {
  readonly status: number;
  readonly published: number;
  readonly isGenuine: boolean;
}

export async function startEndpoint() {
  const folder = mkdtempSync(join(tmpdir(), 'sockets-'));
  const judged: Judged[] = [];
  const api = await listen(0);
  const invoke = async (input: unknown) => {
    const event = input as APIGatewayProxyEventV2;
    const { status, published } = await handle(event);
    judged.push({ status, published, isGenuine: published > 0 && (await isGenuine(deliveryOf(event))) });
    const payload: APIGatewayProxyStructuredResultV2 = { statusCode: status, body: '{}' };
    return { outcome: 'answered', payload, maxRssKiB: 1 } as const;
  };
  api.open({
    stage: {
      ...{ id: 'Stage', ref: 'Stage', arn: 'arn' },
      properties: {
        ...{ ApiId: 'api', StageName: STAGE, DefaultRouteSettings: SETTINGS, RouteSettings: {} },
        AccessLogSettings: { DestinationArn: 'arn', Format: '$context.status' },
      },
    },
    routes: Object.values(pathsOf('default')).map((path) => ({ routeKey: `POST ${path}`, target: { invoke } })),
    accessLogFile: join(folder, 'access.log'),
  });
  return {
    judged,
    port: Number(new URL(api.url).port),
    async close() {
      await api.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function deliveryOf(event: APIGatewayProxyEventV2): Delivery {
  return {
    kind: 'v1',
    route: event.routeKey.includes('{token}') ? 'dynamic' : 'static',
    token: event.pathParameters?.['token'] ?? '',
    headers: Object.entries(event.headers).map(([name, value]) => [name, value ?? '']),
    body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  };
}

interface Shape {
  /** Header lines besides: the name of one that counts, and a value. */
  readonly twice: readonly (readonly [string, string])[];
  readonly capitals: boolean;
  readonly chunked: boolean;
  /** Added to the true length. */
  readonly lengthOff: number;
  readonly flips: readonly (readonly [number, number])[];
  readonly cutAt: number | null;
  readonly splits: readonly number[];
  /** A second request behind the first on the same connection. */
  readonly pipelined: boolean;
}

const counted = fc.constantFrom('webhook-id', 'webhook-timestamp', 'webhook-signature', 'content-length', 'host');
const shapes: fc.Arbitrary<Shape> = fc.record({
  twice: fc.array(fc.tuple(counted, fc.stringMatching(/^[!-~ ]{0,40}$/)), { maxLength: 3 }),
  capitals: fc.boolean(),
  chunked: fc.boolean(),
  lengthOff: fc.constantFrom(0, 0, 0, 0, -1, 1, 1000),
  flips: fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 0, max: 7 })), { maxLength: 2 }),
  cutAt: fc.option(fc.nat(1000), { freq: 4 }),
  splits: fc.array(fc.nat(1000), { maxLength: 4 }),
  pipelined: fc.boolean(),
});

export function toBytes(
  delivery: Delivery,
  shape: Pick<Shape, 'twice' | 'capitals' | 'chunked' | 'lengthOff'>,
): Buffer {
  const paths = pathsOf('default');
  const path = delivery.route === 'static' ? paths.static : paths.dynamic.replace('{token}', delivery.token);
  const { body } = delivery;
  const half = Math.floor(body.length / 2);
  const chunk = (part: Buffer) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
  const sent = shape.chunked
    ? Buffer.concat([
        ...(half > 0 ? [chunk(body.subarray(0, half))] : []),
        chunk(body.subarray(half)),
        Buffer.from('0\r\n\r\n'),
      ])
    : body;
  const framing = shape.chunked
    ? ['transfer-encoding', 'chunked']
    : ['content-length', String(body.length + shape.lengthOff)];
  const lines = [['host', '127.0.0.1'], ...delivery.headers, framing, ...shape.twice].map(
    ([name = '', value = '']) => `${shape.capitals ? name.toUpperCase() : name}: ${value}\r\n`,
  );
  return Buffer.concat([Buffer.from(`POST /${STAGE}${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), sent]);
}

/** What came back until the connection was closed. */
export async function sendBytes(port: number, parts: readonly Buffer[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const answer: Buffer[] = [];
  socket.on('data', (data) => answer.push(data)).on('error', () => {});
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  const closed = new Promise((done) => socket.on('close', done));
  await Promise.race([once(socket, 'connect'), closed]);
  for (const part of parts) {
    if (socket.destroyed) break;
    await new Promise((done) => socket.write(part, done));
    await new Promise(setImmediate);
  }
  socket.end();
  await closed;
  return Buffer.concat(answer).toString('latin1');
}

function spoil(bytes: Buffer, { flips, cutAt, splits }: Shape): Buffer[] {
  const changed = Buffer.from(bytes);
  for (const [at, bit] of flips) {
    const index = at % changed.length;
    changed[index] = (changed[index] ?? 0) ^ (1 << bit);
  }
  const whole = cutAt === null ? changed : changed.subarray(0, cutAt % changed.length);
  const borders = [...new Set(splits.map((split) => split % (whole.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...borders].map((start, index) => whole.subarray(start, borders[index] ?? whole.length));
}

/** @throws with the smallest example when something is wrong. @returns how many events reached the verifier, and held */
export async function fuzzSockets(numRuns: number, seed: number): Promise<{ reached: number; accepted: number }> {
  const endpoint = await startEndpoint();
  try {
    const property = fc.asyncProperty(fc.constantFrom('v1', 'v1a', 'jwt'), shapes, async (kind, shape) => {
      const before = endpoint.judged.length;
      const first = toBytes(await genuine(kind), shape);
      const bytes = shape.pipelined ? Buffer.concat([first, toBytes(await genuine(kind), shape)]) : first;
      const answer = await sendBytes(endpoint.port, spoil(bytes, shape));
      for (const { status, published, isGenuine: holds } of endpoint.judged.slice(before)) {
        if (published > 0 !== (status === 200)) throw new Error(`Answered ${status}, published ${published}`);
        if (published > 0 && !holds) throw new Error('What was published is not genuine');
        if (status >= 500) throw new Error(`Answered ${status}`);
      }
      if (/^HTTP\/1\.1 5/m.test(answer)) throw new Error(`Answered ${answer.slice(0, 40)}`);
    });
    await fc.assert(property, { numRuns, seed, endOnFailure: true });
    const { judged } = endpoint;
    return { reached: judged.length, accepted: judged.filter(({ published }) => published > 0).length };
  } finally {
    await endpoint.close();
  }
}
