/** Which output of a stack describes the deployment, wherever in the stack its construct is, and however many there are. */
import { DEPLOYMENT_OUTPUT, type DeploymentDescription, parseDescription } from '../lambda/deployment-description.ts';
import { CliError } from './cli-error.ts';

/**
 * @param wanted as its outputs begin; undefined for the only one
 * @throws CliError when there is none, or more than one to choose from
 */
export function findDescription(
  stackName: string,
  outputs: Readonly<Record<string, string>>,
  wanted: string | undefined,
): DeploymentDescription {
  const found = Object.entries(outputs).flatMap(([output, value]) => {
    // A team's own output may be called like ours.
    const description = output.endsWith(DEPLOYMENT_OUTPUT) ? parseDescription(value) : undefined;
    const name = output.slice(0, -DEPLOYMENT_OUTPUT.length) || stackName;
    return description === undefined ? [] : [{ name, description }];
  });
  const names = found.map(({ name }) => name).join(', ');
  if (found.length === 0) {
    throw new CliError(
      `The stack ${stackName} has no output of this version that describes a GeminiWebhooks construct. If it is the right stack, deploy it with this version; else name another with --stack.`,
      3,
    );
  }
  const chosen = wanted === undefined ? found : found.filter(({ name }) => name === wanted);
  const [only] = chosen;
  if (only === undefined) {
    throw new CliError(`The stack ${stackName} has no construct ${wanted}. Give one of ${names} with --construct.`, 2);
  }
  if (chosen.length > 1) {
    throw new CliError(`The stack ${stackName} has several: ${names}. Choose one with --construct.`, 2);
  }
  return only.description;
}
