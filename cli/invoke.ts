/** A function of the deployment, called by an operator who waits for its answer. */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { DescribedFunction } from '../lambda/deployment-description.ts';
import type { Deployment } from './deployment.ts';

/** Undefined when the function failed: its log group says why. */
export async function invoke<Answer>(
  { clients }: Deployment,
  { name }: DescribedFunction,
  request: unknown,
): Promise<Answer | undefined> {
  const { Payload, FunctionError } = await clients.lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(request) }),
  );
  if (FunctionError !== undefined) return undefined;
  return JSON.parse(Buffer.from(Payload ?? []).toString('utf8') || '{}') as Answer;
}
