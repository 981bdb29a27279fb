/** What a job takes of each function in Lambda, by the figures of the benchmarks and the template's sizes of memory. */
import type { Figures } from './results.ts';

/** With so much memory a function has one whole CPU, and with less its share. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const WHOLE_CPU_MIB = 1769;
/** Assumed of AWS, as in the benchmark `store`. */
const DYNAMODB_MS = 6;
/** Assumed of PutEvents; nothing of it is published. */
const EVENTBRIDGE_MS = 10;

export interface ServiceTime {
  readonly seconds: number;
  readonly memoryMiB: number;
}

export interface ServiceTimes {
  readonly verifier: ServiceTime;
  readonly fetcher: ServiceTime;
  /** For each message of a full batch. */
  readonly recorder: ServiceTime;
}

export type Memory = Readonly<Record<keyof ServiceTimes, number>>;

export function serviceTimes(figures: Figures, job: 'interaction' | 'batch', memory: Memory): ServiceTimes {
  const { verifierCpuMs, recordMs, recordCpuMs } = figures;
  const ofFetch = {
    interaction: [figures.interactionMs, figures.interactionCpuMs] as const,
    batch: [figures.batchMs, figures.batchCpuMs] as const,
  };
  // A core of this machine for a whole one of Lambda's.
  const inLambda = (memoryMiB: number, wallMs: number, cpuMs: number): ServiceTime => ({
    seconds: (wallMs + cpuMs * (Math.max(1, WHOLE_CPU_MIB / memoryMiB) - 1)) / 1000,
    memoryMiB,
  });
  return {
    verifier: inLambda(memory.verifier, verifierCpuMs + 2 * DYNAMODB_MS + EVENTBRIDGE_MS, verifierCpuMs),
    fetcher: inLambda(memory.fetcher, ...ofFetch[job]),
    recorder: inLambda(memory.recorder, recordMs, recordCpuMs),
  };
}
