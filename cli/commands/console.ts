/** `console`: a page on loopback that shows the deployment, until it is stopped. */

import { METRIC_NAMESPACE } from '../../lambda/contract.ts';
import { createSource } from '../console/deployment-source.ts';
import { startConsole } from '../console/server.ts';
import type { CommandContext } from '../context.ts';

export interface ConsoleOptions {
  /** 0 takes any that is free. */
  readonly port: number;
  readonly allowChanges: boolean;
  /** State folder of a local run. */
  readonly local: string | undefined;
  readonly clock: () => Date;
}

export async function serveConsole(
  { deployment, terminal, json }: CommandContext,
  options: ConsoleOptions,
): Promise<void> {
  const { local: stateDir, clock } = options;
  const source = createSource({
    ...{ deployment, stateDir, clock },
    title: stateDir === undefined ? deployment.stackName : 'local run',
    allowsChanges: stateDir !== undefined || options.allowChanges,
    metricNamespace: `${METRIC_NAMESPACE}/${deployment.stackName}`,
  });
  const running = await startConsole(source, options.port, clock);
  terminal.print(json ? JSON.stringify({ url: running.url }) : `The console is at ${running.url}\nCtrl-C ends it.`);
  process.send?.({ url: running.url });
  await untilStopped();
  await running.close();
}

/** Whoever started it with a channel, as the local run does, ends it by closing that. */
async function untilStopped(): Promise<void> {
  await new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop());
    process.once('disconnect', () => stop());
  });
}
