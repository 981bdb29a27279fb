/** The health check of a source's webhook: a function that asks Gemini, and answers what it found. */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { type Deployment, resourceOf } from './deployment.ts';
import type { Source } from './sources.ts';

export interface Health {
  readonly source: string;
  /** Undefined when the check itself failed. */
  readonly findings: readonly string[] | undefined;
}

/** @param request `{"repair":true}` has it set right what it can */
export async function checkHealth(
  deployment: Deployment,
  { name, part }: Source,
  request: { readonly repair?: true } = {},
): Promise<Health> {
  const FunctionName = resourceOf(deployment, 'AWS::Lambda::Function', `${part}WebhookHealthCheckFunction`);
  const { Payload, FunctionError } = await deployment.clients.lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) }),
  );
  if (FunctionError !== undefined) return { source: name, findings: undefined };
  const { findings } = JSON.parse(Buffer.from(Payload ?? []).toString('utf8') || '{}') as { findings?: string[] };
  return { source: name, findings };
}

export function describeHealth({ findings }: Health): string {
  return findings === undefined ? 'the check failed' : findings.join(', ') || 'enabled, as deployed';
}

export function isHealthy({ findings }: Health): boolean {
  return findings?.length === 0;
}

export const HEALTH_REMEDY = 'docs/runbook.md#webhook-unhealthy';
