/** What the command line needs of a local run, from the `endpoints.json` that it writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { CliError } from './cli-error.ts';

export const LocalRun = z.object({
  /** To post static webhooks to, signed with `signingSecret`. */
  webhookUrl: z.string(),
  /** To post dynamic webhooks to, signed with a key of the simulator's. Holds the token. */
  dynamicWebhookUrl: z.string(),
  /** `whsec_…` */
  signingSecret: z.string(),
  /** JSON Lines: every event that the bus accepted, as EventBridge delivers it. */
  eventsFile: z.string(),
  /** Null with another Gemini in the simulator's place. */
  simulatorControlUrl: z.nullable(z.string()),
  geminiUrl: z.string(),
  dynamodbUrl: z.string(),
  s3Url: z.string(),
  /** All AWS services, for a client whose access key is `operator`. */
  awsUrl: z.string(),
  outputs: z.record(z.string(), z.string()),
});

export type LocalRun = Readonly<z.infer<typeof LocalRun>>;

/** @throws CliError when no local run is there */
export function readLocalRun(stateDir: string): LocalRun {
  const file = join(stateDir, 'endpoints.json');
  try {
    return LocalRun.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new CliError(`${file} cannot be read. Start the local run first:\n  npm start -- --serve`, 3, { cause });
  }
}
