/**
 * What the first delivery would wait for, done while Lambda starts the function and gives it a whole core: secrets and keys are
 * read, connections opened, and the code that calls AWS is compiled. Whatever fails here is asked for again by the delivery
 * that needs it, and decides nothing.
 */
import type { Wait } from '../shared/ports.ts';
import type { AuthenticatePorts } from './authenticate.ts';

/** A delivery waits for this function to start: a service that is slow must not make it wait for what it may not need. */
const PATIENCE_MS = 500;

export interface WarmUpPorts {
  readonly projects: AuthenticatePorts['projects'];
  /** Calls without an effect. */
  readonly calls: readonly (() => Promise<unknown>)[];
  readonly wait: Wait;
}

/** Never rejects. */
export async function warmUp({ projects, calls, wait }: WarmUpPorts): Promise<void> {
  const secrets = [...projects.values()].flatMap(({ signingSecrets, dynamicTokens }) => [
    signingSecrets.current(),
    dynamicTokens.current(),
  ]);
  const all = Promise.allSettled([...secrets, ...calls.map(async (call) => await call())]);
  await Promise.race([all, wait(PATIENCE_MS)]);
}
