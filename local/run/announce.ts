/** Says on the bus that a job was submitted, as an application does with the package's `createJobAnnouncer`. */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  APPLICATION_SOURCE,
  DEFAULT_PROJECT,
  type FetchedJobType,
  JOB_SUBMITTED,
  SCHEMA_VERSION,
} from '../../lambda/contract.ts';
import { operatorOptions } from '../aws/emulators.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Endpoints } from './endpoints.ts';

/** @throws LocalRunError when the bus refuses the event */
export async function announceJob(
  { awsUrl, busName }: Endpoints,
  jobType: FetchedJobType,
  jobId: string,
  userMetadata: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const submittedAt = new Date().toISOString();
  const detail = { schemaVersion: SCHEMA_VERSION, project: DEFAULT_PROJECT, jobType, jobId, submittedAt, userMetadata };
  const entry = { EventBusName: busName, Source: APPLICATION_SOURCE, DetailType: JOB_SUBMITTED };
  const bus = new EventBridgeClient(operatorOptions(awsUrl));
  try {
    const { Entries } = await bus.send(
      new PutEventsCommand({ Entries: [{ ...entry, Detail: JSON.stringify(detail) }] }),
    );
    const code = Entries?.[0]?.ErrorCode;
    if (code !== undefined) throw new LocalRunError(`The bus refused to announce the job ${jobId}: ${code}.`);
  } finally {
    bus.destroy();
  }
}
