/** Since when: a length of time before now, or a time. */
import { CliError } from './cli-error.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Undefined when it is neither. */
export function sinceOf(text: string, now: Date): Date | undefined {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(now.getTime() - Number(count) * (UNITS[unit] ?? 0));
  return timeOf(text);
}

/** @throws CliError when it is neither */
export function parseSince(text: string, now: Date): Date {
  const since = sinceOf(text, now);
  if (since !== undefined) return since;
  throw new CliError(`--since is "${text}"; give a length of time like 30m, 2h or 3d, or a time like 2026-11-24.`, 2);
}

/** Undefined when it is none. */
export function timeOf(text: string): Date | undefined {
  const date = new Date(text);
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(date.getTime()) ? date : undefined;
}
