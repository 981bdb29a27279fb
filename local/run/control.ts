/** The simulator's control API, as the programs of the local run call it. */
import { LocalRunError } from '../shared/local-run-error.ts';
import type { Endpoints } from './endpoints.ts';

/** @throws LocalRunError when it is not answered 2xx */
export async function control(
  { simulatorControlUrl }: Endpoints,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  if (simulatorControlUrl === null) {
    throw new LocalRunError('This needs the simulator, and the local run has another Gemini in its place.');
  }
  const response = await fetch(`${simulatorControlUrl}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new LocalRunError(`The simulator answered ${method} ${path} with HTTP ${response.status}.`);
  return await response.json();
}
