/** The health check of a project's webhook: a function that asks Gemini, and answers what it found. */
import type { DescribedProject } from '../lambda/deployment-description.ts';
import type { Deployment } from './deployment.ts';
import { invoke } from './invoke.ts';

export interface Health {
  /** Undefined when the check itself failed. */
  readonly findings: readonly string[] | undefined;
}

/** @param request `{"repair":true}` has it set right what it can */
export async function checkHealth(
  deployment: Deployment,
  { healthCheck }: DescribedProject,
  request: { readonly repair?: true } = {},
): Promise<Health> {
  const answer = await invoke<{ readonly findings?: readonly string[] }>(deployment, healthCheck, request);
  return { findings: answer?.findings };
}

export function describeHealth({ findings }: Health): string {
  return findings === undefined ? 'the check failed' : findings.join(', ') || 'enabled, as deployed';
}

export function isHealthy({ findings }: Health): boolean {
  return findings?.length === 0;
}

export const HEALTH_REMEDY = 'docs/runbook.md#webhook-unhealthy';
