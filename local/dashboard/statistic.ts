/** CloudWatch's statistics, as far as the dashboard and the alarms use them. */
export function statistic(stat: string, values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const sum = values.reduce((total, value) => total + value, 0);
  if (stat === 'Sum') return sum;
  if (stat === 'Maximum') return sorted.at(-1) ?? 0;
  if (stat === 'Minimum') return sorted[0] ?? 0;
  if (stat === 'SampleCount') return values.length;
  const percent = /^p([\d.]+)$/.exec(stat)?.[1];
  if (percent === undefined) return sum / values.length;
  return sorted[Math.min(sorted.length - 1, Math.floor((Number(percent) / 100) * sorted.length))] ?? 0;
}
