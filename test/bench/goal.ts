import { availableParallelism, loadavg } from 'node:os';

/** Says whether each goal was met; the benchmark ends with 1 when one was missed. */
export function judge(goal: string, isMet: boolean): void {
  console.log(`${isMet ? 'met   ' : 'missed'}  ${goal}`);
  if (!isMet) process.exitCode = 1;
}

/** Others run at the same time: wall is theirs as well, and CPU seconds grow with the caches that are shared. */
export const isBusy = () => (loadavg()[0] ?? 0) > availableParallelism();

export function load(): string {
  return `Load of the machine: ${loadavg()
    .map((one) => one.toFixed(1))
    .join(', ')} on ${availableParallelism()} cores.`;
}
