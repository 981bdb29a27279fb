/** Keeps the job ledger: works off what the bus says of jobs. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { dynamoDbClient } from '../adapters/aws-clients.ts';
import { DynamoDbJobLedger } from '../adapters/dynamodb-job-ledger.ts';
import { EnvironmentReader } from '../adapters/environment.ts';
import { createTelemetry } from '../adapters/telemetry.ts';
import { recordJob, subjectOf } from '../app/record-job.ts';
import { ENV } from '../contract.ts';
import { PipelineError } from '../domain/errors.ts';

const env = new EnvironmentReader(process.env);
const tableName = env.required(ENV.ledgerTableName);
env.check();

const { log } = createTelemetry('record-job');
const ledger = new DynamoDbJobLedger({ client: dynamoDbClient(), tableName, now: () => new Date() });

export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  for (const { messageId, body, attributes } of Records) {
    const problem = await record(body, new Date(Number(attributes.SentTimestamp)));
    if (problem === undefined) continue;
    log.error('The message was not recorded', { messageId, ...subjectOf(body), ...problem });
    batchItemFailures.push({ itemIdentifier: messageId });
  }
  return { batchItemFailures };
}

/** Why not; undefined when it was. What goes back too often ends in the dead-letter queue. */
async function record(body: string, publishedAt: Date): Promise<{ code: string; reason: string } | undefined> {
  try {
    if (await recordJob(ledger, body, publishedAt)) return undefined;
    return { code: 'ERR_BODY_INVALID', reason: 'It is not an event that the rule would have sent' };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { code: error.code, reason: error.message };
  }
}
