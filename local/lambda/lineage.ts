/**
 * Lambda counts in the trace header how often a function was invoked by what it sent itself, and stops after 16 times.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
 */
import { createHash } from 'node:crypto';

const MAX_INVOCATIONS = 16;

/**
 * @param cause trace header of the call that led to the invocation; undefined for one that no function made
 * @returns what the trace header of the invocation has as its lineage; undefined when the chain is too long
 */
export function lineageOf(functionArn: string, cause: string | undefined): string | undefined {
  const key = createHash('sha256').update(functionArn).digest('hex').slice(0, 8);
  const counts = new Map<string, number>();
  for (const link of /Lineage=([^;]*)/.exec(cause ?? '')?.[1]?.split('|') ?? []) {
    const [name = '', count = '0'] = link.split(':', 2);
    counts.set(name, Number(count));
  }
  const count = (counts.get(key) ?? 0) + 1;
  if (count > MAX_INVOCATIONS) return undefined;
  counts.set(key, count);
  return [...counts].map(([name, times]) => `${name}:${times}`).join('|');
}
