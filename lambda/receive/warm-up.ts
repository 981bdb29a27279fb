/**
 * What the first delivery would wait for, done while Lambda starts the function and gives it a whole core: secrets and keys are
 * read, connections opened, and the code that calls AWS is compiled. Whatever fails here is asked for again by the delivery
 * that needs it, and decides nothing.
 */
import type { AuthenticatePorts } from './authenticate.ts';

export interface WarmUpPorts {
  readonly projects: AuthenticatePorts['projects'];
  /** Calls without an effect. */
  readonly calls: readonly (() => Promise<unknown>)[];
}

/** Never rejects. */
export async function warmUp({ projects, calls }: WarmUpPorts): Promise<void> {
  const secrets = [...projects.values()].flatMap(({ signingSecrets, dynamicTokens }) => [
    signingSecrets.current(),
    dynamicTokens.current(),
  ]);
  await Promise.allSettled([...secrets, ...calls.map(async (call) => await call())]);
}
