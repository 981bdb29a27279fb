/** Says of each goal whether it was met; the benchmark ends with 1 when one was missed. */
export function judge(goal: string, isMet: boolean): void {
  console.log(`${isMet ? 'met   ' : 'missed'}  ${goal}`);
  if (!isMet) process.exitCode = 1;
}
