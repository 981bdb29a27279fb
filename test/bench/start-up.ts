/**
 * `npm run bench -- start-up`: size of each deployed bundle, and the CPU time to import it in a fresh process, beside an empty
 * function, plain bundles of the three AWS clients that the verifier needs, without and with the other libraries, and one of
 * the few modules of both that it loads. Medians of the processes, which take turns.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderTable } from '../../cli/table.ts';
import { type Bundle, build, importTimes, plainClients } from './bundles.ts';
import { judge } from './goal.ts';
import { readTemplate } from './template.ts';

const PROCESSES = 21;
const GOAL = 1.05;
const ENVIRONMENT = { AWS_REGION: 'us-east-1', POWERTOOLS_METRICS_NAMESPACE: 'bench' };

/** Besides the clients. */
const LIBRARIES = `
  import { Logger } from '@aws-lambda-powertools/logger';
  import { Metrics } from '@aws-lambda-powertools/metrics';
  import { createLocalJWKSet, errors, jwtVerify } from 'jose';
  import * as z from 'zod/mini';
  export const others = [new Logger(), new Metrics(), createLocalJWKSet, errors, jwtVerify, z.object({ a: z.optional(z.string()) })];`;
/** What the verifier imports of the clients, by name, and the calls with which it warms up, without a line of its own. */
const TRIMMED = `
  import { DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
  import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
  import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
  const secrets = new SecretsManagerClient();
  await Promise.allSettled([
    ...['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS', 'AWSCURRENT', 'AWSPREVIOUS'].map((VersionStage) =>
      secrets.send(new GetSecretValueCommand({ SecretId: 's', VersionStage }))),
    new DynamoDBClient().send(new GetItemCommand({ TableName: 't', Key: { id: { S: 'warm-up' } } })),
    new EventBridgeClient().send(new PutEventsCommand({ Entries: [] })),
  ]);
  export const used = [GetItemCommand, PutItemCommand, UpdateItemCommand, PutEventsCommand, GetSecretValueCommand];`;

const dir = mkdtempSync(join(tmpdir(), 'gemini-webhooks-start-up-'));
try {
  const bundles: Bundle[] = [
    empty(),
    plainClients(dir),
    { ...plainClients(dir, LIBRARIES), name: 'clients and libraries, plain', environment: ENVIRONMENT },
    {
      name: 'clients and libraries, as the verifier has them',
      ...{ file: build(dir, 'trimmed', LIBRARIES + TRIMMED), environment: ENVIRONMENT },
    },
    ...(await deployed()),
  ];
  const times = importTimes(bundles, PROCESSES);
  const rows = bundles.map((bundle, index) => ({
    ...bundle,
    kb: statSync(bundle.file).size / 1000,
    ms: times[index] ?? Number.NaN,
  }));
  const plain = rows[1];
  const cells = rows.map(({ name, kb, ms }) => [
    name,
    kb.toFixed(0),
    (kb / (plain?.kb ?? 1)).toFixed(2),
    ms.toFixed(0),
    (ms / (plain?.ms ?? 1)).toFixed(2),
  ]);
  const verifier = rows.find(({ name }) => name === 'DoorVerifier');
  const ratio = (verifier?.ms ?? Number.NaN) / (rows[2]?.ms ?? 1);
  console.log(renderTable(['function', 'kB', 'of plain clients', 'import CPU ms', 'of plain clients'], cells));
  console.log();
  judge(`the verifier: ${ratio.toFixed(2)} of the clients and libraries, plain, at most ${GOAL}`, ratio <= GOAL);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function empty(): Bundle {
  const file = join(dir, 'empty.mjs');
  writeFileSync(file, 'export const handler = async () => {};\n');
  return { name: 'an empty function', file, environment: {} };
}

async function deployed(): Promise<Bundle[]> {
  const { assembly, stack } = await readTemplate(join(dir, 'cdk.out'));
  return stack.all('AWS::Lambda::Function').map(({ id, properties }) => ({
    name: id.replace(/^GeminiWebhooks(.+?)(Handler)?(Function)?[0-9A-F]{8}$/, '$1'),
    file: join(assembly.assetDir(properties.Code.S3Key), 'index.mjs'),
    environment: { ...properties.Environment.Variables, ...ENVIRONMENT, NODE_OPTIONS: '' },
  }));
}
