/** `endpoints.json`: where everything is, for programs that drive the local run. Holds secrets of this run only. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { LocalRunError } from '../aws/local-run-error.ts';

const Endpoints = z.object({
  /** To post static webhooks to, signed with `signingSecret`. */
  webhookUrl: z.string(),
  /** To post dynamic webhooks to, signed with a key of `jwksUrl`. Holds the token. */
  dynamicWebhookUrl: z.string(),
  /** `whsec_…` */
  signingSecret: z.string(),
  geminiUrl: z.string(),
  apiKey: z.string(),
  dynamodbUrl: z.string(),
  s3Url: z.string(),
  bucket: z.string(),
  table: z.string(),
  busName: z.string(),
  /** JSON Lines: every event that the bus accepted, as EventBridge delivers it. */
  eventsFile: z.string(),
  jwksUrl: z.string(),
  /** Null with another Gemini in the simulator's place. */
  simulatorControlUrl: z.nullable(z.string()),
});
export type Endpoints = z.infer<typeof Endpoints>;

const fileIn = (stateDir: string) => join(stateDir, 'endpoints.json');

/** All at once, so that who waits for the file never reads half of it. @returns removes it */
export function writeEndpoints(stateDir: string, endpoints: Endpoints): () => void {
  const file = fileIn(stateDir);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return () => rmSync(file, { force: true });
}

/** @throws LocalRunError when no local run is there */
export function readEndpoints(stateDir: string): Endpoints {
  try {
    return Endpoints.parse(JSON.parse(readFileSync(fileIn(stateDir), 'utf8')));
  } catch (cause) {
    throw new LocalRunError(`${fileIn(stateDir)} cannot be read. Start the local run first: npm start -- --serve`, {
      cause,
    });
  }
}
