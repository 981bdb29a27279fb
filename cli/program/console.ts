/** `console`: a page on loopback that shows the deployment, until it is stopped. */
import { createSource } from '../console/deployment-source.ts';
import { startConsole } from '../console/http/server.ts';
import { readQuery } from '../console/job-filter.ts';
import type { CommandContext } from '../context.ts';

export interface ConsoleOptions {
  /** 0 takes any that is free. */
  readonly port: number;
  readonly allowChanges: boolean;
}

/** Between two looks at whether it was asked to end. */
const LOOK_MS = 500;

export async function serveConsole(
  { deployment, terminal, json, clock, pause }: CommandContext,
  { port, allowChanges }: ConsoleOptions,
): Promise<void> {
  const allowsChanges = deployment.stateDir !== undefined || allowChanges;
  const source = createSource({ deployment, allowsChanges, clock });
  // Whoever may not read the ledger learns it here, and the first page is there at once.
  await source.jobs(readQuery(new URLSearchParams(), clock()));
  const running = await startConsole(source, port, clock);
  const { url } = running;
  terminal.print(json ? JSON.stringify({ url }) : `The console is at ${url}\nCtrl-C ends it.`);
  // Whoever started it with a channel, as the local run does, is answered, and ends it by closing that.
  process.send?.({ url });
  let isDisconnected = false;
  process.once('disconnect', () => {
    isDisconnected = true;
  });
  while (!isDisconnected && (await pause(LOOK_MS)));
  await running.close();
}
