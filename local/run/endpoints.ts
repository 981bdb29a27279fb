/** `endpoints.json`: where everything is, for programs that drive the local run. Holds secrets of this run only. */
import { once } from 'node:events';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import * as z from 'zod';
import { LocalRun } from '../../cli/local-run.ts';
import { LocalRunError } from '../shared/local-run-error.ts';

/** What the command line reads of it, and more. */
const Endpoints = z.object({
  ...LocalRun.shape,
  apiKey: z.string(),
  jwksUrl: z.string(),
  bucket: z.string(),
  table: z.string(),
  busName: z.string(),
  /** As CloudFormation would list them. */
  resources: z.array(z.object({ logicalId: z.string(), type: z.string(), physicalId: z.string() })),
});
export type Endpoints = z.infer<typeof Endpoints>;

const fileIn = (stateDir: string) => join(stateDir, 'endpoints.json');

/**
 * Who waits for the file must not read what a killed run left there.
 * @throws LocalRunError when a run that is alive has the folder: it would lose its objects, logs and events
 */
export async function takeOver(stateDir: string): Promise<void> {
  const left = read(stateDir);
  // This port is the run's own; the webhook's, which is chosen, may be another program's by now.
  if (left !== undefined && (await isListening(left.s3Url))) {
    throw new LocalRunError(
      `Another local run (${left.webhookUrl}) is using ${stateDir}. End it, or give another folder with --state-dir.`,
    );
  }
  rmSync(fileIn(stateDir), { force: true });
}

async function isListening(url: string): Promise<boolean> {
  if (!URL.canParse(url)) return false;
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  return await once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}

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
  const endpoints = read(stateDir);
  if (endpoints !== undefined) return endpoints;
  throw new LocalRunError(`${fileIn(stateDir)} cannot be read. Start the local run first: npm start -- --serve`);
}

function read(stateDir: string): Endpoints | undefined {
  try {
    return Endpoints.parse(JSON.parse(readFileSync(fileIn(stateDir), 'utf8')));
  } catch {
    return undefined;
  }
}
