/** A cheap AWS in a process of its own, that takes everything and keeps nothing: `node aws.ts '<JSON of AwsEndOptions>'`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface AwsEndOptions {
  readonly s3Ms?: number;
  readonly dynamoDbMs?: number;
}

const { s3Ms = 0, dynamoDbMs = 0 } = JSON.parse(process.argv[2] ?? '{}') as AwsEndOptions;

const ANSWERS: Readonly<Record<string, object>> = {
  PutEvents: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] },
  GetSecretValue: {
    ...{ ARN: 'arn:aws:secretsmanager:us-east-1:1:secret:key', Name: 'key', VersionId: 'v'.repeat(32) },
    ...{ SecretString: 'key-of-the-bench', VersionStages: ['AWSCURRENT'] },
  },
};

async function drain(request: IncomingMessage): Promise<void> {
  request.resume();
  await new Promise((resolve) => {
    request.once('end', resolve);
    request.once('close', resolve);
  });
}

function xml(response: ServerResponse, status: number, body: string): void {
  const headers = { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body), etag: '"1"' };
  response.writeHead(status, headers).end(body);
}

async function answerS3(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { searchParams } = new URL(request.url ?? '', 'http://localhost');
  await drain(request);
  if (s3Ms > 0) await sleep(s3Ms);
  if (request.method === 'GET') xml(response, 404, '<Error><Code>NoSuchKey</Code><Message>none</Message></Error>');
  else if (searchParams.has('uploads')) {
    xml(response, 200, '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>');
  } else if (request.method === 'POST') {
    xml(response, 200, '<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>');
  } else if (request.method === 'DELETE') response.writeHead(204).end();
  else xml(response, 200, '');
}

const server = createServer(async (request, response) => {
  const target = String(request.headers['x-amz-target'] ?? '');
  if (target === '') {
    await answerS3(request, response);
    return;
  }
  await drain(request);
  if (target.startsWith('DynamoDB') && dynamoDbMs > 0) await sleep(dynamoDbMs);
  const body = JSON.stringify(ANSWERS[target.slice(target.indexOf('.') + 1)] ?? {});
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': body.length }).end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
