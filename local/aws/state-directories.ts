/** Where a run writes: emptied at the start, and only when an earlier run made it. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalRunError } from '../shared/local-run-error.ts';

export interface StateDirectories {
  readonly s3Dir: string;
  readonly logsDir: string;
  readonly eventsFile: string;
}

/** @throws LocalRunError rather than remove what no local run has written */
export function prepareState(stateDir: string): StateDirectories {
  const s3Dir = join(stateDir, 's3');
  const logsDir = join(stateDir, 'logs');
  const eventsFile = join(stateDir, 'events.jsonl');
  const present = [s3Dir, logsDir, eventsFile].filter(existsSync);
  // A run makes all three. A folder that holds some of them is somebody else's, perhaps a project with its logs.
  if (present.length === 1 || present.length === 2) {
    throw new LocalRunError(
      `${present.join(' and ')} would be removed, and an earlier local run did not make it. Move it away, or give another folder with --state-dir.`,
    );
  }
  for (const dir of [s3Dir, logsDir]) {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
  }
  writeFileSync(eventsFile, '');
  return { s3Dir, logsDir, eventsFile };
}
