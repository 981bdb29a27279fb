/** DynamoDB (dynalite), S3 and SQS (fauxqs), in this process and on loopback only. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { buildApp } from 'fauxqs';
import { REGION } from '../template/intrinsics.ts';
import { OPERATOR } from './aws-call.ts';
import { traceMessages } from './message-traces.ts';
import { mirrorObjects } from './s3-mirror.ts';
import { answerPreconditions } from './s3-preconditions.ts';
import { takeAllCharacters } from './sqs-characters.ts';

/** Nobody checks them; the SDK wants some. */
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
export const clientOptions = (endpoint: string) => ({ endpoint, region: REGION, credentials: CREDENTIALS });

/** Of the gateway, for who may do whatever an operator may. */
export const operatorOptions = (endpoint: string) => ({
  ...clientOptions(endpoint),
  credentials: { accessKeyId: OPERATOR, secretAccessKey: 'local' },
});

export interface Emulators {
  readonly dynamodbUrl: string;
  /** Of S3 and of SQS. */
  readonly s3Url: string;
  /** Resolves when every object that was stored is on disk. */
  mirrored(): Promise<void>;
  /** The trace header of whoever sent a message, if a function did. */
  readonly traceOf: (messageId: string) => string | undefined;
  close(): Promise<void>;
}

/** @param s3Dir where a copy of every object lies, under its bucket and key */
export async function startEmulators(s3Dir: string): Promise<Emulators> {
  const dynamodb = dynalite({ createTableMs: 0 });
  dynamodb.listen(0, '127.0.0.1');
  await once(dynamodb, 'listening');
  await takeAllCharacters();
  const app = buildApp({ logger: false });
  answerPreconditions(app);
  const mirror = mirrorObjects(app, s3Dir);
  const traceOf = traceMessages(app);
  const s3Url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    dynamodbUrl: `http://127.0.0.1:${(dynamodb.address() as AddressInfo).port}`,
    s3Url,
    mirrored: mirror.settled,
    traceOf,
    async close() {
      dynamodb.closeAllConnections();
      await Promise.all([app.close(), new Promise((done) => dynamodb.close(done))]);
    },
  };
}
