/** Tampers with genuine deliveries and sees that none is accepted, none is a 500, and no log says too much. */
import * as fc from 'fast-check';
import { deliver, genuine, isGenuine, secretsOf } from './harness.ts';
import { mutations } from './mutations.ts';

export interface FuzzReport {
  readonly runs: number;
  /** By the first mutation: how often, and with which statuses. */
  readonly byMutation: ReadonlyMap<string, Map<number, number>>;
  /** Still accepted by the reference implementations; refused by us all the same, or rightly accepted. */
  readonly stillGenuine: number;
  readonly accepted: number;
}

const REFUSALS = [400, 401, 413];

/** @throws with the smallest example when something is wrong */
export async function fuzz(
  numRuns: number,
  seed: number,
  onProgress: (runs: number) => void = () => {},
): Promise<FuzzReport> {
  const byMutation = new Map<string, Map<number, number>>();
  let runs = 0;
  let stillGenuine = 0;
  let accepted = 0;
  const property = fc.asyncProperty(fc.constantFrom('v1', 'v1a', 'jwt'), mutations, async (kind, changes) => {
    const delivery = changes.reduce((changed, { apply }) => apply(changed), await genuine(kind));
    const { status, published, logged } = await deliver(delivery);
    const name = changes[0]?.name ?? '';
    const statuses = byMutation.get(name) ?? new Map<number, number>();
    byMutation.set(name, statuses.set(status, (statuses.get(status) ?? 0) + 1));
    runs += 1;
    if (runs % 10_000 === 0) onProgress(runs);
    const leak = secretsOf(delivery).find((secret) => logged.includes(secret));
    if (leak !== undefined) throw new Error('A log line holds a secret, a token, a signature or a body');
    if (REFUSALS.includes(status) && published === 0) {
      // Stricter than the reference is no fault; it costs time to ask, and only few are asked.
      return;
    }
    if (!(await isGenuine(delivery))) throw new Error(`Answered ${status}, published ${published}`);
    stillGenuine += 1;
    accepted += Number(status === 200);
    if (status !== 200 && status !== 400) throw new Error(`A genuine delivery was answered ${status}`);
  });
  await fc.assert(property, { numRuns, seed });
  return { runs, byMutation, stillGenuine, accepted };
}
