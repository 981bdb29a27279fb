/** Keeps the job ledger: records what events on the bus say about jobs. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { ENV } from '../contract.ts';
import { dynamoDbClient } from '../shared/aws.client.ts';
import { EnvironmentReader } from '../shared/environment.ts';
import { createTelemetry } from '../shared/telemetry.ts';
import { DynamoDbJobLedger } from './ledger.client.ts';
import { recordJobs } from './record-job.ts';

const env = new EnvironmentReader(process.env);
const tableName = env.required(ENV.ledgerTableName);
env.check();

const { log } = createTelemetry('record-job');
const ledger = new DynamoDbJobLedger({ client: dynamoDbClient(), tableName, now: () => new Date() });

export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const events = Records.map(({ messageId, body, attributes }) => {
    return { messageId, body, publishedAt: new Date(Number(attributes.SentTimestamp)) };
  });
  const failed = await recordJobs({ ledger, log }, events);
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
