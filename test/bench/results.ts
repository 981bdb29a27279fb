/** Figures of the benchmarks that others calculate with, kept in `.local/bench.json` from run to run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../../.local/bench.json', import.meta.url));

export interface Figures {
  /** CPU of the verifier for a delivery once it is warm. */
  readonly verifierCpuMs: number;
  /** An interaction of 20 kB at 80/25/6 ms of Gemini, S3 and DynamoDB, and a batch of 64 MiB beside ends that answer at once. */
  readonly interactionMs: number;
  readonly interactionCpuMs: number;
  readonly batchMs: number;
  readonly batchCpuMs: number;
  /** For each of 100 messages in one invocation, at 6 ms of DynamoDB. */
  readonly recordMs: number;
  readonly recordCpuMs: number;
}

/** Of which benchmark each is. */
export const ORIGIN: Readonly<Record<keyof Figures, string>> = {
  verifierCpuMs: 'first-delivery',
  ...{ interactionMs: 'store', interactionCpuMs: 'store', batchMs: 'store', batchCpuMs: 'store' },
  ...{ recordMs: 'recorder', recordCpuMs: 'recorder' },
};

export function readFigures(): Partial<Figures> {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Partial<Figures>;
  } catch {
    return {};
  }
}

export function keepFigures(figures: Partial<Figures>): void {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify({ ...readFigures(), ...figures }, null, 2)}\n`);
}

/** @throws Error when a benchmark has not been run; `main.ts` runs it first */
export function needFigures(): Figures {
  const figures = readFigures();
  const missing = missingBenchmarks(figures);
  if (missing.length > 0) throw new Error(`Run these benchmarks first: ${missing.join(', ')}.`);
  return figures as Figures;
}

export function missingBenchmarks(figures = readFigures()): string[] {
  const names = Object.keys(ORIGIN) as (keyof Figures)[];
  return [...new Set(names.filter((name) => figures[name] === undefined).map((name) => ORIGIN[name]))];
}
